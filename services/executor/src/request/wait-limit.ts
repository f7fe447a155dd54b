/** Ends waits that take too long: one timer for all that wait under the same limit. */

export class WaitLimit<Waiter> {
  readonly #limitMs: number;
  readonly #onLate: (waiter: Waiter) => void;
  /** Since when each waits, the longest first. */
  readonly #since = new Map<Waiter, number>();
  #timer: NodeJS.Timeout | null = null;

  /** @param onLate called once for each whose wait took so long; it does not wait any more by then */
  constructor(limitMs: number, onLate: (waiter: Waiter) => void) {
    this.#limitMs = limitMs;
    this.#onLate = onLate;
  }

  get size(): number {
    return this.#since.size;
  }

  get waiters(): Waiter[] {
    return [...this.#since.keys()];
  }

  has(waiter: Waiter): boolean {
    return this.#since.has(waiter);
  }

  /** @param sinceMs by `performance.now()`, not before that of another one */
  begin(waiter: Waiter, sinceMs: number): void {
    this.#since.set(waiter, sinceMs);
  }

  /** A wait that began did not end at once: from now on it ends by itself. */
  watch(waiter: Waiter): void {
    if (this.#timer === null && this.#since.has(waiter)) this.#look();
  }

  /** False: it does not wait. */
  end(waiter: Waiter): boolean {
    return this.#since.delete(waiter);
  }

  /** Ends a wait that took too long, if no timer has yet. Answers whether it did. */
  endLate(waiter: Waiter): boolean {
    const sinceMs = this.#since.get(waiter);
    if (sinceMs === undefined || performance.now() - sinceMs < this.#limitMs) return false;
    this.#since.delete(waiter);
    this.#onLate(waiter);
    return true;
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    this.#timer = null;
    const nowMs = performance.now();
    for (const [waiter, sinceMs] of this.#since) {
      const remainingMs = sinceMs + this.#limitMs - nowMs;
      if (remainingMs > 0) {
        this.#timer = setTimeout(() => this.#look(), remainingMs);
        return;
      }
      this.#since.delete(waiter);
      this.#onLate(waiter);
    }
  }
}
