/**
 * The members of an array or an object as rows of a table of text, as Node draws it.
 *
 * I1 Bounded in rows, in columns, and in what a cell shows.
 * I2 No accessor of a tenant's object is called, as in `inspect.ts`.
 */
import { inspect } from "./inspect.ts";
import {
  ArrayIsArray,
  ArrayPrototypeJoin,
  ArrayPrototypePush,
  ObjectGetOwnPropertyDescriptor,
  ReflectOwnKeys,
  StringPrototypeSlice,
} from "./primordials.ts";

const ROW_LIMIT_COUNT = 100;
const COLUMN_LIMIT_COUNT = 20;
const CELL_LIMIT_UNITS = 64;

/** One column: its heading, and a text for each row that has one. */
interface Column {
  readonly heading: string;
  readonly cells: string[];
}

/** @param wanted the columns to show; no array: all. Undefined: it has no rows, or cannot be read */
export function tableOf(value: unknown, wanted: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  try {
    return draw(value, ArrayIsArray(wanted) ? wanted : null);
  } catch {
    // A trap of a proxy.
    return undefined;
  }
}

function draw(value: object, wanted: readonly unknown[] | null): string | undefined {
  const keys = keysOf(value, ROW_LIMIT_COUNT + 1);
  const isCut = keys.length > ROW_LIMIT_COUNT;
  const rowCount = isCut ? ROW_LIMIT_COUNT : keys.length;
  if (rowCount === 0) return undefined;
  const index: Column = { heading: "(index)", cells: [] };
  const values: Column = { heading: "Values", cells: [] };
  const members: Column[] = [];
  for (let i = 0; wanted !== null && i < wanted.length && i < COLUMN_LIMIT_COUNT; i++) {
    ArrayPrototypePush(members, {
      heading: cut(typeof wanted[i] === "string" ? (wanted[i] as string) : inspect(wanted[i], 0)),
      cells: [],
    });
  }
  for (let i = 0; i < rowCount; i++) {
    index.cells[i] = cut(keys[i] as string);
    const descriptor = ObjectGetOwnPropertyDescriptor(value, keys[i] as string);
    const row: unknown = descriptor?.value;
    if (typeof row === "object" && row !== null) fillRow(members, row, { row: i, mayAdd: wanted === null });
    else values.cells[i] = textOf(descriptor);
  }
  const columns = [index];
  for (let i = 0; i < members.length; i++) ArrayPrototypePush(columns, members[i] as Column);
  if (values.cells.length > 0) ArrayPrototypePush(columns, values);
  return layOut(columns, rowCount) + (isCut ? "\n... more rows" : "");
}

function fillRow(members: Column[], row: object, at: { readonly row: number; readonly mayAdd: boolean }): void {
  const keys = keysOf(row, COLUMN_LIMIT_COUNT);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    const heading = cut(key);
    let column: Column | undefined;
    for (let k = 0; k < members.length; k++) if (members[k]?.heading === heading) column = members[k];
    if (column === undefined) {
      if (!at.mayAdd || members.length >= COLUMN_LIMIT_COUNT) continue;
      column = { heading, cells: [] };
      ArrayPrototypePush(members, column);
    }
    column.cells[at.row] = textOf(ObjectGetOwnPropertyDescriptor(row, key));
  }
}

/** Names of enumerable members, at most as many as may be shown. */
function keysOf(value: object, limitCount: number): string[] {
  const names: string[] = [];
  if (ArrayIsArray(value)) {
    const { length } = value;
    for (let i = 0; i < length && i < limitCount; i++) names[i] = `${i}`;
    return names;
  }
  const keys = ReflectOwnKeys(value) as (string | symbol)[];
  for (let i = 0; i < keys.length && names.length < limitCount; i++) {
    const key = keys[i];
    if (typeof key === "string" && ObjectGetOwnPropertyDescriptor(value, key)?.enumerable)
      ArrayPrototypePush(names, key);
  }
  return names;
}

function textOf(descriptor: PropertyDescriptor | undefined): string {
  if (descriptor === undefined) return "";
  if (descriptor.get !== undefined || descriptor.set !== undefined) return "[Getter]";
  return cut(inspect(descriptor.value, 0));
}

/** In a cell there is one line. */
function cut(text: string): string {
  let line = "";
  for (let i = 0; i < text.length && i < CELL_LIMIT_UNITS; i++) line += text[i] === "\n" ? " " : text[i];
  return text.length > CELL_LIMIT_UNITS ? `${StringPrototypeSlice(line, 0, CELL_LIMIT_UNITS - 1)}…` : line;
}

function layOut(columns: readonly Column[], rowCount: number): string {
  const widths: number[] = [];
  for (let i = 0; i < columns.length; i++) {
    const { heading, cells } = columns[i] as Column;
    let width = heading.length;
    for (let k = 0; k < cells.length; k++) if ((cells[k]?.length ?? 0) > width) width = cells[k]?.length as number;
    widths[i] = width;
  }
  const lines = [ruler(widths, "┌┬┐"), line(columns, widths, -1), ruler(widths, "├┼┤")];
  for (let row = 0; row < rowCount; row++) ArrayPrototypePush(lines, line(columns, widths, row));
  ArrayPrototypePush(lines, ruler(widths, "└┴┘"));
  return ArrayPrototypeJoin(lines, "\n");
}

/** @param row -1: the headings */
function line(columns: readonly Column[], widths: readonly number[], row: number): string {
  let text = "│";
  for (let i = 0; i < columns.length; i++) {
    const { heading, cells } = columns[i] as Column;
    const cell = row < 0 ? heading : (cells[row] ?? "");
    text += ` ${cell}${repeat(" ", (widths[i] as number) - cell.length)} │`;
  }
  return text;
}

function ruler(widths: readonly number[], corners: string): string {
  let text = corners[0] as string;
  for (let i = 0; i < widths.length; i++)
    text += `${i === 0 ? "" : corners[1]}${repeat("─", (widths[i] as number) + 2)}`;
  return text + corners[2];
}

function repeat(unit: string, count: number): string {
  let text = "";
  for (let i = 0; i < count; i++) text += unit;
  return text;
}
