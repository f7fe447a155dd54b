/**
 * Keeps the last good state of the control store in memory, for as long as a process lives.
 *
 * I1 An observer gets each state once, in order, as one new reference; what it held before stays as it was.
 * I2 While the store is away the last good state stands; the way back is a reload, after pauses that grow to a bound.
 * I3 A gap, a lower number or a new epoch is a reload too, without a word to the observer beyond the changes.
 */
import { setTimeout as delay } from "node:timers/promises";
import { isNanoError, type NanoError } from "@nano/protocol/errors";
import type { StoreChange } from "@nano/protocol/records";
import { type BackoffOptions, createBackoff } from "./backoff.ts";
import type { ControlStore } from "./control-store.ts";
import { errors, hasCode } from "./errors.ts";
import { EMPTY_STATE, type StateStep, type StoreState, stateAfterEvent, stateFromSnapshot } from "./store-state.ts";

export type { StoreState } from "./store-state.ts";

/** A feed that lasted this long was a good one: the next loss begins with the shortest pause. */
const STABLE_FEED_MS = 5000;

export interface StoreObserver {
  /** A new state, and how it differs from the last; also after each reload, where nothing may have changed. */
  onState(state: StoreState, changes: readonly StoreChange[]): void;
  /** The store has gone away; called once until it is back, which `onState` tells. */
  onStale?(error: NanoError): void;
  /** Records that did not parse were skipped: count them. */
  onSkipped?(keys: readonly string[]): void;
}

/** Follows the store until `signal` aborts. Rejects only with what an observer throws or what is not a store's error. */
export async function followStore(
  store: ControlStore,
  observer: StoreObserver & { readonly backoff?: BackoffOptions },
  signal: AbortSignal,
): Promise<void> {
  const backoff = createBackoff(observer.backoff);
  let state = EMPTY_STATE;
  let isStale = false;

  const take = (step: StateStep): void => {
    state = step.state;
    isStale = false;
    try {
      if (step.skippedKeys.length > 0) observer.onSkipped?.(step.skippedKeys);
      observer.onState(step.state, step.changes);
    } catch (cause) {
      // Not the store's doing, whatever it is: it must not pass for a lost store and be tried again.
      throw new Error("Store observer threw", { cause });
    }
  };

  while (!signal.aborted) {
    let feedSinceMs = Number.POSITIVE_INFINITY;
    try {
      take(stateFromSnapshot(state, await store.loadSnapshot()));
      feedSinceMs = performance.now();
      for await (const event of store.watchFeed(state, signal)) {
        const step = stateAfterEvent(state, event);
        if (step === null) break;
        take(step);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!isNanoError(error)) throw error;
      if (!hasCode(error, errors.FEED_GAP) && !isStale) {
        isStale = true;
        observer.onStale?.(error);
      }
    }
    // A store that answers and is lost again at once is not back yet.
    if (performance.now() - feedSinceMs >= STABLE_FEED_MS) backoff.reset();
    if (!signal.aborted) await delay(backoff.nextMs(), undefined, { signal }).catch(() => undefined);
  }
}
