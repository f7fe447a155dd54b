/** Answers of a registry: a table for people, the answer itself for programs. */
import { alignColumns, printable, type Terminal } from "./terminal.ts";

const MAX_CELL_CHARS = 200;

/** Rows below their head; `nothing` where there are none. Cells may hold any text. */
export function showTable(
  { head, rows, nothing }: { head: readonly string[]; rows: readonly (readonly string[])[]; nothing: string },
  terminal: Terminal,
): void {
  if (rows.length === 0) return void terminal.line(nothing);
  const [first = "", ...lines] = alignColumns([head, ...rows.map((row) => row.map(toCell))]);
  terminal.line(terminal.paint("dim", first));
  for (const line of lines) terminal.line(line);
}

/** Names and values in two columns. */
export function showFields(fields: readonly (readonly [string, string])[], terminal: Terminal): void {
  for (const line of alignColumns(fields.map(([name, value]) => [name, toCell(value)]))) terminal.line(line);
}

export function showJson(value: unknown, terminal: Terminal): void {
  terminal.line(toJson(value, 2));
}

/** JSON that moves no cursor: what JSON leaves of control characters is escaped, too. */
export function toJson(value: unknown, indent = 0): string {
  const toEscape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value, null, indent).replace(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, toEscape);
}

function toCell(value: string): string {
  const text = printable(value).replace(/[\n\t]+/g, " ");
  return text.length > MAX_CELL_CHARS ? `${text.slice(0, MAX_CELL_CHARS)}…` : text;
}
