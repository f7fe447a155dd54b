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
import { report } from "./report.ts";
import { formatMs, formatRatio, summarize } from "./table.ts";
import { openBenchApp } from "./worker-lane.ts";

const APPS = ["hello", "hono-api", "react-ssr", "markdown-blog", "slow-init", "zod-schema", "counter"];
const APPS_DIRECTORY = fileURLToPath(new URL("../apps/", import.meta.url));
const ROUNDS = 200;
/** A worker that serves has run its own code before. */
const WARM_UP_ROUNDS = 60;
/** From source is slow, and known well enough from fewer. */
const SOURCE_EVERY = 10;
const RESETS_PER_ROUND = 3;

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

async function measureApp(name: string, directory: string): Promise<Samples> {
  const app = await openBenchApp(join(APPS_DIRECTORY, name), join(directory, name));
  const floor = openFloor(app.script, app.expectedBody);
  const samples: Samples = { source: [], cold: [], standby: [], reset: [], floor: [], floorReset: [] };
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    if (round === 0) for (const values of Object.values(samples)) values.length = 0;
    measureFloor(floor, samples);
    samples.cold.push(await app.coldStart());
    const standby = app.openStandby();
    samples.standby.push(await standby.firstAnswer());
    for (let i = 0; i < RESETS_PER_ROUND; i++) samples.reset.push(await standby.reset());
    standby.close();
    if (round >= 0 && round % SOURCE_EVERY === 0) samples.source.push(await app.fromSource());
  }
  app.close();
  floor.close();
  return samples;
}

export async function benchColdStart(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "nano-bench-"));
  try {
    const results: Record<string, Samples> = {};
    for (const name of APPS) {
      process.stderr.write(`${name}\n`);
      results[name] = await measureApp(name, directory);
    }
    report("cold-start", {
      title: `cold start: median and p99 of ${ROUNDS} rounds (from source: ${ROUNDS / SOURCE_EVERY}) after ${WARM_UP_ROUNDS} uncounted, one thread, request mode, at the worker`,
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
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
