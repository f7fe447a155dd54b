/**
 * Work on keys off the thread, of all apps of a worker: libuv's few threads are shared with all else that the process does.
 *
 * I1 An app has at most MAX_IN_FLIGHT_PER_APP of the threads, one of them for long work; all apps together leave one to the process.
 * I2 What an app has here is bounded in number, and what waits in bytes, too; apps take turns.
 * I3 What nobody waits for any more is not begun.
 */
import { answerOfFailure, type CryptoAnswer, type CryptoJob } from "./crypto-job.ts";

/** Of libuv's four threads. */
export const MAX_CRYPTO_IN_FLIGHT = 3;
export const MAX_CRYPTO_IN_FLIGHT_PER_APP = 2;
const MAX_LONG_IN_FLIGHT = 2;
const MAX_LONG_IN_FLIGHT_PER_APP = 1;
/** Of an app, those that wait and those that have a thread. */
export const MAX_CRYPTO_PER_APP = 64;
export const MAX_CRYPTO_QUEUED_BYTES_PER_APP = 64 * 1024 * 1024;

/** What waits for a thread, and who for it. */
export interface CryptoWaiter {
  readonly job: CryptoJob;
  /** Asked before it begins. */
  isWanted(): boolean;
  deliver(answer: CryptoAnswer): void;
}

interface Lane {
  readonly queue: CryptoWaiter[];
  queuedBytes: number;
  inFlightCount: number;
  longCount: number;
}

export class CryptoPool {
  /** By app; one with nothing to do has none. Whose turn it is next is first. */
  readonly #lanes = new Map<string, Lane>();
  #inFlightCount = 0;
  #longCount = 0;
  /** Since it was made. */
  startedCount = 0;
  refusedCount = 0;

  get inFlightCount(): number {
    return this.#inFlightCount;
  }

  get queuedCount(): number {
    let count = 0;
    for (const { queue } of this.#lanes.values()) count += queue.length;
    return count;
  }

  /**
   * False: the app has too much here already, and nothing was taken.
   * @param limitCount how many it may have, MAX_CRYPTO_PER_APP at most
   */
  submit(app: string, waiter: CryptoWaiter, limitCount: number = MAX_CRYPTO_PER_APP): boolean {
    const lane = this.#lanes.get(app) ?? { queue: [], queuedBytes: 0, inFlightCount: 0, longCount: 0 };
    const { heldBytes } = waiter.job;
    const isFull =
      lane.queue.length + lane.inFlightCount >= Math.min(limitCount, MAX_CRYPTO_PER_APP) ||
      (lane.queue.length > 0 && lane.queuedBytes + heldBytes > MAX_CRYPTO_QUEUED_BYTES_PER_APP);
    if (isFull) {
      this.refusedCount += 1;
      return false;
    }
    this.#lanes.set(app, lane);
    lane.queue.push(waiter);
    lane.queuedBytes += heldBytes;
    this.#startNext();
    return true;
  }

  #startNext(): void {
    while (this.#inFlightCount < MAX_CRYPTO_IN_FLIGHT) {
      const next = this.#takeNext();
      if (next === null) return;
      this.#start(next.app, next.lane, next.waiter);
    }
  }

  /** The first that may begin, of the apps in turn. */
  #takeNext(): { readonly app: string; readonly lane: Lane; readonly waiter: CryptoWaiter } | null {
    for (const [app, lane] of this.#lanes) {
      const waiter = lane.inFlightCount < MAX_CRYPTO_IN_FLIGHT_PER_APP ? this.#takeFrom(lane) : undefined;
      if (waiter !== undefined) {
        // It is last from now on.
        this.#lanes.delete(app);
        this.#lanes.set(app, lane);
        return { app, lane, waiter };
      }
      if (lane.queue.length === 0 && lane.inFlightCount === 0) this.#lanes.delete(app);
    }
    return null;
  }

  #takeFrom(lane: Lane): CryptoWaiter | undefined {
    const mayBeLong = this.#longCount < MAX_LONG_IN_FLIGHT && lane.longCount < MAX_LONG_IN_FLIGHT_PER_APP;
    for (let i = 0; i < lane.queue.length; i++) {
      const waiter = lane.queue[i] as CryptoWaiter;
      const isWanted = waiter.isWanted();
      if (isWanted && waiter.job.isLong && !mayBeLong) continue;
      lane.queue.splice(i--, 1);
      lane.queuedBytes -= waiter.job.heldBytes;
      if (isWanted) return waiter;
    }
    return undefined;
  }

  #start(app: string, lane: Lane, { job, deliver }: CryptoWaiter): void {
    const longCount = job.isLong ? 1 : 0;
    this.startedCount += 1;
    this.#inFlightCount += 1;
    this.#longCount += longCount;
    lane.inFlightCount += 1;
    lane.longCount += longCount;
    const finish = (answer: CryptoAnswer): void => {
      this.#inFlightCount -= 1;
      this.#longCount -= longCount;
      lane.inFlightCount -= 1;
      lane.longCount -= longCount;
      if (lane.queue.length === 0 && lane.inFlightCount === 0) this.#lanes.delete(app);
      this.#startNext();
      deliver(answer);
    };
    begin(job).then(finish, (thrown: unknown) => finish(answerOfFailure(thrown)));
  }
}

/** A job may throw where it begins, too. */
async function begin(job: CryptoJob): Promise<CryptoAnswer> {
  return await job.runLater();
}
