/** An app on the worker's own code path, without sockets: what a benchmark of starts measures. */
import { closeSync, mkdirSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { bundleApp } from "@nano/bundle/bundle-app";
import { FlightRecorder } from "@nano/executor/flight-recorder";
import { AppLane } from "@nano/executor/request/app-lane";
import { IsolateCache } from "@nano/executor/request/isolate-cache";
import { SliverSources } from "@nano/executor/request/sliver-sources";
import { Turns } from "@nano/executor/request/turns";
import { WorkerCounters } from "@nano/executor/request/worker-counters";
import { AppIsolate } from "@nano/isolate/app-isolate";
import { CpuWatch, CpuWatcher } from "@nano/isolate/cpu-watch";
import { engineFingerprint } from "@nano/isolate/engine";
import type { GuestHost, RunSink } from "@nano/isolate/isolate";
import { warmEngine } from "@nano/isolate/warm-engine";
import type { LinkStream } from "@nano/link/link-stream";
import type { AppName, RequestId, VersionId } from "@nano/protocol/brands";
import { resolveManifest } from "@nano/protocol/manifest";
import { decodeRequestHead, encodeRequestHead } from "@nano/protocol/messages";
import { DirectoryStore } from "@nano/sliver/directory-store";
import { NodeCache } from "@nano/sliver/node-cache";
import { createSigningKey, trustedKeysOf } from "@nano/sliver/signing-key";
import type { SliverManifest } from "@nano/sliver/sliver-manifest";
import { digestOf } from "@nano/sliver/sliver-store";
import { buildSliver } from "@nano/sliver-builder/build-sliver";

const VERSION = "v0000000000000000" as VersionId;
const REQUEST_LIMITS = { cpu_time_ms: 5_000 };

const HEAD = encodeRequestHead({
  requestId: "bench" as RequestId,
  versionId: VERSION,
  method: "GET",
  url: "http://bench.localhost/",
  headers: "host\nbench.localhost\naccept\n*/*\n",
});

/** Stands in for the link: notes when the first frame of the answer leaves. */
class AnswerProbe {
  readonly id = 1;
  headMs = 0;
  body = "";
  readonly ended: Promise<void>;
  #end: () => void = () => undefined;

  constructor() {
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  sendHead(_payload: Buffer, isEnd = false): void {
    this.headMs = performance.now();
    if (isEnd) this.#end();
  }

  write(chunk: Buffer): boolean {
    this.body += chunk.toString();
    return true;
  }

  writeOwned(memory: ArrayBuffer): boolean {
    return this.write(Buffer.from(memory));
  }

  end(chunk?: Buffer): void {
    if (chunk !== undefined) this.body += chunk.toString();
    this.#end();
  }

  reset(error: { message: string }): void {
    throw new Error(error.message);
  }

  grant(): void {
    // No body is sent.
  }
}

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
  close(): void;
}

let cpuWatch: CpuWatch | null | undefined;

/** One for the process, as a worker has it. */
async function openCpuWatch(): Promise<CpuWatch | null> {
  if (cpuWatch === undefined) cpuWatch = CpuWatch.open((await CpuWatcher.open()).shared, 0);
  return cpuWatch;
}

export async function openBenchApp(source: string, directory: string): Promise<BenchApp> {
  warmEngine();
  mkdirSync(join(directory, "worker"), { recursive: true });
  const { artifact, manifest: written } = await bundleApp({ dir: source });
  if (artifact === null) throw new Error(`${source} has no script`);
  const manifest = resolveManifest({ ...written, limits: { ...written.limits, ...REQUEST_LIMITS } });
  const app = "bench" as AppName;
  const engine = engineFingerprint();
  const key = createSigningKey();
  const bundleDigest = digestOf(Buffer.from(JSON.stringify(artifact)));
  const warnings: string[] = [];
  const built = await buildSliver(
    { app, versionId: VERSION, manifest, bundle: artifact, bundleDigest },
    {
      signingKey: key,
      onEvent: (event) => {
        if (event.type === "log" && event.level === "warn") warnings.push(event.text);
      },
    },
  );
  if (built.type === "failed") throw new Error(built.error.message);
  const { rung, skippedRungs } = built.manifest;
  if (rung !== "heap") throw new Error(`It is built on the ${rung} rung: ${skippedRungs[0]?.reason}`);
  const store = new DirectoryStore(join(directory, "store"));
  const digest = digestOf(built.sliver);
  await store.put(digest, built.sliver);
  const cache = await NodeCache.open({
    directory: join(directory, "cache"),
    store,
    trustedKeys: () => trustedKeysOf(key),
  });
  const sliverPath = await cache.linkFor(join(directory, "worker"), digest);
  // On tmpfs, as a worker's; the name is gone at once.
  const recorderPath = join("/dev/shm", `nano-bench-${process.pid}.recorder`);
  const recorderFd = openSync(recorderPath, "w+");
  rmSync(recorderPath);
  const recorder = new FlightRecorder(recorderFd);

  const host: GuestHost = {
    cpuWatch: await openCpuWatch(),
    beginEntry: (name, request, limitMs) => recorder.begin(name, request, limitMs),
    endEntry: () => recorder.end(),
    log: (line) => {
      throw new Error(line.text);
    },
    openFetch: () => {
      throw new Error("No app of the benchmark fetches");
    },
  };
  const assignment = { versionId: VERSION, app, manifest, sliverPath, assetsPath: null };
  const sources = new SliverSources(engine);
  const openLane = (): AppLane => {
    const source = sources.open(sliverPath);
    return new AppLane(assignment, {
      cache: new IsolateCache({ isolateCount: 10, isolateBytes: 2 ** 31 }),
      turns: new Turns(),
      recorder,
      counters: new WorkerCounters(),
      host,
      source,
    });
  };
  const ask = async (lane: AppLane, expected: string | null): Promise<{ ms: number; body: string }> => {
    const probe = new AnswerProbe();
    const startMs = performance.now();
    const head = decodeRequestHead(HEAD);
    lane.admit(probe as unknown as LinkStream, head, { linkId: 1, isEnd: true });
    await probe.ended;
    if (expected !== null && probe.body !== expected) throw new Error(`Wrong answer: ${probe.body.slice(0, 200)}`);
    return { ms: probe.headMs - startMs, body: probe.body };
  };

  const first = openLane();
  const { body: expectedBody } = await ask(first, null);
  first.evict();

  return {
    script: artifact.script,
    expectedBody,
    memoryLimitBytes: manifest.limits.memoryBytes,
    sliverBytes: built.sliver.byteLength,
    sliver: built.manifest,
    warnings,
    async coldStart() {
      const lane = openLane();
      const { ms } = await ask(lane, expectedBody);
      lane.evict();
      return ms;
    },
    openStandby() {
      const lane = openLane();
      lane.prepareStandby();
      // Opened after the first answer: another restore just before it would push the standby out of the processor's caches.
      let live: AppIsolate | null = null;
      return {
        firstAnswer: async () => (await ask(lane, expectedBody)).ms,
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
    // The recorder writes once more when the turn ends.
    close: () => setImmediate(() => closeSync(recorderFd)),
  };

  function openIsolate(rung: "heap" | "source"): AppIsolate {
    const source =
      rung === "heap" ? sources.open(sliverPath).read() : ({ rung, script: artifact?.script ?? "" } as const);
    const envJson = JSON.stringify(manifest.envVars);
    return AppIsolate.restore({ app, source, isolation: "request", limits: manifest.limits, envJson, host });
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
      isolate.start({ ...decodeRequestHead(HEAD), linkId: 1, streamId: 1, body: undefined }, sink);
    });
    return headMs;
  }
}
