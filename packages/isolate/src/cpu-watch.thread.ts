/**
 * Watches the CPU of entries, see `cpu-watch.ts`. No guest ever runs here. It looks every `LOOK_MS` while entries are made, and sleeps when there
 * are none for `AWAKE_MS`.
 *
 * I1 An entry is measured from the first look that finds it: it has used at least what is measured, but for the tick that a reading may be old.
 */
import { parentPort, workerData } from "node:worker_threads";
import { CPU_CLOCK_SLACK_MS } from "./cpu-clock.ts";
import { blockOf, threadCountOf, WatchedWord, WatcherWord } from "./cpu-watch-words.ts";
import { readThreadCpuUs } from "./thread-cpu-counter.ts";

const LOOK_MS = 5;
/** While an entry is near its end. */
const CLOSE_LOOK_MS = 1;
const AWAKE_MS = 1_000;
const US_PER_MS = 1_000;

/** An entry that a look has found. */
interface SeenEntry {
  number: number;
  /** CPU of its thread then. */
  cpuUs: number | null;
}

const words = new Int32Array(workerData as SharedArrayBuffer);
const seen = Array.from({ length: threadCountOf(words) }, (): SeenEntry => ({ number: 0, cpuUs: null }));
let activeAtMs = performance.now();

Atomics.store(words, WatcherWord.ALIVE, 1);
parentPort?.postMessage("ready");
for (;;) {
  const pauseMs = look();
  if (pauseMs > 0) Atomics.wait(words, WatcherWord.PAUSE, 0, pauseMs);
  else sleep();
}

/** Answers when to look again; 0: no entries are made. */
function look(): number {
  let leastUs = LOOK_MS * US_PER_MS;
  let isActive = false;
  for (const [thread, entry] of seen.entries()) {
    const block = blockOf(thread);
    const number = Atomics.load(words, block + WatchedWord.ENTRY);
    const isNew = number !== entry.number;
    if (isNew) entry.number = number;
    isActive ||= isNew || number > 0;
    if (number <= 0) continue;
    const counter = Atomics.load(words, block + WatchedWord.COUNTER);
    const cpuUs = counter === 0 ? null : readThreadCpuUs(counter - 1);
    if (isNew) entry.cpuUs = cpuUs;
    if (cpuUs === null || entry.cpuUs === null) continue;
    const budgetUs = Atomics.load(words, block + WatchedWord.BUDGET_US) + CPU_CLOCK_SLACK_MS * US_PER_MS;
    const leftUs = budgetUs - (cpuUs - entry.cpuUs);
    if (leftUs <= 0) terminate(block, number);
    else leastUs = Math.min(leastUs, leftUs);
  }
  const nowMs = performance.now();
  if (isActive) activeAtMs = nowMs;
  else if (nowMs - activeAtMs > AWAKE_MS) return 0;
  return Math.max(CLOSE_LOOK_MS, leastUs / US_PER_MS);
}

/** An entry that is over by now keeps its end: the next one has another number. */
function terminate(block: number, number: number): void {
  const isolate = Atomics.load(words, block + WatchedWord.ISOLATE);
  if (Atomics.compareExchange(words, block + WatchedWord.ENTRY, number, -number) !== number) return;
  Atomics.store(words, block + WatchedWord.DOOMED, isolate);
  Atomics.add(words, block + WatchedWord.BELL, 1);
  Atomics.notify(words, block + WatchedWord.BELL);
}

/** Until an entry begins: whoever begins one looks whether this sleeps, and this looks once more when it says so. */
function sleep(): void {
  Atomics.store(words, WatcherWord.ASLEEP, 1);
  const isStill = seen.every((entry, thread) => {
    const number = Atomics.load(words, blockOf(thread) + WatchedWord.ENTRY);
    return number <= 0 || number === entry.number;
  });
  if (isStill) Atomics.wait(words, WatcherWord.ASLEEP, 1);
  Atomics.store(words, WatcherWord.ASLEEP, 0);
  activeAtMs = performance.now();
}
