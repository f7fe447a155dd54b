/**
 * For each example app, in one run and in turns: the first answer from source, a *cold start* from a sliver in the node's cache, the first
 * answer of a *standby* isolate, and a *reset* (a fresh context, attached, in a live isolate), beside their *floor*: bare isolated-vm that
 * restores a snapshot of the same init, makes a context, and answers the same bytes by one entry.
 *
 * All on the worker's own code path, from the head of a request to the first frame of its answer, in this process.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type FloorApp, openFloor } from "./floor.ts";
import { type BenchOptions, type Effort, type RecordRow, ratiosByStretch, reportName } from "./record.ts";
import { report } from "./report.ts";
import { formatMs, formatRatio, summarize } from "./table.ts";
import { openBenchApp } from "./worker-lane.ts";

const APPS = ["hello", "hono-api", "react-ssr", "markdown-blog", "slow-init", "zod-schema", "counter"];
const APPS_DIRECTORY = fileURLToPath(new URL("../apps/", import.meta.url));
/** A worker that serves has run its own code before: rounds that warm up are not counted. From source is slow, and known well enough from fewer. */
const EFFORTS: Readonly<
  Record<Effort, { apps: readonly string[]; rounds: number; warmUpRounds: number; sourceEvery: number }>
> = {
  full: { apps: APPS, rounds: 200, warmUpRounds: 60, sourceEvery: 10 },
  quick: { apps: ["hello", "hono-api"], rounds: 120, warmUpRounds: 40, sourceEvery: 40 },
  small: { apps: ["hello"], rounds: 3, warmUpRounds: 1, sourceEvery: 1 },
};
const RESETS_PER_ROUND = 3;
/** What the rounds of a row of the record are: each so many of a run in a row. */
const STRETCHES = 5;

interface Samples {
  readonly source: number[];
  readonly cold: number[];
  readonly standby: number[];
  readonly reset: number[];
  readonly floor: number[];
  readonly floorReset: number[];
}

function measureFloor(floor: FloorApp, samples: Samples): void {
  const start = performance.now();
  const isolate = floor.restore();
  samples.floor.push(performance.now() - start);
  for (let i = 0; i < RESETS_PER_ROUND; i++) {
    const resetStart = performance.now();
    isolate.reset();
    samples.floorReset.push(performance.now() - resetStart);
  }
  isolate.dispose();
}

async function measureApp(name: string, directory: string, effort: Effort): Promise<Samples> {
  const { rounds, warmUpRounds, sourceEvery } = EFFORTS[effort];
  const app = await openBenchApp(join(APPS_DIRECTORY, name), join(directory, name));
  const floor = openFloor(app.script, app.expectedBody);
  const samples: Samples = { source: [], cold: [], standby: [], reset: [], floor: [], floorReset: [] };
  for (let round = -warmUpRounds; round < rounds; round++) {
    if (round === 0) for (const values of Object.values(samples)) values.length = 0;
    measureFloor(floor, samples);
    samples.cold.push(await app.coldStart());
    const standby = app.openStandby();
    samples.standby.push(await standby.firstAnswer());
    for (let i = 0; i < RESETS_PER_ROUND; i++) samples.reset.push(await standby.reset());
    standby.close();
    if (round >= 0 && round % sourceEvery === 0) samples.source.push(await app.fromSource());
  }
  await app.close();
  floor.close();
  return samples;
}

export async function benchColdStart({ effort }: BenchOptions): Promise<readonly RecordRow[]> {
  const { apps, rounds, warmUpRounds, sourceEvery } = EFFORTS[effort];
  const directory = mkdtempSync(join(tmpdir(), "nano-bench-"));
  try {
    const results: Record<string, Samples> = {};
    for (const name of apps) {
      process.stderr.write(`${name}\n`);
      results[name] = await measureApp(name, directory, effort);
    }
    report(reportName("cold-start", effort), {
      title: `cold start: median and p99 of ${rounds} rounds (from source: ${Math.ceil(rounds / sourceEvery)}) after ${warmUpRounds} uncounted, one thread, request mode, at the worker`,
      head: [
        "app",
        "from source",
        "cold start",
        "floor",
        "cold ÷ floor",
        "standby",
        "reset",
        "floor",
        "reset ÷ floor",
        "source ÷ cold",
      ],
      rows: Object.entries(results).map(([name, samples]) => {
        const of = (key: keyof Samples) => summarize(samples[key]);
        const both = (key: keyof Samples): string => `${formatMs(of(key).median)} / ${formatMs(of(key).p99)}`;
        return [
          name,
          both("source"),
          both("cold"),
          both("floor"),
          formatRatio(of("cold").median / of("floor").median),
          both("standby"),
          both("reset"),
          both("floorReset"),
          formatRatio(of("reset").median / of("floorReset").median),
          formatRatio(of("source").median / of("cold").median),
        ];
      }),
      data: results,
    });
    return rowsOf(results, rounds);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function rowsOf(results: Readonly<Record<string, Samples>>, rounds: number): RecordRow[] {
  const how = `no load, one thread, request mode, at the worker: from the head of a request to the first frame of its answer, ${rounds} rounds in turns; each round of this row is a fifth of them`;
  const figuresOf = (samples: Samples, keys: readonly (keyof Samples)[]): Record<string, number> =>
    Object.fromEntries(
      keys.flatMap((key) => {
        const { median, p99 } = summarize(samples[key]);
        return [
          [`${key}P50Ms`, median],
          [`${key}P99Ms`, p99],
        ];
      }),
    );
  return Object.entries(results).flatMap(([name, samples]): RecordRow[] => {
    const common = { unit: "×", how } as const;
    const toFloor: RecordRow = {
      ...common,
      name: `cold-start-${name}`,
      what: `cold start from a sliver, \`${name}\``,
      peer: "floor",
      better: "lower",
      atLeast: 1.25,
      aim: 1.1,
      rounds: ratiosByStretch(samples.cold, samples.floor, STRETCHES),
      figures: figuresOf(samples, ["cold", "floor", "reset", "floorReset"]),
    };
    const standby: RecordRow = {
      ...common,
      name: `standby-${name}`,
      what: `first request to a standby isolate, \`${name}\`, at the worker, p50`,
      peer: null,
      unit: "ms",
      better: "lower",
      atLeast: 0.267,
      aim: 0.1,
      rounds: stretchMedians(samples.standby),
      figures: figuresOf(samples, ["standby"]),
    };
    const toSource: RecordRow = {
      ...common,
      name: `cold-start-${name}-source`,
      what: `cold start of \`${name}\`, times as fast`,
      peer: "from source",
      better: "higher",
      atLeast: 50,
      aim: 100,
      rounds: ratiosByStretch(samples.source, samples.cold, STRETCHES),
      figures: figuresOf(samples, ["source", "cold"]),
    };
    switch (name) {
      case "hello":
        return [toFloor, standby];
      case "hono-api":
        return [toFloor];
      case "slow-init":
        return [toSource];
      default:
        return [];
    }
  });
}

function stretchMedians(values: readonly number[]): number[] {
  return ratiosByStretch(
    values,
    values.map(() => 1),
    STRETCHES,
  );
}
