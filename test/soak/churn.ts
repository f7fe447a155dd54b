/**
 * Restores isolates of many slivers and disposes of others, at a steady rate, with a fixed number alive, and checks every answer.
 * On the worker's own parts, in one process; in turns a new isolate and one that lives are asked.
 */
import { SliverSources } from "@nano/executor/request/sliver-sources";
import { AppIsolate } from "@nano/isolate/app-isolate";
import { engineFingerprint } from "@nano/isolate/engine";
import type { GuestHost, RunSink } from "@nano/isolate/isolate";
import { warmEngine } from "@nano/isolate/warm-engine";
import type { AppLimits } from "@nano/protocol/app-limits";
import type { AppName, RequestId } from "@nano/protocol/brands";
import { type ResidentSample, slopeRatioPerTenMinutes } from "./resident-slope.ts";

export interface ChurnQuestion {
  readonly url: string;
  readonly status: number;
  readonly body: string;
}

/** Where a sliver is, and what its app answers. */
export interface ChurnSliver {
  readonly app: AppName;
  readonly path: string;
  readonly limits: AppLimits;
  readonly envJson: string;
  readonly questions: readonly ChurnQuestion[];
}

export interface ChurnOptions {
  readonly restoreCount: number;
  readonly aliveCount: number;
  /** The restores are spread over it; 0: as fast as it goes. */
  readonly durationMs: number;
  onProgress(state: ChurnState): void;
}

/** What the process of a churn is given. */
export interface ChurnJob extends Omit<ChurnOptions, "onProgress"> {
  readonly slivers: readonly ChurnSliver[];
}

/** The last line of that process: who has read it knows that it did not die of its isolates. */
export const CHURN_END = "end of the churn";

export interface ChurnState {
  readonly elapsedMs: number;
  readonly restoreCount: number;
  readonly answerCount: number;
  readonly aliveCount: number;
  readonly residentBytes: number;
  /** Snapshots that live isolates share. */
  readonly blobBytes: number;
  /** Of the process's own heap: where this grows, the harness leaks, not the isolates. */
  readonly ownHeapBytes: number;
}

export interface ChurnResult extends ChurnState {
  /** The first `MAX_WRONG_KEPT` of `wrongCount`. */
  readonly wrong: readonly string[];
  readonly wrongCount: number;
  readonly samples: readonly ResidentSample[];
  readonly slopeRatioPerTenMinutes: number;
}

const MAX_WRONG_KEPT = 20;
const MAX_WRONG_CHARS = 300;
/** One in so many steps also asks an isolate that has been alive. */
const OLD_EVERY = 3;
const SAMPLE_EVERY_MS = 2_000;
const PROGRESS_EVERY_MS = 15_000;
const HEADERS = "accept\n*/*\n";

interface Live {
  readonly sliver: ChurnSliver;
  readonly isolate: AppIsolate;
}

export async function runChurn(slivers: readonly ChurnSliver[], options: ChurnOptions): Promise<ChurnResult> {
  warmEngine();
  const sources = new SliverSources(engineFingerprint());
  const alive: Live[] = [];
  const wrong: string[] = [];
  const samples: ResidentSample[] = [];
  const random = seededRandom(1);
  const startMs = performance.now();
  let restoreCount = 0;
  let answerCount = 0;
  let wrongCount = 0;
  let reportedMs = 0;

  const ask = async ({ sliver, isolate }: Live): Promise<void> => {
    const question = sliver.questions[answerCount % sliver.questions.length] as ChurnQuestion;
    answerCount += 1;
    const found = await answerOf(isolate, question.url, `churn-${answerCount}` as RequestId);
    if (found === `${question.status} ${question.body}`) return;
    wrongCount += 1;
    if (wrong.length < MAX_WRONG_KEPT) {
      wrong.push(`${sliver.app} ${question.url}: ${found} instead of ${question.body}`.slice(0, MAX_WRONG_CHARS));
    }
  };
  const state = (): ChurnState => {
    const { rss, heapUsed } = process.memoryUsage();
    return {
      elapsedMs: performance.now() - startMs,
      restoreCount,
      answerCount,
      aliveCount: alive.length,
      residentBytes: rss,
      blobBytes: sources.blobBytes,
      ownHeapBytes: heapUsed,
    };
  };
  const observe = (): void => {
    const elapsedMs = performance.now() - startMs;
    if (elapsedMs - (samples.at(-1)?.elapsedMs ?? Number.NEGATIVE_INFINITY) >= SAMPLE_EVERY_MS) {
      samples.push({ elapsedMs, residentBytes: process.memoryUsage.rss() });
    }
    if (elapsedMs - reportedMs < PROGRESS_EVERY_MS) return;
    reportedMs = elapsedMs;
    options.onProgress(state());
  };

  while (restoreCount < options.restoreCount) {
    const dueMs = startMs + (options.durationMs * restoreCount) / options.restoreCount;
    await waitUntil(dueMs);
    const sliver = slivers[Math.floor(random() * slivers.length)] as ChurnSliver;
    if (alive.length >= options.aliveCount) {
      const [left] = alive.splice(Math.floor(random() * alive.length), 1);
      left?.isolate.dispose();
    }
    const live = { sliver, isolate: restore(sliver, sources, wrong) };
    alive.push(live);
    restoreCount += 1;
    await ask(live);
    if (restoreCount % OLD_EVERY === 0) await ask(alive[Math.floor(random() * alive.length)] as Live);
    observe();
  }
  const end = state();
  for (const { isolate } of alive) isolate.dispose();
  const slope = slopeRatioPerTenMinutes(samples);
  return { ...end, wrong, wrongCount, samples, slopeRatioPerTenMinutes: slope };
}

function restore(sliver: ChurnSliver, sources: SliverSources, lines: string[]): AppIsolate {
  const source = sources.open(sliver.path).read();
  if (source.rung !== "heap") throw new Error(`${sliver.app} starts from ${source.rung}`);
  const host: GuestHost = {
    beginEntry: () => undefined,
    endEntry: () => undefined,
    log: ({ text }) => {
      if (lines.length < MAX_WRONG_KEPT) lines.push(`${sliver.app} logged ${text}`.slice(0, MAX_WRONG_CHARS));
    },
    openFetch: () => {
      throw new Error("No app of the churn fetches");
    },
  };
  const { app, limits, envJson } = sliver;
  const isolate = AppIsolate.restore({ app, source, isolation: "request", limits, envJson, host });
  isolate.prepareSpare();
  return isolate;
}

/** Status and body, or why there is none. */
function answerOf(isolate: AppIsolate, url: string, requestId: RequestId): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const take = (chunk: string | ArrayBuffer): void => {
      answer += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
    };
    const sink: RunSink = {
      respond(head, body) {
        answer = `${head.status} `;
        if (typeof body === "string" || body instanceof ArrayBuffer) take(body);
      },
      writeResponse(chunk) {
        take(chunk);
        return true;
      },
      endResponse: () => undefined,
      failResponse: (error) => {
        answer = `failed: ${error.message}`;
      },
      wantBody: () => undefined,
      cancelBody: () => undefined,
      settle: () => {
        // The entry is over, but this is its caller's stack.
        setImmediate(() => resolve(answer));
      },
    };
    const host = new URL(url).host;
    const request = { requestId, method: "GET", url, headers: `host\n${host}\n${HEADERS}`, body: undefined };
    isolate.start({ ...request, linkId: 1, streamId: 1 }, sink);
  });
}

async function waitUntil(dueMs: number): Promise<void> {
  const delayMs = dueMs - performance.now();
  if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
}

/** Between 0 and 1, the same sequence in each run (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
