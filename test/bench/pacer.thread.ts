/**
 * Wakes its parent when the next request is due. A thread of its own, since a timer of Node's event loop has no more than a millisecond's
 * resolution, and a loop that spins takes a core from what is measured.
 */
import { parentPort, workerData } from "node:worker_threads";

/** Wakes at most so often, for a wake-up takes 70 µs of CPU on two threads: what is due together is sent together. */
const LEAST_INTERVAL_MS = 0.5;

export interface PacerData {
  readonly requestsPerSecond: number;
}

const { requestsPerSecond } = workerData as PacerData;
const intervalMs = Math.max(LEAST_INTERVAL_MS, 1000 / requestsPerSecond);
const sleeper = new Int32Array(new SharedArrayBuffer(4));
let nextMs = performance.now();

for (;;) {
  nextMs += intervalMs;
  const waitMs = nextMs - performance.now();
  if (waitMs > 0) Atomics.wait(sleeper, 0, 0, waitMs);
  parentPort?.postMessage(null);
}
