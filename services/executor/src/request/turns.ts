/**
 * Shares a worker's one thread between its apps: lanes with waiting requests take turns, one request each.
 *
 * I1 Slices of turns take `SLICE_MS` of one turn of the event loop, all together, so that sockets are read and written between them: what one
 *    read of a socket brings may be more than that.
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
  /** When the slices of this turn of the event loop are over; 0: there was none. */
  #endMs = 0;
  readonly #endTick = (): void => {
    this.#endMs = 0;
  };

  /** Queues a taker that has something to begin, and begins at once where nobody is ahead of it. */
  ask(taker: TurnTaker): void {
    if (this.#isWaiting.has(taker)) return;
    this.#isWaiting.add(taker);
    this.#waiting.push(taker);
    if (this.#isInSlice || this.#isPlanned) return;
    if (this.#endMs > 0 && performance.now() >= this.#endMs) this.#plan();
    else this.#slice();
  }

  #slice(): void {
    this.#isPlanned = false;
    this.#isInSlice = true;
    if (this.#endMs === 0) {
      this.#endMs = performance.now() + SLICE_MS;
      setImmediate(this.#endTick);
    }
    try {
      this.#takeTurns(this.#endMs);
    } finally {
      this.#isInSlice = false;
      if (this.#waiting.length > 0) this.#plan();
    }
  }

  #plan(): void {
    this.#isPlanned = true;
    setImmediate(this.#runSlice);
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
