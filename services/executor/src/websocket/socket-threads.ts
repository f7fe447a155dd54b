/**
 * The threads that a worker has for connections.
 *
 * I1 Each is started with a permit of the supervisor, which bounds those of the node, and gives it back when it has ended.
 * I2 Whoever asks is answered: with a thread, or with null where there is none to be had.
 * I3 A burst of connections does not keep the process from the others: threads are started a few at a time.
 * I4 While connections have threads, one more is kept ready, if there is a permit for it; others that are idle end after a while.
 */
import { clearThreadRecord, MAX_RECORDED_THREADS } from "../flight-recorder.ts";
import { SocketThread, type SocketThreadOwner } from "./socket-thread.ts";
import type { ThreadStarter } from "./thread-starter.ts";

/** A thread that is not ready by then is none. */
const START_MS = 10_000;
/** Threads that start at a time: each takes a core for some 70 ms, and the main thread has to go on meanwhile. */
const MAX_STARTING_COUNT = 2;
const MAX_IDLE_COUNT = 4;
const IDLE_MS = 30_000;

export interface SocketThreadsOptions {
  /** Null: this process may have no threads. */
  readonly starter: ThreadStarter | null;
  readonly recorderFd: number;
  /** Of the process's `CpuWatcher`. @default none: entries are ended by wall time */
  readonly cpuShared?: SharedArrayBuffer | undefined;
  /** Asks for one more permit: `answer` follows. */
  want(): void;
  /** Gives one back. */
  release(): void;
  /** @default IDLE_MS */
  readonly idleMs?: number;
}

type Waiter = (thread: SocketThread | null) => void;

export class SocketThreads implements SocketThreadOwner {
  readonly #options: SocketThreadsOptions;
  readonly #waiters: Waiter[] = [];
  /** By number, those that are starting included; each with the timer of its start. */
  readonly #threads = new Map<number, SocketThread>();
  readonly #starting = new Map<SocketThread, NodeJS.Timeout>();
  /** Free ones, the longest first, each with the timer of its end. */
  readonly #idle = new Map<SocketThread, NodeJS.Timeout>();
  #askedCount = 0;

  constructor(options: SocketThreadsOptions) {
    this.#options = options;
  }

  /** Of connections, in waiting, and starting. */
  get count(): number {
    return this.#threads.size;
  }

  /** Answers a thread, which is given back by `SocketThread.free`; null: there is none left. */
  take(): Promise<SocketThread | null> {
    return new Promise((resolve) => {
      const [idle] = this.#idle.keys();
      if (idle !== undefined) {
        this.#removeIdle(idle);
        resolve(idle);
        this.#keepSpare();
        return;
      }
      this.#waiters.push(resolve);
      this.#askForWaiters();
    });
  }

  /** The supervisor has answered the oldest question. */
  answer(isGranted: boolean): void {
    this.#askedCount -= 1;
    const { starter, recorderFd, cpuShared } = this.#options;
    const number = isGranted ? this.#freeNumber() : null;
    if (number === null || starter === null) {
      if (isGranted) this.#options.release();
      // For whom none is on its way: there is none.
      while (this.#waiters.length > this.#comingCount) this.#waiters.shift()?.(null);
      return;
    }
    const thread = new SocketThread({ thread: number, recorderFd, cpuShared }, { starter, owner: this });
    this.#threads.set(number, thread);
    this.#starting.set(
      thread,
      setTimeout(() => thread.end(), START_MS),
    );
  }

  /** Ends those that are idle. */
  dispose(): void {
    for (const thread of [...this.#idle.keys()]) this.#endIdle(thread);
  }

  ready(thread: SocketThread): void {
    clearTimeout(this.#starting.get(thread));
    this.#starting.delete(thread);
    this.free(thread);
    this.#askForWaiters();
    this.#keepSpare();
  }

  free(thread: SocketThread): void {
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      waiter(thread);
      return;
    }
    this.#addIdle(thread);
    const [oldest] = this.#idle.keys();
    if (this.#idle.size > MAX_IDLE_COUNT && oldest !== undefined) this.#endIdle(oldest);
  }

  gone(thread: SocketThread): void {
    clearTimeout(this.#starting.get(thread));
    // It ends with a turn of its own loop: what that turn had still to write would be taken for a hang.
    clearThreadRecord(this.#options.recorderFd, thread.number);
    const hasStarted = !this.#starting.delete(thread);
    this.#removeIdle(thread);
    if (this.#threads.delete(thread.number)) this.#options.release();
    // One that waited for it does without: starts may go on failing.
    if (!hasStarted && this.#waiters.length > this.#comingCount) this.#waiters.shift()?.(null);
    this.#askForWaiters();
  }

  get #comingCount(): number {
    return this.#askedCount + this.#starting.size;
  }

  get #busyCount(): number {
    return this.#threads.size - this.#starting.size - this.#idle.size;
  }

  #ask(): void {
    this.#askedCount += 1;
    this.#options.want();
  }

  #askForWaiters(): void {
    while (this.#comingCount < Math.min(this.#waiters.length, MAX_STARTING_COUNT)) this.#ask();
  }

  #keepSpare(): void {
    if (this.#idle.size + this.#comingCount === 0 && this.#busyCount > 0) this.#ask();
  }

  #addIdle(thread: SocketThread): void {
    const idleMs = this.#options.idleMs ?? IDLE_MS;
    const timer = setTimeout(() => {
      this.#removeIdle(thread);
      // The spare stays while there are connections.
      if (this.#idle.size === 0 && this.#busyCount > 1) this.#addIdle(thread);
      else thread.end();
    }, idleMs);
    this.#idle.set(thread, timer.unref());
  }

  #endIdle(thread: SocketThread): void {
    this.#removeIdle(thread);
    thread.end();
  }

  #removeIdle(thread: SocketThread): void {
    clearTimeout(this.#idle.get(thread));
    this.#idle.delete(thread);
  }

  #freeNumber(): number | null {
    for (let number = 1; number < MAX_RECORDED_THREADS; number++) if (!this.#threads.has(number)) return number;
    return null;
  }
}
