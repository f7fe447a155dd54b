/** The limit of each entry of one isolate: of the CPU that its thread uses, where that is watched, and of wall time otherwise. */
import type ivm from "isolated-vm";
import type { CpuWatch } from "./cpu-watch.ts";

/** An entry may take this many times its remaining CPU in wall time, plus a grace: the thread is shared. */
const WALL_PER_CPU = 4;
const WALL_GRACE_MS = 50;
/** What is left to a watched entry before it has been ended: see `CpuWatch`. */
const ENDED_PER_CPU = 2;
const ENDED_GRACE_MS = 20;
/**
 * Time limits end at multiples of this. isolated-vm keeps the timer of each entry until its limit would have ended, and wakes a thread for it
 * then: those that end together cost one wake.
 */
const DEADLINE_GRID_MS = 32;
/** Where its request has used all of its CPU. */
const MIN_BUDGET_MS = 1;
/** isolated-vm makes no timer then. */
const NO_TIMEOUT = 0;

export class EntryLimit {
  readonly #watch: CpuWatch | null;
  readonly #isolate: ivm.Isolate;
  readonly #number: number;
  #isWatched = false;
  #wallMs = 0;

  /** @param watch null: nobody watches the CPU of this thread */
  constructor(watch: CpuWatch | null, isolate: ivm.Isolate) {
    this.#watch = watch;
    this.#isolate = isolate;
    this.#number = watch?.add(isolate) ?? 0;
  }

  /** Of its own time, in which it does not wait for a core: an entry that is not over some time later hangs. */
  hangMs(cpuMs: number, wallMs: number): number {
    if (this.#watch?.isWatching !== true) return wallMs;
    return Math.ceil(Math.max(MIN_BUDGET_MS, cpuMs) * ENDED_PER_CPU + ENDED_GRACE_MS);
  }

  /** The time to the first multiple of the grid that is as far away as so much CPU may take. */
  wallMs(cpuMs: number): number {
    const nowMs = performance.now();
    const limitMs = Math.max(MIN_BUDGET_MS, cpuMs) * WALL_PER_CPU + WALL_GRACE_MS;
    return Math.ceil(Math.ceil((nowMs + limitMs) / DEADLINE_GRID_MS) * DEADLINE_GRID_MS - nowMs);
  }

  /** Right before the entry. Answers isolated-vm's timeout of it. */
  begin(cpuMs: number, wallMs: number): number {
    this.#isWatched = this.#watch?.isWatching === true;
    this.#wallMs = wallMs;
    if (!this.#isWatched) return wallMs;
    this.#watch?.begin(this.#number, Math.max(MIN_BUDGET_MS, cpuMs));
    return NO_TIMEOUT;
  }

  /** Right after it: whether the limit ended it, and the isolate with it. */
  end(hasThrown: boolean, elapsedMs: number): boolean {
    if (this.#isWatched) return this.#watch?.end() === true;
    return hasThrown && elapsedMs >= this.#wallMs;
  }

  /** Disposes of the isolate. Idempotent. */
  dispose(): void {
    this.#watch?.remove(this.#number);
    try {
      this.#isolate.dispose();
    } catch {
      // It is disposed: by isolated-vm, or just now by the watch.
    }
  }
}
