/**
 * Open-loop load: requests begin at a fixed rate whatever becomes of the earlier ones, and latency counts from the intended start. Every
 * answer is checked; what fails is told apart by whether its client could expect better.
 */
import { createHash } from "node:crypto";
import type { Answer } from "./nano-process.ts";

/** One request of a mix. */
export interface LoadShot {
  readonly name: string;
  /** Rejects where the connection fails. */
  send(): Promise<Answer>;
  /** Null where the answer is right, else what is wrong with it. */
  check(answer: Answer): string | null;
}

export interface LoadOptions {
  readonly requestsPerSecond: number;
  readonly durationMs: number;
  /** The n-th request. */
  shot(index: number): LoadShot;
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
  /** 502 `worker_lost` and `isolate_lost`: the one inside a dead worker, and entered requests that may not be run again. */
  readonly lost: readonly LoadFailure[];
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

const NOT_RETRYABLE = new Set(["worker_lost", "isolate_lost"]);

export async function runLoad({ requestsPerSecond, durationMs, shot }: LoadOptions): Promise<LoadReport> {
  const failures: LoadFailure[] = [];
  const lost: LoadFailure[] = [];
  const latenciesMs: number[] = [];
  const inFlight: Promise<void>[] = [];
  const startMs = performance.now();
  const total = Math.floor((requestsPerSecond * durationMs) / 1000);

  const fire = async (index: number, intendedMs: number): Promise<void> => {
    const { name, send, check } = shot(index);
    const fail = (list: LoadFailure[], what: string): void => {
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
      fail(failures, error instanceof Error ? error.message : String(error));
    }
    latenciesMs.push(performance.now() - intendedMs);
  };

  await new Promise<void>((resolve) => {
    let sent = 0;
    const tick = (): void => {
      const due = Math.min(total, Math.floor(((performance.now() - startMs) * requestsPerSecond) / 1000));
      for (; sent < due; sent++) inFlight.push(fire(sent, startMs + (sent * 1000) / requestsPerSecond));
      if (sent < total) return;
      clearInterval(timer);
      resolve();
    };
    const timer = setInterval(tick, 2);
  });
  await Promise.all(inFlight);
  latenciesMs.sort((a, b) => a - b);
  const at = (ratio: number): number =>
    latenciesMs[Math.min(latenciesMs.length - 1, Math.floor(latenciesMs.length * ratio))] ?? 0;
  return { requests: total, failures, lost, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
