/** A process of its own that holds idle apps, or bare isolates, and says what each takes: see `idle-memory.bench.ts`. */
import { linkSync, mkdtempSync } from "node:fs";
import { dirname, join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import type { AppLane } from "@nano/executor/request/app-lane";
import { BareIsolate } from "./bare-isolate.ts";
import { serveCommands } from "./bench-child.ts";
import type { BenchSliver } from "./bench-sliver.ts";
import { BenchWorker } from "./bench-worker.ts";
import { residentBytesOf } from "./websocket-servers.ts";

export interface IdleMemoryJob {
  readonly sliver: BenchSliver;
  /** Opened before any is counted, so that what the process takes once is there. */
  readonly warmUpCount: number;
  readonly count: number;
  readonly expect: string;
}

export interface IdleMemoryCommands {
  /** Bytes of each app in a worker that was asked once and is idle; each with a snapshot of its own. */
  apps(job: IdleMemoryJob): Promise<number>;
  /** Bytes of each isolate with one context, of isolated-vm alone; each with a snapshot of its own. */
  bare(job: IdleMemoryJob): Promise<number>;
}

async function grow(open: (index: number) => Promise<void>, { warmUpCount, count }: IdleMemoryJob): Promise<number> {
  for (let i = 0; i < warmUpCount; i++) await open(i);
  const before = residentBytesOf([process.pid]);
  for (let i = 0; i < count; i++) await open(warmUpCount + i);
  return (residentBytesOf([process.pid]) - before) / count;
}

serveCommands<IdleMemoryCommands>({
  async apps(job) {
    const { sliver, warmUpCount, count, expect } = job;
    const worker = await BenchWorker.open();
    const cache = worker.createCache({ isolateCount: warmUpCount + count, isolateBytes: Number.MAX_SAFE_INTEGER });
    const links = mkdtempSync(join(dirname(sliver.path), "links-"));
    const lanes: AppLane[] = [];
    const open = async (index: number): Promise<void> => {
      // Snapshots are shared by path.
      const path = join(links, String(index));
      linkSync(sliver.path, path);
      const lane = worker.openLane(sliver, path, cache);
      lanes.push(lane);
      await worker.ask(lane, expect);
      // The spare context is made, and the cache has taken it in.
      await turn();
      await turn();
      cache.sweep();
    };
    const bytes = await grow(open, job);
    if (cache.isolateCount !== warmUpCount + count) throw new Error(`${cache.isolateCount} isolates are left`);
    for (const lane of lanes) lane.evict();
    return bytes;
  },
  async bare(job) {
    const { sliver } = job;
    const isolates: BareIsolate[] = [];
    const open = async (): Promise<void> => {
      const isolate = new BareIsolate(sliver.path, sliver.manifest.limits.memoryBytes);
      isolate.openContext();
      isolates.push(isolate);
    };
    const bytes = await grow(open, job);
    for (const isolate of isolates) isolate.dispose();
    return bytes;
  },
});
