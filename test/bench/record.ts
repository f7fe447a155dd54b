/** The table of record: a row for each figure that is wanted of NANO, whichever benchmark measures it, and its JSON. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { release, totalmem } from "node:os";
import { dirname } from "node:path";
import { describeMachine } from "./report.ts";
import { formatMs, formatTable, summarize } from "./table.ts";

/** full: figures to keep; quick: ratios to compare with those that are checked in; small: only that it runs. */
export type Effort = "full" | "quick" | "small";

export interface BenchOptions {
  readonly effort: Effort;
  /** `effort` is small. */
  readonly isSmall: boolean;
}

/** Of a benchmark's own table: what a shorter scale shows is no figure to keep. */
export function reportName(name: string, effort: Effort): string {
  return effort === "full" ? name : `${name}-${effort}`;
}

/** "×": a ratio to what is measured beside it, in the same run and in turns. Only ratios can be compared between runs. */
export type RowUnit = "×" | "ms" | "added ms";

export interface RecordRow {
  /** Stays, whatever is said about it: baselines know it by this. */
  readonly name: string;
  readonly what: string;
  /** The peer or the floor; null: the figure stands alone. */
  readonly peer: string | null;
  readonly unit: RowUnit;
  readonly better: "higher" | "lower";
  readonly atLeast: number | null;
  readonly aim: number | null;
  /** Of each round, in the row's unit. */
  readonly rounds: readonly number[];
  /** Generator, connections, processes, isolation mode. */
  readonly how: string;
  /** What the rounds were made of: medians in units that their names say. */
  readonly figures: Readonly<Record<string, number>>;
}

/** A row with when it was measured. */
export interface MeasuredRow extends RecordRow {
  readonly at: string;
}

export interface RowSummary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** How far rounds are from their median, as a share of it: a normal distribution's standard deviation. */
  readonly spread: number;
}

/** A median's distance from the normal distribution's standard deviation. */
const DEVIATIONS_PER_MEDIAN_DISTANCE = 1.4826;

export function summarizeRounds(rounds: readonly number[]): RowSummary {
  const { median, min, max } = summarize(rounds);
  const distance = summarize(rounds.map((each) => Math.abs(each - median))).median;
  return {
    median,
    min,
    max,
    spread: median === 0 ? 0 : (distance * DEVIATIONS_PER_MEDIAN_DISTANCE) / Math.abs(median),
  };
}

/** What a row reached: its aim, at least what is wanted, or neither; null: nothing is wanted of it. */
export function reachedBy(row: RecordRow): "aim" | "least" | "neither" | null {
  if (row.atLeast === null && row.aim === null) return null;
  const { median } = summarizeRounds(row.rounds);
  const reaches = (wanted: number | null): boolean =>
    wanted !== null && (row.better === "higher" ? median >= wanted : median <= wanted);
  if (reaches(row.aim)) return "aim";
  return reaches(row.atLeast) ? "least" : "neither";
}

/** Round by round. */
export function ratiosOf(own: readonly number[], peer: readonly number[]): number[] {
  return own.map((value, round) => value / (peer[round] ?? Number.NaN));
}

/** Of many samples in turns: the ratio of medians in each of so many stretches of them. */
export function ratiosByStretch(own: readonly number[], peer: readonly number[], count: number): number[] {
  const stretches = Math.min(count, own.length, peer.length);
  const medianOf = (values: readonly number[], at: number): number =>
    summarize(values.slice((at * values.length) / stretches, ((at + 1) * values.length) / stretches)).median;
  return Array.from({ length: stretches }, (_, at) => medianOf(own, at) / medianOf(peer, at));
}

export function printRecord(rows: readonly RecordRow[]): void {
  const head = ["what", "peer", "at least", "aim", "measured"];
  const cells = rows.map((row) => {
    const { median, min, max } = summarizeRounds(row.rounds);
    const wanted = (value: number | null): string => (value === null ? "–" : formatFigure(value, row.unit));
    const range = `${formatFigure(min, row.unit)} – ${formatFigure(max, row.unit)}`;
    return [
      row.what,
      row.peer ?? "–",
      wanted(row.atLeast),
      wanted(row.aim),
      `${formatFigure(median, row.unit)} (${range})${reachedBy(row) === "neither" ? ", short of it" : ""}`,
    ];
  });
  process.stdout.write(`\ntable of record: medians (least – most) of the rounds\n${describeMachine()}\n\n`);
  process.stdout.write(`${formatTable(head, cells)}\n`);
}

export function formatFigure(value: number, unit: RowUnit): string {
  if (unit === "×") return `${value.toFixed(2)} ×`;
  if (unit === "ms") return formatMs(value);
  return `${value < 0 ? "−" : "+"}${formatMs(Math.abs(value))}`;
}

const MB = 1_000_000;

function workerdVersion(): string {
  return (createRequire(import.meta.url)("workerd/package.json") as { version: string }).version;
}

/** Null: there is no history here. */
function currentCommit(): string | null {
  const git = spawnSync("git", ["rev-parse", "HEAD"], { cwd: import.meta.dirname, encoding: "utf8" });
  return git.status === 0 ? git.stdout.trim() : null;
}

/** A timer tells no more digits. */
const KEPT_DIGITS = 6;

/** Whole at any time: written anew after each benchmark. */
export function writeRecord(
  file: string,
  rows: readonly RecordRow[],
  { startedAt }: { readonly startedAt: Date },
): void {
  const record = {
    machine: describeMachine(),
    memoryMb: Math.round(totalmem() / MB),
    kernel: release(),
    workerd: workerdVersion(),
    commit: currentCommit(),
    startedAt: startedAt.toISOString(),
    writtenAt: new Date().toISOString(),
    rows: rows.map(({ rounds, figures, how, ...row }) => {
      const { median, ...range } = summarizeRounds(rounds);
      return {
        ...row,
        measured: median,
        ...range,
        reached: reachedBy({ ...row, rounds, figures, how }),
        rounds,
        figures,
        how,
      };
    }),
  };
  mkdirSync(dirname(file), { recursive: true });
  const shorten = (_key: string, value: unknown): unknown =>
    typeof value === "number" ? Number(value.toPrecision(KEPT_DIGITS)) : value;
  writeFileSync(file, `${JSON.stringify(record, shorten, 2)}\n`);
}
