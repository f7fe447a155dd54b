/**
 * When an isolate is replaced by a fresh one, before its garbage or a leak costs a request something.
 *
 * Replacing is also how the contexts of past requests are collected: V8 offers a full collection only to those who run out of memory, and
 * one took 70 to 100 ms where a restore of the same heap (4 MiB) took 10 to 40, on the same busy machine.
 *
 * I1 At most once in `RECYCLE_INTERVAL_MS`, and never one that is not larger than it began, unless requests wore it out: a fresh one may be as
 *    slow, and restores are on nobody's CPU limit.
 * I2 The fresh isolate is there before the old one goes: no request finds none.
 */
import type { IsolationMode } from "@nano/protocol/manifest";

const MIB = 1024 * 1024;
/** An isolate this near to its memory limit is replaced. */
const FULL_MEMORY_RATIO = 0.8;
/** A full one that has not grown by this much would be full again at once. */
const GROWN_RATIO = 1.25;
/** Garbage of contexts is worth a restore from here: so many times what the isolate began with, and so many bytes. */
const LITTERED_RATIO = 2;
const LITTERED_BYTES = 4 * MIB;
export const RECYCLE_INTERVAL_MS = 10_000;

/** `worn`: a request in it used more than the soft share of its CPU limit. */
export type RecycleReason = "worn" | "full" | "littered";

export interface RecyclingOptions {
  readonly isolation: IsolationMode;
  readonly memoryBytes: number;
  /** Heap of the isolate that takes requests; 0: there is none. */
  measure(): number;
  /** Whether this is a moment to replace it. */
  canRecycle(why: RecycleReason): boolean;
  recycle(): void;
}

export class IsolateRecycling {
  readonly #options: RecyclingOptions;
  #freshBytes = 0;
  #isWorn = false;
  #recycledMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: RecyclingOptions) {
    this.#options = options;
  }

  /** A fresh isolate takes requests: the next look measures what it begins with. */
  restored(): void {
    this.#freshBytes = 0;
    this.#isWorn = false;
  }

  /** Plans a replacement where the isolate's size asks for one. */
  look(bytes: number): void {
    if (this.#freshBytes === 0) this.#freshBytes = bytes;
    if (this.#reasonFor(bytes) !== null) this.#plan();
  }

  /** Plans one whatever its size is. */
  wear(): void {
    this.#isWorn = true;
    this.#plan();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#isWorn = false;
  }

  #plan(): void {
    if (this.#timer !== null) return;
    const delayMs = Math.max(0, this.#recycledMs + RECYCLE_INTERVAL_MS - performance.now());
    this.#timer = setTimeout(() => this.#recycle(), delayMs).unref();
  }

  #recycle(): void {
    this.#timer = null;
    const { measure, canRecycle, recycle } = this.#options;
    const why = this.#reasonFor(measure());
    if (why === null || !canRecycle(why)) return;
    this.#recycledMs = performance.now();
    recycle();
  }

  #reasonFor(bytes: number): RecycleReason | null {
    if (this.#isWorn) return "worn";
    if (this.#isFull(bytes)) return "full";
    return this.#isLittered(bytes) ? "littered" : null;
  }

  #isFull(bytes: number): boolean {
    return bytes > this.#options.memoryBytes * FULL_MEMORY_RATIO && bytes > this.#freshBytes * GROWN_RATIO;
  }

  /** In app mode what an isolate has grown by is the app's own. */
  #isLittered(bytes: number): boolean {
    if (this.#options.isolation === "app") return false;
    return bytes > this.#freshBytes * LITTERED_RATIO && bytes > this.#freshBytes + LITTERED_BYTES;
  }
}
