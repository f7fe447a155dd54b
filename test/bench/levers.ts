/** What could be changed about every start, and what it would cost: each beside how it is, in turns. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Report } from "./report.ts";
import { formatMs, formatRatio, summarize } from "./table.ts";

const ENTRY = fileURLToPath(new URL("levers.main.ts", import.meta.url));
const APPS = ["hello", "zod-schema"];
const ROUNDS = 40;
const SMALL_ROUNDS = 3;
/** Processes of each kind, one after another: two processes are never quite alike. */
const REPEATS = 3;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
const MIB = 1024 * 1024;

export interface LeverJob {
  readonly source: string;
  readonly rounds: number;
  readonly variants: readonly LeverRun["variant"][];
}

export interface LeverRun {
  readonly variant: "as it is" | "no warm-up" | "four requests" | "no web-api";
  readonly snapshotBytes: number;
  /** Milliseconds to the head of the first answer. */
  readonly samples: readonly number[];
}

interface Lever {
  readonly name: string;
  readonly flags: readonly string[];
  readonly variant: LeverRun["variant"];
  readonly price: string;
}

const NO_REHASH = "--no-rehash-snapshot";
const LEVERS: readonly Lever[] = [
  { name: "as it is: one request warms up", flags: [], variant: "as it is", price: "–" },
  { name: "no warm-up", flags: [], variant: "no warm-up", price: "a smaller snapshot, and compiling at each start" },
  { name: "the same request four times", flags: [], variant: "four requests", price: "time to build" },
  {
    name: "no web-api (the floor)",
    flags: [],
    variant: "no web-api",
    price: "no Web API: what any smaller one could win",
  },
  {
    name: NO_REHASH,
    flags: [NO_REHASH],
    variant: "as it is",
    price: "the hash seed of the build in every isolate: colliding keys can be made up",
  },
];

export async function measureLevers(appsDirectory: string, { isSmall }: { isSmall: boolean }): Promise<Report> {
  const rounds = isSmall ? SMALL_ROUNDS : ROUNDS;
  const rows: string[][] = [];
  const data: Record<string, unknown> = {};
  for (const name of APPS) {
    process.stderr.write(`levers of ${name}\n`);
    const source = join(appsDirectory, name);
    const results = new Map<Lever, LeverRun>();
    for (let repeat = 0; repeat < (isSmall ? 1 : REPEATS); repeat++) {
      for (const flags of [[], [NO_REHASH]]) {
        const levers = LEVERS.filter((lever) => lever.flags.length === flags.length);
        const runs = await runProcess({ source, rounds, variants: levers.map(({ variant }) => variant) }, flags);
        for (const lever of levers) {
          const run = runs.find(({ variant }) => variant === lever.variant);
          if (run === undefined) throw new Error(`No figures of ${lever.name}`);
          results.set(lever, { ...run, samples: [...(results.get(lever)?.samples ?? []), ...run.samples] });
        }
      }
    }
    const asItIs = summarize(results.values().next().value?.samples ?? []).median;
    for (const [lever, { samples, snapshotBytes }] of results) {
      const { median, p99 } = summarize(samples);
      const ms = `${formatMs(median)} / ${formatMs(p99)}`;
      rows.push([
        name,
        lever.name,
        `${(snapshotBytes / MIB).toFixed(2)} MB`,
        ms,
        formatRatio(median / asItIs),
        lever.price,
      ]);
    }
    data[name] = [...results].map(([lever, run]) => ({ ...lever, ...run }));
  }
  return {
    title:
      "levers: median / p99 of restoring from a snapshot in memory to the head of the first answer, in turns, in several processes; " +
      "isolated-vm offers no compaction of its own: V8 collects garbage before it serialises",
    head: ["app", "lever", "snapshot", "first answer", "÷ as it is", "price"],
    rows,
    data,
  };
}

async function runProcess(job: LeverJob, flags: readonly string[]): Promise<LeverRun[]> {
  const args = ["--no-node-snapshot", ...flags, ENTRY, JSON.stringify(job)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: MAX_OUTPUT_BYTES });
  return JSON.parse(stdout) as LeverRun[];
}
