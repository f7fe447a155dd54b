/**
 * What a process's guest threads share with the thread that watches their CPU: 32-bit words. The first block is the watching thread's, then one for
 * each guest thread by its number.
 */

const BLOCK_WORDS = 16;

/** Of the watching thread. */
export const WatcherWord = {
  /** 1 while it runs. */
  ALIVE: 0,
  /** 1 while it sleeps until an entry begins. */
  ASLEEP: 1,
  /** Never changes: what it waits on between two looks. */
  PAUSE: 2,
} as const;

/** Of a guest thread, from where its block begins. */
export const WatchedWord = {
  /** The number of the running entry; 0: none; negative: that entry has used its CPU, and its isolate is being ended. */
  ENTRY: 0,
  /** CPU that the running entry may use, in µs. */
  BUDGET_US: 1,
  /** The number of the isolate that is entered. */
  ISOLATE: 2,
  /** A descriptor to what the kernel counts of the thread, and 1; 0: nobody is to watch it. */
  COUNTER: 3,
  /** The number of the isolate that is to be ended; 0: none. */
  DOOMED: 4,
  /** One more for each set of isolates that its terminator is told of. */
  GENERATION: 5,
  /** Changes with `DOOMED` and `GENERATION`: what its terminator waits on. */
  BELL: 6,
} as const;

/** The highest number of an entry or isolate. */
export const MAX_NUMBER = 0x7ffffffe;

export function createWatchWords(threadCount: number): SharedArrayBuffer {
  return new SharedArrayBuffer((1 + threadCount) * BLOCK_WORDS * Int32Array.BYTES_PER_ELEMENT);
}

/** Where a guest thread's block begins. */
export function blockOf(thread: number): number {
  return (1 + thread) * BLOCK_WORDS;
}

export function threadCountOf(words: Int32Array): number {
  return words.length / BLOCK_WORDS - 1;
}
