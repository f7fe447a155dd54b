/** A configuration as text: what is in effect, what is wrong with it, and the table in a README. */
import type { NanoError } from "@nano/protocol/errors";
import type { ConfigDefinition, ConfigEntry, ConfigShape } from "./config.ts";
import type { ConfigProblem } from "./errors.ts";
import type { SecretFile } from "./secret-file.ts";

function showValue(entry: ConfigEntry): string {
  if (entry.value === null || entry.value === undefined) return "unset";
  if (entry.field.isSecret) return `file ${(entry.value as SecretFile).path}`;
  return typeof entry.value === "string" ? entry.value : JSON.stringify(entry.value);
}

function alignColumns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** What `--print-config` prints: each setting with its value, its unit and where it came from. */
export function formatConfig(entries: readonly ConfigEntry[]): string {
  const rows = entries.map((entry) => [entry.path, showValue(entry), entry.field.unit || "-", entry.source]);
  return alignColumns([["setting", "value", "unit", "source"], ...rows]);
}

/** Every problem of a `KIT_CONFIG_INVALID` on a line of its own. */
export function formatConfigProblems(error: NanoError): string {
  const problems = error.wire.details.problems as readonly ConfigProblem[];
  return [error.message, ...problems.map((p) => `  ${p.path}: got ${p.got}, expected ${p.expected}`)].join("\n");
}

const BEGIN = "<!-- config:begin -->";
const END = "<!-- config:end -->";

function escapeCell(value: string): string {
  return value.replaceAll("|", "\\|");
}

/** The table of all settings, as it stands in the service's README between its markers. */
export function renderConfigTable(definition: ConfigDefinition<ConfigShape>): string {
  const rows = definition.fields.map(({ path, envName, field }) => {
    const fallback = field.isRequired
      ? "required"
      : field.fallback === null
        ? "unset"
        : field.fallbackWords !== undefined
          ? field.fallbackWords
          : `\`${typeof field.fallback === "string" ? field.fallback : JSON.stringify(field.fallback)}\``;
    const cells = [`\`${path}\``, `\`${envName}\``, fallback, field.unit, `${field.doc}; ${field.expected}`];
    return `| ${cells.map(escapeCell).join(" | ")} |`;
  });
  return [BEGIN, "| setting | environment | default | unit | meaning |", "|---|---|---|---|---|", ...rows, END].join(
    "\n",
  );
}

/** The README with its table replaced by the current one; appended where it has no markers. */
export function replaceConfigTable(readme: string, definition: ConfigDefinition<ConfigShape>): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  const table = renderConfigTable(definition);
  if (begin === -1 || end < begin) return `${readme.trimEnd()}\n\n${table}\n`;
  return readme.slice(0, begin) + table + readme.slice(end + END.length);
}

/** A formatter may align the columns: that is no difference. */
function cellsOf(line: string): string {
  return line
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replace(/^-+$/, "---"))
    .join("|");
}

/** For a service's test: the first line in which a README's table is not the current one, or null. */
export function findConfigTableDrift(readme: string, definition: ConfigDefinition<ConfigShape>): string | null {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin === -1 || end < begin) return `no table between ${BEGIN} and ${END}`;
  const inner = readme.slice(begin, end + END.length);
  const found = inner.split("\n").filter((line) => line.trim() !== "");
  const current = renderConfigTable(definition).split("\n");
  for (let index = 0; index < Math.max(found.length, current.length); index++) {
    if (cellsOf(found[index] ?? "") === cellsOf(current[index] ?? "")) continue;
    return `found ${JSON.stringify(found[index] ?? "")}, expected ${JSON.stringify(current[index] ?? "")}`;
  }
  return null;
}
