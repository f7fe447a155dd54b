/** Wakes everyone who waits for something to have changed. Whoever wakes looks again: a wake carries nothing. */
export class WakeSignal {
  readonly #waiters = new Set<() => void>();

  wake(): void {
    for (const resolve of [...this.#waiters]) resolve();
  }

  /** Until the next `wake`, the abort of `signal`, or `timeoutMs`. Look first, then wait without an await between. */
  wait(signal: AbortSignal, timeoutMs?: number): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiters.delete(done);
        signal.removeEventListener("abort", done);
        clearTimeout(timer);
        resolve();
      };
      const timer = timeoutMs === undefined ? undefined : setTimeout(done, timeoutMs);
      this.#waiters.add(done);
      signal.addEventListener("abort", done);
    });
  }
}
