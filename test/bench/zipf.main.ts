/** A process of its own that holds as many isolates as it has memory for, and is asked for more apps than that: see `zipf.bench.ts`. */
import { linkSync, mkdtempSync } from "node:fs";
import { dirname, join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import type { AppLane } from "@nano/executor/request/app-lane";
import { serveCommands } from "./bench-child.ts";
import type { BenchSliver } from "./bench-sliver.ts";
import { BenchWorker } from "./bench-worker.ts";
import { LatencyHistogram } from "./latency-histogram.ts";
import { PerfectLru } from "./perfect-lru.ts";
import { Zipf } from "./zipf.ts";

export interface ZipfJob {
  readonly slivers: readonly BenchSliver[];
  readonly appCount: number;
  /** Apps that there is memory for. */
  readonly fittingCount: number;
}

export interface ZipfOpening {
  /** What one idle app takes of the worker's budget, as a mean over all slivers. */
  readonly bytesPerApp: number;
}

export interface ZipfRound {
  readonly requests: number;
  /** That found no isolate of their app. */
  readonly waited: number;
  /** That perfect LRU would have found none for, on the same trace from its beginning. */
  readonly waitedByLru: number;
  readonly seconds: number;
  /** From the intended start to the first frame of the answer. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly isolates: number;
}

export interface ZipfCommands {
  open(job: ZipfJob): Promise<ZipfOpening>;
  /** @param job a rate of null: one after the other, as fast as it goes */
  run(job: { readonly requests: number; readonly requestsPerSecond: number | null }): Promise<ZipfRound>;
}

/** As a worker does. */
const SWEEP_INTERVAL_MS = 1_000;

interface App {
  readonly lane: AppLane;
  readonly expect: string;
}

interface State {
  readonly worker: BenchWorker;
  readonly apps: readonly App[];
  readonly zipf: Zipf;
  readonly lru: PerfectLru;
  isolateCount(): number;
}

let state: State | null = null;

serveCommands<ZipfCommands>({
  async open({ slivers, appCount, fittingCount }) {
    const worker = await BenchWorker.open();
    const { bytesPerApp, answers } = await measureApps(worker, slivers);
    const isolateBytes = bytesPerApp * fittingCount;
    const cache = worker.createCache({ isolateCount: Number.MAX_SAFE_INTEGER, isolateBytes });
    setInterval(() => cache.sweep(), SWEEP_INTERVAL_MS);
    const links = mkdtempSync(join(dirname(slivers[0]?.path ?? ""), "links-"));
    const apps = Array.from({ length: appCount }, (_, index): App => {
      const number = index % slivers.length;
      const sliver = slivers[number] as BenchSliver;
      // Snapshots are shared by path: each app has one of its own.
      const path = join(links, String(index));
      linkSync(sliver.path, path);
      return { lane: worker.openLane(sliver, path, cache), expect: answers[number] ?? "" };
    });
    const isolateCount = (): number => cache.isolateCount;
    state = { worker, apps, zipf: new Zipf(appCount), lru: new PerfectLru(fittingCount), isolateCount };
    return { bytesPerApp };
  },

  async run({ requests, requestsPerSecond }) {
    if (state === null) throw new Error("No apps are open");
    const { worker, apps, zipf, lru, isolateCount } = state;
    const latencies = new LatencyHistogram();
    let waited = 0;
    let waitedByLru = 0;
    const startMs = performance.now();
    const ask = async (intendedMs: number): Promise<void> => {
      const index = zipf.next();
      const { lane, expect } = apps[index] as App;
      if (!lru.use(index)) waitedByLru += 1;
      if (!lane.isWarm) waited += 1;
      const { headMs } = await worker.ask(lane, expect);
      latencies.add(headMs - intendedMs);
    };
    const answers: Promise<void>[] = [];
    for (let number = 0; number < requests; number++) {
      if (requestsPerSecond === null) {
        await ask(performance.now());
        await turn();
        continue;
      }
      const intendedMs = startMs + (number * 1000) / requestsPerSecond;
      // What the worker does between requests, and when it is idle, it does meanwhile.
      do await turn();
      while (performance.now() < intendedMs);
      answers.push(ask(intendedMs));
    }
    await Promise.all(answers);
    return {
      requests,
      waited,
      waitedByLru,
      seconds: (performance.now() - startMs) / 1000,
      p50Ms: latencies.percentile(0.5),
      p99Ms: latencies.percentile(0.99),
      isolates: isolateCount(),
    };
  },
});

/** Asks an app of each sliver once; what each takes is what the cache counts when it is idle. */
async function measureApps(
  worker: BenchWorker,
  slivers: readonly BenchSliver[],
): Promise<{ bytesPerApp: number; answers: readonly string[] }> {
  const answers: string[] = [];
  let bytes = 0;
  for (const sliver of slivers) {
    const cache = worker.createCache({ isolateCount: 1, isolateBytes: Number.MAX_SAFE_INTEGER });
    const lane = worker.openLane(sliver, sliver.path, cache);
    answers.push((await worker.ask(lane, null)).body);
    await turn();
    await turn();
    bytes += lane.measureBytes() + worker.sources.blobBytes;
    lane.evict();
  }
  return { bytesPerApp: bytes / slivers.length, answers };
}
