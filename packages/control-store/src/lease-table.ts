/** Deadlines by key, with one timer for the nearest of them. */
export class LeaseTable {
  readonly #deadlinesMs = new Map<string, number>();
  readonly #onExpired: (keys: readonly string[]) => void;
  #timer: NodeJS.Timeout | null = null;
  #wakeAtMs = Number.POSITIVE_INFINITY;

  /** @param onExpired called with the keys whose deadline has passed; they are forgotten already */
  constructor(onExpired: (keys: readonly string[]) => void) {
    this.#onExpired = onExpired;
  }

  renew(key: string, ttlMs: number): void {
    const deadlineMs = performance.now() + ttlMs;
    this.#deadlinesMs.set(key, deadlineMs);
    if (deadlineMs < this.#wakeAtMs) this.#arm(deadlineMs);
  }

  forget(key: string): void {
    this.#deadlinesMs.delete(key);
  }

  close(): void {
    this.#deadlinesMs.clear();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #arm(wakeAtMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#wakeAtMs = wakeAtMs;
    this.#timer = setTimeout(() => this.#expire(), Math.max(0, Math.ceil(wakeAtMs - performance.now())));
  }

  #expire(): void {
    const nowMs = performance.now();
    const expired: string[] = [];
    let nearestMs = Number.POSITIVE_INFINITY;
    for (const [key, deadlineMs] of this.#deadlinesMs) {
      if (deadlineMs <= nowMs) expired.push(key);
      else nearestMs = Math.min(nearestMs, deadlineMs);
    }
    for (const key of expired) this.#deadlinesMs.delete(key);
    this.#timer = null;
    this.#wakeAtMs = Number.POSITIVE_INFINITY;
    if (nearestMs !== Number.POSITIVE_INFINITY) this.#arm(nearestMs);
    if (expired.length > 0) this.#onExpired(expired);
  }
}
