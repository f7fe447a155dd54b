/**
 * Open-loop load: requests begin at a fixed rate whatever becomes of the earlier ones, and latency counts from the intended start. Every
 * answer is checked; what fails is told apart by whether its client could expect better.
 */
import { createHash } from "node:crypto";
import type { Answer, LostRequest } from "./http-answer.ts";

/** One request of a mix. */
export interface LoadShot {
  readonly name: string;
  /** Takes long by its nature: no latency is taken of it. @default false */
  readonly isLong?: boolean;
  /** Rejects where the connection fails. */
  send(): Promise<Answer>;
  /** Null where the answer is right, else what is wrong with it. */
  check(answer: Answer): string | null;
}

export interface LoadOptions {
  readonly requestsPerSecond: number;
  readonly durationMs: number;
  /** Asked from then on: it goes on until this is so. @default at once */
  isOver?(): boolean;
  /** The n-th request. */
  shot(index: number): LoadShot;
  /** Whether a connection was lost with its server, which the load was told of: not a failure of what is left. @default none */
  isExcused?(error: Error): boolean;
}

export interface LoadFailure {
  readonly name: string;
  readonly atMs: number;
  readonly what: string;
}

export interface LoadReport {
  readonly requests: number;
  /** Retryable requests that failed: there must be none. */
  readonly failures: readonly LoadFailure[];
  /**
   * What nobody could run again: 502 `worker_lost` and `isolate_lost` (the one inside a dead worker, and entered requests that may not
   * be), answers that had begun, and what was lost with its server.
   */
  readonly lost: readonly LoadFailure[];
  /** In the order of their ends. */
  readonly ends: readonly LoadEnd[];
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** How one request ended, in ms since the load began. */
export interface LoadEnd {
  readonly intendedMs: number;
  readonly endedMs: number;
  readonly isLong: boolean;
  readonly isRight: boolean;
}

const NOT_RETRYABLE = new Set(["worker_lost", "isolate_lost"]);

export async function runLoad(options: LoadOptions): Promise<LoadReport> {
  const { requestsPerSecond, durationMs, shot, isOver = () => true, isExcused = () => false } = options;
  const failures: LoadFailure[] = [];
  const lost: LoadFailure[] = [];
  const ends: LoadEnd[] = [];
  const inFlight: Promise<void>[] = [];
  const startMs = performance.now();
  let total = 0;

  const fire = async (index: number, intendedMs: number): Promise<void> => {
    const { name, send, check, isLong = false } = shot(index);
    let isRight = true;
    const fail = (list: LoadFailure[], what: string): void => {
      isRight = false;
      list.push({ name, atMs: Math.round(intendedMs - startMs), what });
    };
    try {
      const answer = await send();
      const reason = String(answer.headers["x-nano-error"] ?? "");
      if (answer.status === 502 && NOT_RETRYABLE.has(reason)) fail(lost, `502 ${reason}`);
      else {
        const wrong = check(answer);
        if (wrong !== null) fail(failures, wrong);
      }
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const hasBegun = (error as Partial<LostRequest>).hasBegun === true;
      fail(hasBegun || isExcused(error) ? lost : failures, `${hasBegun ? "after its head: " : ""}${error.message}`);
    }
    ends.push({ intendedMs: intendedMs - startMs, endedMs: performance.now() - startMs, isLong, isRight });
  };

  await new Promise<void>((resolve) => {
    const tick = (): void => {
      const elapsedMs = performance.now() - startMs;
      const isLast = elapsedMs >= durationMs && isOver();
      // The load ends at its time, also where the last look is late.
      const untilMs = isLast && options.isOver === undefined ? durationMs : elapsedMs;
      const due = Math.floor((untilMs * requestsPerSecond) / 1000);
      for (; total < due; total++) inFlight.push(fire(total, startMs + (total * 1000) / requestsPerSecond));
      if (!isLast) return;
      clearInterval(timer);
      resolve();
    };
    const timer = setInterval(tick, 2);
  });
  await Promise.all(inFlight);
  const short = ends.filter(({ isLong }) => !isLong);
  const latenciesMs = short.map(({ intendedMs, endedMs }) => endedMs - intendedMs).sort((a, b) => a - b);
  const at = (ratio: number): number =>
    latenciesMs[Math.min(latenciesMs.length - 1, Math.floor(latenciesMs.length * ratio))] ?? 0;
  return { requests: total, failures, lost, ends, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
