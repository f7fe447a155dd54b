/**
 * Build children, started ahead: a build does not wait for processes to start and load V8's bindings.
 *
 * I1 A child is given out once; at most `spareCount` wait.
 * I2 Those that wait are replaced when builds have been over for `REFILL_AFTER_MS`: a start takes as much processor
 *    time as a small build, and what was built is just being taken up by routers and executors. Where builds follow on
 *    each other, a step that has to start its child starts that of the next step, too.
 * I3 `close` leaves no process.
 */
import { BuildChild } from "./build-child.ts";

/** One makes the heap, one probes it. */
export const BUILD_STEPS = 2;
const REFILL_AFTER_MS = 60;

export class BuildChildren {
  readonly #spareCount: number;
  readonly #taken = new Set<BuildChild>();
  #spares: BuildChild[] = [];
  #refillTimer: NodeJS.Timeout | null = null;
  #isClosed = false;

  /** @param options.spareCount 0: each is started when it is taken */
  constructor(options: { readonly spareCount: number }) {
    this.#spareCount = options.spareCount;
    this.#refill();
  }

  /** A child for one job. Give it back by `release`, ended or not. */
  take(): BuildChild {
    this.#stopTimer();
    this.#spares = this.#spares.filter((spare) => spare.isUsable);
    const spare = this.#spares.shift();
    const child = spare ?? new BuildChild();
    this.#taken.add(child);
    if (spare === undefined && this.#spareCount > 0 && !this.#isClosed) this.#spares.push(new BuildChild());
    return child;
  }

  async release(child: BuildChild): Promise<void> {
    await child.dispose();
    this.#taken.delete(child);
    this.#stopTimer();
    if (this.#taken.size === 0 && !this.#isClosed) {
      this.#refillTimer = setTimeout(() => this.#refill(), REFILL_AFTER_MS);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopTimer();
    const all = [...this.#taken, ...this.#spares];
    this.#spares = [];
    await Promise.all(all.map((child) => child.dispose()));
  }

  #refill(): void {
    this.#spares = this.#spares.filter((spare) => spare.isUsable);
    while (this.#spares.length < this.#spareCount) this.#spares.push(new BuildChild());
  }

  #stopTimer(): void {
    if (this.#refillTimer !== null) clearTimeout(this.#refillTimer);
    this.#refillTimer = null;
  }
}
