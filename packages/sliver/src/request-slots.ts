/** Bounds how many requests run at a time, and how many wait for their turn. First come, first served. */

/** Those that wait hold what they are to write. */
export const MAX_WAITING_COUNT = 10_000;

export class RequestSlots {
  readonly #concurrentCount: number;
  readonly #waiting: (() => void)[] = [];
  #runningCount = 0;

  constructor(concurrentCount: number) {
    this.#concurrentCount = concurrentCount;
  }

  get runningCount(): number {
    return this.#runningCount;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** Null where too many wait already; otherwise takes a slot as soon as there is one, and answers how to give it back. */
  async take(): Promise<(() => void) | null> {
    if (this.#runningCount < this.#concurrentCount) {
      this.#runningCount += 1;
    } else {
      if (this.#waiting.length >= MAX_WAITING_COUNT) return null;
      // Whoever leaves hands its slot on: the count stays.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return () => this.#giveBack();
  }

  #giveBack(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#runningCount -= 1;
    else next();
  }
}
