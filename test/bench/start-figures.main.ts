/** Measures the starts of one app in this process, as `measureStarts` asks by the first argument, and prints the outcome as JSON. */
import { type FloorApp, openFloor } from "./floor.ts";
import type { StartFigures, StartJob, StartOutcome } from "./start-figures.ts";
import { type BenchApp, openBenchApp } from "./worker-lane.ts";

const MIB = 1024 * 1024;
/** A worker that serves has run its own code before: this share of the rounds is not counted. */
const WARM_UP_RATIO = 0.2;
/** From source is slow, and known well enough from fewer. */
const SOURCE_EVERY = 10;
/** Isolates whose memory is looked at together: enough for pages not to matter, few enough to fit. */
const HELD_BYTES = 128 * MIB;
const MAX_HELD = 16;
const MIN_HELD = 2;

async function measure(job: StartJob): Promise<StartOutcome> {
  let app: BenchApp;
  try {
    app = await openBenchApp(job.source, job.directory);
  } catch (thrown) {
    return { type: "unmeasured", reason: thrown instanceof Error ? thrown.message : String(thrown) };
  }
  if (job.body !== undefined && app.expectedBody !== job.body) {
    return { type: "unmeasured", reason: `wrong answer ${app.expectedBody.slice(0, 100)}` };
  }
  // Before the rounds, which leave memory behind that these isolates would take.
  const memory = measureMemory(app);
  const floor = openFloor(app.script, app.expectedBody, { memoryLimitBytes: app.memoryLimitBytes });
  const samples = await runRounds(job, app, floor);
  floor.close();
  await app.close();
  return {
    type: "measured",
    samples,
    sliverBytes: app.sliverBytes,
    snapshotBytes: app.sliver.snapshotBytes,
    contextMs: app.sliver.contextMs,
    warnings: app.warnings,
    ...memory,
  };
}

function measureMemory(app: BenchApp): Pick<StartFigures, "heapBytes" | "residentBytes"> {
  // The first one reads the snapshot, which all share.
  const held = [app.openLive()];
  const heapBytes = held[0]?.measureBytes() ?? 0;
  const count = Math.min(MAX_HELD, Math.max(MIN_HELD, Math.floor(HELD_BYTES / heapBytes)));
  const before = process.memoryUsage.rss();
  for (let i = 0; i < count; i++) held.push(app.openLive());
  const residentBytes = Math.max(0, process.memoryUsage.rss() - before) / count;
  for (const isolate of held) isolate.dispose();
  return { heapBytes, residentBytes };
}

async function runRounds(job: StartJob, app: BenchApp, floor: FloorApp): Promise<StartFigures["samples"]> {
  const rounds: Array<Record<keyof StartFigures["samples"], number | null>> = [];
  const startMs = performance.now();
  while (rounds.length < job.maxRounds) {
    if (rounds.length >= job.minRounds && performance.now() - startMs >= job.budgetMs) break;
    const floorFigures = measureFloor(floor);
    const cold = await app.coldStart();
    const standby = app.openStandby();
    await standby.firstAnswer();
    const reset = await standby.reset();
    standby.close();
    const source = rounds.length % SOURCE_EVERY === 0 ? await app.fromSource() : null;
    rounds.push({ ...floorFigures, cold, reset, source });
  }
  const counted = rounds.slice(Math.floor(rounds.length * WARM_UP_RATIO));
  const of = (key: keyof StartFigures["samples"]): number[] =>
    counted.map((round) => round[key]).filter((value) => value !== null);
  const source = rounds.map((round) => round.source).filter((value) => value !== null);
  return { cold: of("cold"), floor: of("floor"), reset: of("reset"), floorReset: of("floorReset"), source };
}

function measureFloor(floor: FloorApp): { floor: number; floorReset: number } {
  const startMs = performance.now();
  const isolate = floor.restore();
  const restoredMs = performance.now();
  isolate.reset();
  const resetMs = performance.now();
  isolate.dispose();
  return { floor: restoredMs - startMs, floorReset: resetMs - restoredMs };
}

const outcome = await measure(JSON.parse(process.argv[2] ?? "") as StartJob);
process.stdout.write(JSON.stringify(outcome));
