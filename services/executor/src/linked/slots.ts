/**
 * How many operations run at once, of an app and of all: fetches that hold a connection, WebSockets, operations on caches. Further ones wait in
 * order of arrival.
 *
 * I1 Every slot that was given is released once; what releases it twice changes nothing.
 * I2 An app's operations wait only behind those that could run: one app at its limit holds up nobody else.
 */

/** How many run at once, and how many wait. */
export interface SlotLimits {
  readonly perAppCount: number;
  readonly totalCount: number;
  readonly queuedPerAppCount: number;
  readonly queueTimeoutMs: number;
  /** What is thrown where there is no place. */
  fullError(details: { scope: "app" | "node"; limitCount: number }): Error;
}

interface Waiting {
  readonly app: string;
  readonly resolve: (slot: Disposable) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

export class Slots {
  readonly #limits: SlotLimits;
  readonly #running = new Map<string, number>();
  readonly #waiting = new Set<Waiting>();
  readonly #waitingPerApp = new Map<string, number>();
  #runningCount = 0;

  constructor(limits: SlotLimits) {
    this.#limits = limits;
  }

  get runningCount(): number {
    return this.#runningCount;
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** @throws `fullError` where the queue is full or the wait too long; the signal's reason where it aborts */
  async acquire(app: string, signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    if (this.#hasRoom(app)) return this.#take(app);
    if ((this.#waitingPerApp.get(app) ?? 0) >= this.#limits.queuedPerAppCount) throw this.#tooBusy(app);
    return new Promise<Disposable>((resolve, reject) => {
      const abort = () => giveUp(signal.reason as Error);
      const waiting: Waiting = {
        app,
        resolve: (slot) => {
          signal.removeEventListener("abort", abort);
          resolve(slot);
        },
        reject,
        timer: setTimeout(() => giveUp(this.#tooBusy(app)), this.#limits.queueTimeoutMs),
      };
      const giveUp = (error: Error) => {
        signal.removeEventListener("abort", abort);
        this.#leaveQueue(waiting);
        reject(error);
      };
      signal.addEventListener("abort", abort, { once: true });
      this.#waiting.add(waiting);
      count(this.#waitingPerApp, app, 1);
    });
  }

  #hasRoom(app: string): boolean {
    return this.#runningCount < this.#limits.totalCount && (this.#running.get(app) ?? 0) < this.#limits.perAppCount;
  }

  #take(app: string): Disposable {
    this.#runningCount += 1;
    count(this.#running, app, 1);
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#runningCount -= 1;
        count(this.#running, app, -1);
        this.#admitNext();
      },
    };
  }

  #admitNext(): void {
    for (const waiting of this.#waiting) {
      if (!this.#hasRoom(waiting.app)) continue;
      this.#leaveQueue(waiting);
      waiting.resolve(this.#take(waiting.app));
      return;
    }
  }

  #leaveQueue(waiting: Waiting): void {
    if (!this.#waiting.delete(waiting)) return;
    clearTimeout(waiting.timer);
    count(this.#waitingPerApp, waiting.app, -1);
  }

  #tooBusy(app: string): Error {
    const isAppFull = (this.#running.get(app) ?? 0) >= this.#limits.perAppCount;
    return this.#limits.fullError(
      isAppFull
        ? { scope: "app", limitCount: this.#limits.perAppCount }
        : { scope: "node", limitCount: this.#limits.totalCount },
    );
  }
}

/** Entries at zero leave the map, so that it is as large as the work at hand. */
function count(counts: Map<string, number>, key: string, change: number): void {
  const next = (counts.get(key) ?? 0) + change;
  if (next === 0) counts.delete(key);
  else counts.set(key, next);
}
