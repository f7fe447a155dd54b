/**
 * `npm run bench -- [NAME…]`: runs these benchmarks, or all of them, and prints the table of record at the end. The name `record` stands for all
 * that have rows in it.
 *
 *   --json FILE   writes the table of record there, as JSON, whole after each benchmark
 *   --quick       measures ratios alone, on a short scale, compares them with `baseline.json`, and exits 1 where one is clearly worse
 *   --rebase      with --quick: writes `baseline.json` from several such runs instead
 *   --small       shows only that it runs
 */
import { parseArgs } from "node:util";
import { benchApi } from "./api.bench.ts";
import { compareRows, formatComparisons, readBaseline, writeBaseline } from "./baseline.ts";
import { benchBodies } from "./bodies.bench.ts";
import { benchBoot } from "./boot.bench.ts";
import { benchBuild } from "./build.bench.ts";
import { benchCapacity } from "./capacity.bench.ts";
import { benchCluster, clusterParts } from "./cluster.bench.ts";
import { benchColdStart } from "./cold-start.bench.ts";
import { benchHello } from "./hello.bench.ts";
import { benchHonoApi } from "./hono-api.bench.ts";
import { benchIdleMemory } from "./idle-memory.bench.ts";
import { benchLatency } from "./latency.bench.ts";
import {
  type BenchOptions,
  type Effort,
  type MeasuredRow,
  printRecord,
  type RecordRow,
  writeRecord,
} from "./record.ts";
import { benchRequestMode } from "./request-mode.bench.ts";
import { benchSlivers } from "./slivers.bench.ts";
import { benchUnitCosts } from "./unit-costs.bench.ts";
import { benchWebSocket, webSocketParts } from "./websocket.bench.ts";
import { benchZipf } from "./zipf.bench.ts";

/** Answers its rows of the table of record. */
type Bench = (options: BenchOptions) => Promise<readonly RecordRow[]>;

const EXIT_WORSE = 1;
const EXIT_USAGE = 2;
const REBASE_RUNS = 3;
const RECORD = "record";
const BASELINE = new URL("baseline.json", import.meta.url);

const withoutRows =
  (bench: (options: BenchOptions) => Promise<void>): Bench =>
  async (options) => {
    await bench(options);
    return [];
  };

/** Those that have ratios which a short run can tell. */
const quickBenches: Readonly<Record<string, Bench>> = {
  "cold-start": benchColdStart,
  hello: benchHello,
  "hono-api": benchHonoApi,
  "request-mode": benchRequestMode,
  bodies: benchBodies,
  "idle-memory": benchIdleMemory,
};
const recordBenches: Readonly<Record<string, Bench>> = {
  ...quickBenches,
  latency: benchLatency,
  zipf: benchZipf,
  build: benchBuild,
  boot: benchBoot,
};
const benches: Readonly<Record<string, Bench>> = {
  ...recordBenches,
  slivers: withoutRows(benchSlivers),
  api: withoutRows(benchApi),
  cluster: withoutRows((options) => benchCluster(clusterParts, options)),
  websocket: withoutRows((options) => benchWebSocket(webSocketParts, options)),
  "unit-costs": withoutRows(benchUnitCosts),
  capacity: withoutRows(benchCapacity),
};
/** Parts that can be run alone. */
const parts: Readonly<Record<string, Bench>> = Object.fromEntries([
  ...clusterParts.map((part) => [`cluster-${part}`, withoutRows((options) => benchCluster([part], options))] as const),
  ...webSocketParts.map(
    (part) => [`websocket-${part}`, withoutRows((options) => benchWebSocket([part], options))] as const,
  ),
]);

interface Run {
  readonly names: readonly string[];
  /** Some were named. */
  readonly isPart: boolean;
  readonly effort: Effort;
  readonly jsonFile: string | undefined;
}

async function runBenches({ names, effort, jsonFile }: Omit<Run, "isPart">): Promise<MeasuredRow[]> {
  const startedAt = new Date();
  const rows: MeasuredRow[] = [];
  for (const name of names) {
    const bench = benches[name] ?? parts[name];
    if (bench === undefined) continue;
    process.stderr.write(`${name}\n`);
    const at = new Date().toISOString();
    rows.push(...(await bench({ effort, isSmall: effort === "small" })).map((row) => ({ ...row, at })));
    if (jsonFile !== undefined) writeRecord(jsonFile, rows, { startedAt });
  }
  return rows;
}

/** Answers whether no row is clearly worse than what is checked in. */
async function compare(run: Run): Promise<boolean> {
  const baseline = readBaseline(BASELINE);
  const benchOf = new Map<string, string>();
  const measure = async (names: readonly string[]): Promise<MeasuredRow[]> => {
    const measured: MeasuredRow[] = [];
    for (const name of names) {
      const rows = await runBenches({ ...run, names: [name], jsonFile: undefined });
      for (const row of rows) benchOf.set(row.name, name);
      measured.push(...rows);
    }
    return measured;
  };
  const startedAt = new Date();
  const rows = await measure(run.names);
  if (run.jsonFile !== undefined) writeRecord(run.jsonFile, rows, { startedAt });
  const comparisons = await compareRows(rows, baseline, {
    again(doubted) {
      process.stderr.write(`beyond their margins, measured once more: ${doubted.join(", ")}\n`);
      return measure([...new Set(doubted.flatMap((name) => benchOf.get(name) ?? []))]);
    },
  });
  process.stdout.write(`\n${formatComparisons(comparisons)}\n`);
  const unmeasured = Object.keys(baseline).filter((name) => !rows.some((row) => row.name === name));
  if (!run.isPart && unmeasured.length > 0) {
    process.stderr.write(`Nothing measures what is checked in of ${unmeasured.join(", ")}: see --rebase\n`);
    return false;
  }
  return comparisons.every(({ isWorse }) => !isWorse);
}

const { values: flags, positionals: named } = parseArgs({
  options: {
    json: { type: "string" },
    quick: { type: "boolean", default: false },
    rebase: { type: "boolean", default: false },
    small: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const positionals = named.flatMap((name) =>
  name === RECORD ? Object.keys(flags.quick ? quickBenches : recordBenches) : [name],
);
const known = flags.quick ? quickBenches : { ...benches, ...parts };
const unknown = positionals.filter((name) => !(name in known));
if (unknown.length > 0 || (flags.rebase && !flags.quick)) {
  const problem = unknown.length > 0 ? `Unknown benchmark ${unknown.join(", ")}` : "--rebase goes with --quick";
  process.stderr.write(`${problem}: expected any of ${RECORD}, ${Object.keys(known).join(", ")}\n`);
  process.exit(EXIT_USAGE);
}
const all = Object.keys(flags.quick ? quickBenches : benches);
const effort = flags.quick ? "quick" : flags.small ? "small" : "full";
const isPart = positionals.length > 0;
const run: Run = { names: isPart ? positionals : all, isPart, effort, jsonFile: flags.json };

if (flags.rebase) {
  const runs: RecordRow[][] = [];
  for (let i = 0; i < REBASE_RUNS; i++) runs.push(await runBenches(run));
  writeBaseline(BASELINE, runs, { isPart });
} else if (flags.quick) {
  process.exitCode = (await compare(run)) ? 0 : EXIT_WORSE;
} else {
  const rows = await runBenches(run);
  if (rows.length > 0) printRecord(rows);
}
