/**
 * Ends entries that have used their CPU, by the kernel's count of their thread and however long that took. isolated-vm's own limit is of wall time:
 * it cannot tell a loop from an entry that waits for a core.
 *
 *   guest thread ── ENTRY, BUDGET ──▶ shared words ◀── looks ── watching thread (one for the process, without guests)
 *                                          └── DOOMED ──▶ terminator (an isolate without guests, one for each guest thread, on isolated-vm's
 *                                                         threads): disposes of the isolate that is entered, which ends what runs in it
 *
 * I1 Beginning and ending an entry are a few stores: no call of the kernel, and no thread wakes but one that slept since the last entry.
 * I2 Whether an entry was ended is settled by one compare-and-exchange: `end` says so exactly where the watching thread did.
 * I3 An isolate is ended only in an entry of its own: its number is never given again, and the terminator hears of the next ones in order.
 */
import { randomInt } from "node:crypto";
import { closeSync } from "node:fs";
import { Worker } from "node:worker_threads";
import ivm from "isolated-vm";
import { blockOf, createWatchWords, MAX_NUMBER, WatchedWord, WatcherWord } from "./cpu-watch-words.ts";
import { openThreadCpuCounter } from "./thread-cpu-counter.ts";

/** The watching thread's file. */
const CPU_WATCH_ENTRY = new URL("./cpu-watch.thread.ts", import.meta.url);

const TERMINATOR_MEMORY_MIB = 8;
/** Waking the terminator for each isolate would be a part of each cold start. It hears of those that wait when one of them is to be ended. */
const MAX_UNTOLD = 32;
const US_PER_MS = 1_000;
const MAX_BUDGET_US = 0x7fff_ffff;

/** It may be told to end an isolate that it has not heard of yet: it keeps that until it has. */
const TERMINATOR = `(function (shared, block, word) {
  const words = new Int32Array(shared);
  const isolates = new Map();
  let newest = 0;
  const { load, store, exchange, wait } = Atomics;
  return (generation, number, isolate, ...removed) => {
    isolates.set(newest = number, isolate);
    for (const each of removed) isolates.delete(each);
    for (;;) {
      const bell = load(words, block + word.BELL);
      if (load(words, block + word.GENERATION) !== generation) return;
      const doomed = exchange(words, block + word.DOOMED, 0);
      if (doomed > newest) { store(words, block + word.DOOMED, doomed); return; }
      if (doomed !== 0) try { isolates.get(doomed)?.dispose(); } catch {}
      wait(words, block + word.BELL, bell);
    }
  };
})`;

/** The watching thread of a process. */
export class CpuWatcher {
  /** For `CpuWatch.open`, on every thread of the process. */
  readonly shared: SharedArrayBuffer;
  readonly #thread: Worker;

  /** Needs the right to start a thread. @param options.entry that file, or what was built of it @param options.threadCount guest threads that there may be */
  static async open({ entry = CPU_WATCH_ENTRY, threadCount = 1 } = {}): Promise<CpuWatcher> {
    const shared = createWatchWords(threadCount);
    const thread = new Worker(entry, { workerData: shared, env: {} });
    await new Promise<void>((resolve, reject) => {
      thread.once("message", () => resolve());
      thread.once("error", reject);
    });
    return new CpuWatcher(thread, shared);
  }

  private constructor(thread: Worker, shared: SharedArrayBuffer) {
    this.#thread = thread;
    this.shared = shared;
    const over = (): void => {
      Atomics.store(new Int32Array(shared), WatcherWord.ALIVE, 0);
    };
    // From now on entries have isolated-vm's limit again.
    thread.once("error", over).once("exit", over).unref();
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }
}

/** Adds an isolate, forgets those that are no more, and waits until the generation is over. */
type Watch = (generation: number, number: number, isolate: ivm.Isolate, ...removed: number[]) => void;

/** The watch over one guest thread, for its own use. */
export class CpuWatch {
  readonly #words: Int32Array;
  readonly #block: number;
  readonly #counter: number;
  readonly #terminator: ivm.Isolate;
  readonly #watch: ivm.Reference<Watch>;
  #nextIsolate = 1;
  /** At random: the watching thread must not take an entry for one of the thread that had this block before. */
  #nextEntry = 1 + randomInt(MAX_NUMBER);
  #removed: number[] = [];
  readonly #onExit = (): void => this.close();
  #isClosed = false;
  #generation: number;
  /** Isolates that the terminator has been called for since it was made to listen. */
  #untold = 0;

  /** Null: this kernel does not tell what a thread used. @param thread its number, from 0 */
  static open(shared: SharedArrayBuffer, thread: number): CpuWatch | null {
    const counter = openThreadCpuCounter();
    return counter === null ? null : new CpuWatch(shared, thread, counter);
  }

  private constructor(shared: SharedArrayBuffer, thread: number, counter: number) {
    this.#words = new Int32Array(shared);
    this.#block = blockOf(thread);
    this.#counter = counter;
    this.#generation = Atomics.load(this.#words, this.#block + WatchedWord.GENERATION);
    this.#terminator = new ivm.Isolate({ memoryLimit: TERMINATOR_MEMORY_MIB });
    const context = this.#terminator.createContextSync();
    this.#watch = context.evalClosureSync(
      `return ${TERMINATOR}($0, $1, $2);`,
      [new ivm.ExternalCopy(shared).copyInto(), this.#block, new ivm.ExternalCopy(WatchedWord).copyInto()],
      { result: { reference: true } },
    ) as ivm.Reference<Watch>;
    // A process that ends waits for all of isolated-vm's threads.
    process.once("exit", this.#onExit);
    // Who had the block before may have ended within an entry.
    for (const word of [WatchedWord.ENTRY, WatchedWord.DOOMED]) Atomics.store(this.#words, this.#block + word, 0);
    Atomics.store(this.#words, this.#block + WatchedWord.COUNTER, counter + 1);
  }

  /** False: its thread is gone, and nothing ends entries here. */
  get isWatching(): boolean {
    return Atomics.load(this.#words, WatcherWord.ALIVE) === 1;
  }

  /** Answers the number that an isolate is entered by. Does not wait: the terminator hears of it on its own thread. */
  add(isolate: ivm.Isolate): number {
    if (this.#isClosed) return 0;
    const number = this.#nextIsolate;
    this.#nextIsolate = number + 1;
    const removed = this.#removed;
    this.#removed = [];
    this.#untold += 1;
    if (this.#untold === MAX_UNTOLD) this.#recall();
    this.#watch.applyIgnored(undefined, [this.#generation, number, isolate, ...removed]);
    return number;
  }

  /** The isolate is no more; the terminator hears of it with the next one. */
  remove(number: number): void {
    this.#removed.push(number);
  }

  /** Before an entry. */
  begin(isolate: number, budgetMs: number): void {
    const words = this.#words;
    const block = this.#block;
    const entry = this.#nextEntry;
    this.#nextEntry = entry === MAX_NUMBER ? 1 : entry + 1;
    words[block + WatchedWord.ISOLATE] = isolate;
    words[block + WatchedWord.BUDGET_US] = Math.min(MAX_BUDGET_US, Math.ceil(budgetMs * US_PER_MS));
    Atomics.store(words, block + WatchedWord.ENTRY, entry);
    if (Atomics.load(words, WatcherWord.ASLEEP) === 0) return;
    Atomics.store(words, WatcherWord.ASLEEP, 0);
    Atomics.notify(words, WatcherWord.ASLEEP);
  }

  /** After it. True: it has used its budget, and its isolate is being ended. */
  end(): boolean {
    return Atomics.exchange(this.#words, this.#block + WatchedWord.ENTRY, 0) < 0;
  }

  /** Not from within an entry. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    process.removeListener("exit", this.#onExit);
    Atomics.store(this.#words, this.#block + WatchedWord.COUNTER, 0);
    this.#recall();
    this.#terminator.dispose();
    closeSync(this.#counter);
  }

  /** Ends the terminator's waiting: it hears of all isolates that wait for it. */
  #recall(): void {
    this.#untold = 0;
    this.#generation = (Atomics.add(this.#words, this.#block + WatchedWord.GENERATION, 1) + 1) | 0;
    Atomics.add(this.#words, this.#block + WatchedWord.BELL, 1);
    Atomics.notify(this.#words, this.#block + WatchedWord.BELL);
  }
}
