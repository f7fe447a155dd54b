/** The steps of a run as a table, and what was wrong in them. */
import type { StepRow } from "./step.ts";

const HEAD = ["step", "requests", "failed", "other", "p99 ms", "max ms", "recovered ms", "errors logged"];
const MAX_SHOWN = 5;

export function renderSteps(rows: readonly StepRow[]): string {
  const cells = rows.map((row) => [
    row.name,
    `${row.requests}`,
    `${row.failed.length}`,
    `${row.other.length}`,
    row.p99Ms.toFixed(0),
    row.maxMs.toFixed(0),
    row.recoveredMs.toFixed(0),
    `${row.errorLines.length}`,
  ]);
  const widths = HEAD.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  ");
  return [line(HEAD), ...cells.map(line)].join("\n");
}

/** The first of what failed in a step, by kind, with how often. Empty where nothing did. */
export function describeFailures({ name, failed, other, errorLines }: StepRow): string {
  const count = (texts: readonly string[]): string[] => {
    const counts = new Map<string, number>();
    for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
    return [...counts].slice(0, MAX_SHOWN).map(([text, times]) => `  ${times} × ${text}`);
  };
  const shown = [
    ...count(failed.map((each) => `failed, ${each.name}: ${each.what}`)),
    ...count(other.map((each) => `other, ${each.name}: ${each.what}`)),
    ...count(errorLines.map((each) => `logged by ${each.service}: ${each.msg}`)),
  ];
  return shown.length === 0 ? "" : `${name}:\n${shown.join("\n")}`;
}
