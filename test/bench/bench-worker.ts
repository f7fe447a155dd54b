/** A worker's own code in this process, without sockets: lanes that are asked, and what they need around them. */
import { closeSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { FlightRecorder } from "@nano/executor/flight-recorder";
import { AppLane } from "@nano/executor/request/app-lane";
import { IsolateCache, type IsolateCacheBudget } from "@nano/executor/request/isolate-cache";
import { SliverSources } from "@nano/executor/request/sliver-sources";
import { Turns } from "@nano/executor/request/turns";
import { WorkerCounters } from "@nano/executor/request/worker-counters";
import { CpuWatch, CpuWatcher } from "@nano/isolate/cpu-watch";
import { engineFingerprint } from "@nano/isolate/engine";
import type { GuestHost } from "@nano/isolate/isolate";
import { warmEngine } from "@nano/isolate/warm-engine";
import type { LinkStream } from "@nano/link/link-stream";
import type { RequestId } from "@nano/protocol/brands";
import { decodeRequestHead, encodeRequestHead } from "@nano/protocol/messages";
import { BENCH_APP, BENCH_VERSION, type BenchSliver } from "./bench-sliver.ts";

export const BENCH_HEAD = encodeRequestHead({
  requestId: "bench" as RequestId,
  versionId: BENCH_VERSION,
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

export interface LaneAnswer {
  /** When the first frame of the answer left, by `performance.now`. */
  readonly headMs: number;
  readonly body: string;
}

/** One for the process, as a worker has it, for as long as somebody uses it: a process with an open one does not end. */
let cpuWatch: { readonly watcher: CpuWatcher; readonly watch: CpuWatch | null; users: number } | null = null;

async function acquireCpuWatch(): Promise<CpuWatch | null> {
  if (cpuWatch === null) {
    const watcher = await CpuWatcher.open();
    cpuWatch = { watcher, watch: CpuWatch.open(watcher.shared, 0), users: 0 };
  }
  cpuWatch.users += 1;
  return cpuWatch.watch;
}

async function releaseCpuWatch(): Promise<void> {
  if (cpuWatch === null) return;
  cpuWatch.users -= 1;
  if (cpuWatch.users > 0) return;
  const { watcher, watch } = cpuWatch;
  cpuWatch = null;
  watch?.close();
  await watcher.close();
}

export class BenchWorker {
  readonly host: GuestHost;
  readonly sources: SliverSources;
  readonly #recorder: FlightRecorder;
  readonly #recorderFd: number;

  static async open(): Promise<BenchWorker> {
    warmEngine();
    return new BenchWorker(await acquireCpuWatch());
  }

  private constructor(watch: CpuWatch | null) {
    // On tmpfs, as a worker's; the name is gone at once.
    const recorderPath = join("/dev/shm", `nano-bench-${process.pid}.recorder`);
    this.#recorderFd = openSync(recorderPath, "w+");
    rmSync(recorderPath);
    const recorder = new FlightRecorder(this.#recorderFd);
    this.#recorder = recorder;
    this.sources = new SliverSources(engineFingerprint());
    this.host = {
      cpuWatch: watch,
      beginEntry: (name, request, limitMs) => recorder.begin(name, request, limitMs),
      endEntry: () => recorder.end(),
      log: (line) => {
        throw new Error(line.text);
      },
      openFetch: () => {
        throw new Error("No app of the benchmark fetches");
      },
    };
  }

  /** Snapshots in memory count, as in a worker. */
  createCache(budget: IsolateCacheBudget): IsolateCache {
    return new IsolateCache(budget, () => this.sources.blobBytes);
  }

  /** @param path of the sliver, which need not be the one that it was made at: snapshots are shared by path */
  openLane({ manifest }: Pick<BenchSliver, "manifest">, path: string, cache: IsolateCache): AppLane {
    const assignment = { versionId: BENCH_VERSION, app: BENCH_APP, manifest, sliverPath: path, assetsPath: null };
    return new AppLane(assignment, {
      cache,
      turns: new Turns(),
      recorder: this.#recorder,
      counters: new WorkerCounters(),
      host: this.host,
      source: this.sources.open(path),
    });
  }

  /** @param expected what the body must be; null: whatever it is */
  async ask(lane: AppLane, expected: string | null): Promise<LaneAnswer> {
    const probe = new AnswerProbe();
    lane.admit(probe as unknown as LinkStream, decodeRequestHead(BENCH_HEAD), { linkId: 1, isEnd: true });
    await probe.ended;
    const { headMs, body } = probe;
    if (expected !== null && body !== expected) throw new Error(`Wrong answer: ${body.slice(0, 200)}`);
    return { headMs, body };
  }

  /** Every lane and isolate is gone. */
  async close(): Promise<void> {
    // The recorder writes once more when the turn ends.
    await turn();
    closeSync(this.#recorderFd);
    await releaseCpuWatch();
  }
}
