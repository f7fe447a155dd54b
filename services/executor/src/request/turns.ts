/**
 * Shares a worker's one thread between its apps: lanes with waiting requests take turns, one request each.
 *
 * I1 A slice of turns ends after `SLICE_MS`, so that sockets are read and written between slices.
 */

/** What takes turns. */
export interface TurnTaker {
  /** Begins one waiting request. Answers whether another could begin at once. */
  takeTurn(): boolean;
}

/** Longer than a burst of quick requests takes, shorter than anyone notices. */
const SLICE_MS = 4;

export class Turns {
  readonly #waiting: TurnTaker[] = [];
  readonly #isWaiting = new Set<TurnTaker>();
  readonly #runSlice = (): void => this.#slice();
  #isPlanned = false;
  #isInSlice = false;

  /** Queues a taker that has something to begin, and begins at once where nobody is ahead of it. */
  ask(taker: TurnTaker): void {
    if (this.#isWaiting.has(taker)) return;
    this.#isWaiting.add(taker);
    this.#waiting.push(taker);
    if (!this.#isInSlice && !this.#isPlanned) this.#slice();
  }

  #slice(): void {
    this.#isPlanned = false;
    this.#isInSlice = true;
    try {
      this.#takeTurns(performance.now() + SLICE_MS);
    } finally {
      this.#isInSlice = false;
      if (this.#waiting.length > 0) {
        this.#isPlanned = true;
        setImmediate(this.#runSlice);
      }
    }
  }

  #takeTurns(endMs: number): void {
    let taker = this.#waiting.shift();
    while (taker !== undefined) {
      this.#isWaiting.delete(taker);
      if (taker.takeTurn() && !this.#isWaiting.has(taker)) {
        this.#isWaiting.add(taker);
        this.#waiting.push(taker);
      }
      if (performance.now() >= endMs) break;
      taker = this.#waiting.shift();
    }
  }
}
