/** The steps of a run under load as a table, and what was wrong in them. */
import type { LoadFailure } from "./open-loop.ts";

const HEAD = ["step", "requests", "failed", "other", "p99 ms", "max ms", "recovered ms"];
const MAX_SHOWN = 5;

/** What clients saw of one step. */
export interface StepRow {
  readonly name: string;
  readonly requests: number;
  /** Retryable requests that failed: none may. */
  readonly failed: readonly LoadFailure[];
  /** What could not be run again, see `LoadReport.lost`. */
  readonly other: readonly LoadFailure[];
  readonly p99Ms: number;
  readonly maxMs: number;
  /** From what happened until clients were served as before, and the step's own condition held. */
  readonly recoveredMs: number;
}

/** One more column. */
export interface StepColumn<Row> {
  readonly title: string;
  of(row: Row): number;
}

export function renderSteps<Row extends StepRow>(rows: readonly Row[], columns: readonly StepColumn<Row>[]): string {
  const head = [...HEAD, ...columns.map(({ title }) => title)];
  const cells = rows.map((row) => [
    row.name,
    `${row.requests}`,
    `${row.failed.length}`,
    `${row.other.length}`,
    row.p99Ms.toFixed(0),
    row.maxMs.toFixed(0),
    row.recoveredMs.toFixed(0),
    ...columns.map(({ of }) => `${of(row)}`),
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  ");
  return [line(head), ...cells.map(line)].join("\n");
}

/** The first of what failed in a step, by kind, with how often. Empty where nothing did. @param others what else was wrong, in words */
export function describeFailures({ name, failed, other }: StepRow, others: readonly string[] = []): string {
  const count = (texts: readonly string[]): string[] => {
    const counts = new Map<string, number>();
    for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
    return [...counts].slice(0, MAX_SHOWN).map(([text, times]) => `  ${times} × ${text}`);
  };
  const shown = [
    ...count(failed.map((each) => `failed, ${each.name}: ${each.what}`)),
    ...count(other.map((each) => `other, ${each.name}: ${each.what}`)),
    ...count(others),
  ];
  return shown.length === 0 ? "" : `${name}:\n${shown.join("\n")}`;
}
