/**
 * Ratios that are checked in (`baseline.json`), and whether those of a run are clearly worse.
 *
 * What keeps noise out: ratios alone are compared, each of medians of rounds that were run in turns; each row has a margin of its own, as wide
 * as it was seen to spread, and wider on another machine; and a row beyond its margin is measured once more, in rounds of its own, before it counts.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { type RecordRow, summarizeRounds } from "./record.ts";
import { describeHardware } from "./report.ts";
import { formatTable, summarize } from "./table.ts";

/** No row is worse by less. */
const LEAST_MARGIN = 0.25;
const SPREADS_PER_MARGIN = 3;
/** Where cores are others, or more, contenders do not gain by it alike. */
const MARGINS_ELSEWHERE = 2;

const baselineSchema = z.record(
  z.string(),
  z.strictObject({
    ratio: z.number().positive(),
    /** Of rounds within a run, or of medians from run to run, whichever is more; as a share of the ratio. */
    spread: z.number().nonnegative(),
    /** How much worse counts, as a share. */
    margin: z.number().positive(),
    runs: z.number().int(),
    at: z.string(),
    machine: z.string(),
  }),
);
export type Baseline = z.infer<typeof baselineSchema>;

export interface Comparison {
  readonly name: string;
  readonly baseline: number;
  readonly margin: number;
  readonly first: number;
  /** Null: the first was good enough. */
  readonly second: number | null;
  readonly isWorse: boolean;
}

export function readBaseline(file: URL): Baseline {
  return baselineSchema.parse(JSON.parse(readFileSync(file, "utf8")));
}

/** @param runs rows of several runs of the same. @param isPart rows that were not run stay as they are */
export function writeBaseline(
  file: URL,
  runs: readonly (readonly RecordRow[])[],
  { isPart }: { readonly isPart: boolean },
): void {
  const at = new Date().toISOString();
  const machine = describeHardware();
  const names = new Set(runs.flat().flatMap((row) => (row.unit === "×" ? [row.name] : [])));
  const baseline: Baseline = isPart && existsSync(file) ? readBaseline(file) : {};
  for (const name of names) {
    const own = runs.flatMap((rows) => rows.filter((row) => row.name === name));
    const each = own.map(({ rounds }) => summarizeRounds(rounds));
    const ratio = summarize(each.map(({ median }) => median)).median;
    const spread = Math.max(...each.map((run) => Math.max(run.spread, Math.abs(run.median / ratio - 1))));
    const margin = Math.max(LEAST_MARGIN, SPREADS_PER_MARGIN * spread);
    baseline[name] = {
      ratio: round(ratio),
      spread: round(spread),
      margin: round(margin),
      runs: own.length,
      at,
      machine,
    };
  }
  writeFileSync(file, `${JSON.stringify(baseline, null, 2)}\n`);
}

/** How much worse a ratio is, as a share: 1 is half as good. */
export function worseBy({ better }: Pick<RecordRow, "better">, ratio: number, baseline: number): number {
  return (better === "higher" ? baseline / ratio : ratio / baseline) - 1;
}

export interface CompareOptions {
  /** Measures these rows once more, in whole rounds. */
  again(names: readonly string[]): Promise<readonly RecordRow[]>;
  /** @default this machine's */
  readonly machine?: string;
}

/** Rows that the baseline does not know are left out. */
export async function compareRows(
  rows: readonly RecordRow[],
  baseline: Baseline,
  { again, machine = describeHardware() }: CompareOptions,
): Promise<Comparison[]> {
  const marginOf = (base: Baseline[string]): number =>
    base.machine === machine ? base.margin : base.margin * MARGINS_ELSEWHERE;
  const isBeyond = (row: RecordRow): boolean => {
    const base = baseline[row.name];
    // What is no number is no good either.
    return base !== undefined && !(worseBy(row, summarizeRounds(row.rounds).median, base.ratio) <= marginOf(base));
  };
  const doubted = rows.filter(isBeyond).map(({ name }) => name);
  const seconds = doubted.length === 0 ? [] : await again(doubted);
  return rows.flatMap((row) => {
    const base = baseline[row.name];
    if (base === undefined) return [];
    const second = doubted.includes(row.name) ? seconds.find(({ name }) => name === row.name) : undefined;
    const first = summarizeRounds(row.rounds).median;
    return {
      name: row.name,
      baseline: base.ratio,
      margin: marginOf(base),
      first,
      second: second === undefined ? null : summarizeRounds(second.rounds).median,
      isWorse: isBeyond(row) && (second === undefined || isBeyond(second)),
    };
  });
}

export function formatComparisons(comparisons: readonly Comparison[]): string {
  return formatTable(
    ["row", "checked in", "margin", "measured", "again", ""],
    comparisons.map(({ name, baseline, margin, first, second, isWorse }) => [
      name,
      baseline.toFixed(2),
      `${Math.round(margin * 100)} %`,
      first.toFixed(2),
      second?.toFixed(2) ?? "–",
      isWorse ? "clearly worse" : "",
    ]),
  );
}

function round(value: number): number {
  return Number(value.toFixed(4));
}
