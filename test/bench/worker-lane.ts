/** An app on the worker's own code path, without sockets: what a benchmark of starts measures. */
import { AppIsolate } from "@nano/isolate/app-isolate";
import type { RunSink } from "@nano/isolate/isolate";
import { decodeRequestHead } from "@nano/protocol/messages";
import type { SliverManifest } from "@nano/sliver/sliver-manifest";
import { BENCH_APP, BenchSlivers } from "./bench-sliver.ts";
import { BENCH_HEAD, BenchWorker } from "./bench-worker.ts";

const CACHE_BUDGET = { isolateCount: 10, isolateBytes: 2 ** 31 };

export interface BenchStandby {
  firstAnswer(): Promise<number>;
  reset(): Promise<number>;
  close(): void;
}

/** An isolate with one context attached, as a standby has. */
export interface LiveIsolate {
  /** Heap and array buffers, as the worker's cache counts them. */
  measureBytes(): number;
  dispose(): void;
}

export interface BenchApp {
  readonly script: string;
  readonly expectedBody: string;
  readonly memoryLimitBytes: number;
  /** As it is stored. */
  readonly sliverBytes: number;
  readonly sliver: SliverManifest;
  /** What the builder told the app's author. */
  readonly warnings: readonly string[];
  /** Each in milliseconds, to the first frame of an answer that was checked. */
  coldStart(): Promise<number>;
  openStandby(): BenchStandby;
  fromSource(): Promise<number>;
  openLive(): LiveIsolate;
  close(): Promise<void>;
}

export async function openBenchApp(source: string, directory: string): Promise<BenchApp> {
  const made = await (await BenchSlivers.open(directory)).make(source);
  const { manifest, path, script } = made;
  const worker = await BenchWorker.open();
  const openLane = () => worker.openLane(made, path, worker.createCache(CACHE_BUDGET));

  const first = openLane();
  const { body: expectedBody } = await worker.ask(first, null);
  first.evict();

  return {
    script,
    expectedBody,
    memoryLimitBytes: manifest.limits.memoryBytes,
    sliverBytes: made.sliverBytes,
    sliver: made.sliver,
    warnings: made.warnings,
    async coldStart() {
      const lane = openLane();
      const startMs = performance.now();
      const { headMs } = await worker.ask(lane, expectedBody);
      lane.evict();
      return headMs - startMs;
    },
    openStandby() {
      const lane = openLane();
      lane.prepareStandby();
      // Opened after the first answer: another restore just before it would push the standby out of the processor's caches.
      let live: AppIsolate | null = null;
      return {
        async firstAnswer() {
          const startMs = performance.now();
          return (await worker.ask(lane, expectedBody)).headMs - startMs;
        },
        async reset() {
          live ??= openIsolate("heap");
          const isolate = live;
          const startMs = performance.now();
          isolate.prepareSpare();
          const ms = performance.now() - startMs;
          await answer(isolate);
          return ms;
        },
        close() {
          lane.evict();
          live?.dispose();
        },
      };
    },
    async fromSource() {
      const startMs = performance.now();
      const isolate = openIsolate("source");
      const ms = await answer(isolate);
      isolate.dispose();
      return ms - startMs;
    },
    openLive() {
      const isolate = openIsolate("heap");
      isolate.prepareSpare();
      return { measureBytes: () => isolate.measureBytes(), dispose: () => isolate.dispose() };
    },
    close: () => worker.close(),
  };

  function openIsolate(rung: "heap" | "source"): AppIsolate {
    const source = rung === "heap" ? worker.sources.open(path).read() : ({ rung, script } as const);
    const envJson = JSON.stringify(manifest.envVars);
    const { host } = worker;
    return AppIsolate.restore({
      app: BENCH_APP,
      source,
      isolation: "request",
      limits: manifest.limits,
      envJson,
      host,
    });
  }

  /** Answers when the head of the answer came. */
  async function answer(isolate: AppIsolate): Promise<number> {
    let headMs = 0;
    await new Promise<void>((resolve) => {
      const sink: RunSink = {
        respond: () => {
          headMs = performance.now();
        },
        writeResponse: () => true,
        endResponse: () => undefined,
        failResponse: (error) => {
          throw new Error(error.message);
        },
        wantBody: () => undefined,
        cancelBody: () => undefined,
        settle: resolve,
      };
      isolate.start({ ...decodeRequestHead(BENCH_HEAD), linkId: 1, streamId: 1, body: undefined }, sink);
    });
    return headMs;
  }
}
