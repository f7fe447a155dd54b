/**
 * The registry's view of the control store, and its only way to change it.
 *
 * I1 Work on the store takes turns within this process; a change by another process is seen by the commit's
 *    expectations, and the work is done again on the newer state.
 * I2 When a change has been made, `state` shows it: who asks next sees what was answered before.
 * I3 What a commit of this process lets go of is told before and after it.
 */
import { randomUUID } from "node:crypto";
import type { ControlStore } from "@nano/control-store/control-store";
import { hasCode, errors as storeErrors } from "@nano/control-store/errors";
import { followStore, type StoreState } from "@nano/control-store/follow-store";
import { EMPTY_STATE, stateFromSnapshot } from "@nano/control-store/store-state";
import { WakeSignal } from "@nano/control-store/wake-signal";
import type { FeedPosition, StoreSnapshot } from "@nano/protocol/records";
import type { Logger } from "@nano/service-kit/logger";
import { errors } from "../errors.ts";
import { type ReleasedArtifacts, releasedArtifacts } from "./artifact-references.ts";
import { Transaction } from "./transaction.ts";

/** How often work is done again because the store changed under it. */
const MAX_ATTEMPTS = 10;
/** How long a change may take from the store to `state` before its maker is answered all the same. */
const SETTLE_TIMEOUT_MS = 10_000;

/** Hears which artifacts commits let go of. */
export interface ReleaseObserver {
  /** The commit waits for it, and may fail after it. */
  prepare(released: ReleasedArtifacts): Promise<void>;
  take(released: ReleasedArtifacts): void;
}

export interface CatalogOptions {
  readonly logger: Logger;
  readonly releases: ReleaseObserver;
}

export class Catalog {
  readonly #store: ControlStore;
  readonly #logger: Logger;
  readonly #releases: ReleaseObserver;
  readonly #moved = new WakeSignal();
  #state: StoreState = EMPTY_STATE;
  #isStale = true;
  #skippedCount = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(store: ControlStore, options: CatalogOptions) {
    this.#store = store;
    this.#logger = options.logger;
    this.#releases = options.releases;
  }

  get state(): StoreState {
    return this.#state;
  }

  /** Whether the store is away, or has not been there yet. */
  get isStale(): boolean {
    return this.#isStale;
  }

  get skippedCount(): number {
    return this.#skippedCount;
  }

  /** The records as they are in the store now, also those that do not parse. @throws STORE_LOST */
  readSnapshot(): Promise<StoreSnapshot> {
    return this.#store.loadSnapshot();
  }

  /** Follows the store until `signal` aborts. */
  runFollow(signal: AbortSignal): Promise<void> {
    const observer = {
      onState: (state: StoreState) => {
        this.#state = state;
        this.#isStale = false;
        this.#moved.wake();
      },
      onStale: (err: unknown) => {
        this.#isStale = true;
        this.#logger.warn("control store is away", { err });
      },
      onSkipped: (keys: readonly string[]) => {
        this.#skippedCount += keys.length;
        this.#logger.warn("store records were skipped", { keys: keys.slice(0, 10), skippedCount: keys.length });
      },
    };
    return followStore(this.#store, observer, signal);
  }

  /** Waits until `test` holds for the state. False where `signal` aborted or the time is over. */
  async waitFor(test: (state: StoreState) => boolean, signal: AbortSignal, timeoutMs: number): Promise<boolean> {
    const until = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    while (this.#isStale || !test(this.#state)) {
      if (until.aborted) return false;
      await this.#moved.wait(until);
    }
    return true;
  }

  /** Waits for the next state, or until `signal` aborts. */
  whenMoved(signal: AbortSignal): Promise<void> {
    return this.#moved.wait(signal);
  }

  /** Decides on changes and commits them as one. `work` may run several times. */
  transact<T>(work: (tx: Transaction) => T): Promise<T> {
    const result = this.#turn.then(() => this.#transactNow(work));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #transactNow<T>(work: (tx: Transaction) => T): Promise<T> {
    let state = this.#isStale ? await this.#reload() : this.#state;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const tx = new Transaction(state);
      const result = work(tx);
      const { changes } = tx;
      if (changes.length === 0) return result;
      try {
        const options = { expect: tx.expectations, idempotencyKey: randomUUID() };
        const released = releasedArtifacts(state.records, changes);
        await this.#releases.prepare(released);
        await this.#settle(await this.#store.commit(changes, options));
        this.#releases.take(released);
        return result;
      } catch (error) {
        if (!hasCode(error, storeErrors.CONFLICT)) throw error;
        state = await this.#reload();
      }
    }
    throw errors.BUSY({ attemptCount: MAX_ATTEMPTS });
  }

  async #reload(): Promise<StoreState> {
    return stateFromSnapshot(this.#state, await this.#store.loadSnapshot()).state;
  }

  async #settle(position: FeedPosition): Promise<void> {
    const reached = (state: StoreState): boolean => state.epoch !== position.epoch || state.seq >= position.seq;
    const isSettled = await this.waitFor(reached, AbortSignal.any([]), SETTLE_TIMEOUT_MS);
    if (!isSettled) this.#logger.warn("change is slow to come back from the store", { seq: position.seq });
  }
}
