/**
 * Build children, one of them started ahead: a build does not wait for a process to start and load V8's bindings.
 *
 * I1 A child is given out once; the next is started at that moment, so there is at most one that waits.
 * I2 `close` leaves no process.
 */
import { BuildChild } from "./build-child.ts";

export class BuildChildren {
  readonly #spareCount: 0 | 1;
  readonly #taken = new Set<BuildChild>();
  #spare: BuildChild | null = null;
  #isClosed = false;

  /** @param options.spareCount 0: each is started when it is taken */
  constructor(options: { readonly spareCount: 0 | 1 }) {
    this.#spareCount = options.spareCount;
    this.#startSpare();
  }

  /** A child for one job. Give it back by `release`, ended or not. */
  take(): BuildChild {
    const child = this.#spare?.isUsable === true ? this.#spare : new BuildChild();
    this.#taken.add(child);
    this.#spare = null;
    this.#startSpare();
    return child;
  }

  async release(child: BuildChild): Promise<void> {
    await child.dispose();
    this.#taken.delete(child);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const all = [...this.#taken, ...(this.#spare === null ? [] : [this.#spare])];
    await Promise.all(all.map((child) => child.dispose()));
    this.#spare = null;
  }

  #startSpare(): void {
    if (this.#spareCount > 0 && !this.#isClosed) this.#spare = new BuildChild();
  }
}
