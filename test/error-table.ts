/**
 * Every error code of NANO as README lists it.
 *
 * I1 Found by reading the sources for `defineErrors(`, so that no table can be forgotten.
 */
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { ErrorDefinition } from "@nano/protocol/errors";

export interface ErrorRow {
  readonly code: string;
  readonly definition: ErrorDefinition<unknown>;
}

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SOURCES = ["packages/*/src/**/*.ts", "services/*/src/**/*.ts"];
/** Where codes are made, rather than defined. */
const DEFINER = "packages/protocol/src/errors.ts";

/** All rows of all tables, in the order of their codes. */
export async function collectErrorRows(): Promise<ErrorRow[]> {
  const files = SOURCES.flatMap((pattern) => globSync(pattern, { cwd: ROOT }))
    .filter((file) => file !== DEFINER && readFileSync(ROOT + file, "utf8").includes("defineErrors("))
    .sort();
  const modules = await Promise.all(files.map((file) => import(pathToFileURL(ROOT + file).href)));
  const rows = modules.flatMap((module: object) => Object.values(module).flatMap(rowsOf));
  return rows.sort((a, b) => (a.code < b.code ? -1 : 1));
}

/** The table as README has it. */
export function renderErrorTable(rows: readonly ErrorRow[]): string {
  const lines = rows.map(({ code, definition }) => {
    const { httpStatus, reason, fault, retryable } = definition;
    return `| \`${code}\` | ${httpStatus} | \`${reason}\` | ${fault} | ${retryable ? "yes" : "no"} | ${describe(definition)} |`;
  });
  const head = ["| code | status | `x-nano-error` | who acts | retryable | message |", "|---|---|---|---|---|---|"];
  return [...head, ...lines].join("\n");
}

function rowsOf(exported: unknown): ErrorRow[] {
  if (typeof exported !== "object" || exported === null) return [];
  return Object.values(exported)
    .filter(
      (value): value is ErrorRow & (() => unknown) =>
        typeof value === "function" && "definition" in value && typeof value.code === "string",
    )
    .map(({ code, definition }) => ({ code, definition }));
}

/** A message with a mark in place of each detail. */
function describe(definition: ErrorDefinition<unknown>): string {
  const detail: unknown = new Proxy(() => detail, {
    get(_target, key) {
      if (key === Symbol.toPrimitive) return () => "…";
      if (key === Symbol.iterator) return [][Symbol.iterator].bind([]);
      return detail;
    },
    apply: () => detail,
  });
  // A message that is only a detail is that detail's mark; one that looks a detail up finds nothing.
  const [first = ""] = `${definition.message(detail)}`.replaceAll("undefined", "…").split("\n");
  return first.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
