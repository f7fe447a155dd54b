/** One context of an isolate with what the host holds for it: runs, timers, fetches. */
import type ivm from "isolated-vm";
import type { GuestRun } from "./guest-run.ts";
import type { OutboundFetch } from "./isolate.ts";

/** Timers that one context may hold at once. */
export const MAX_TIMERS = 1_000;

/** What may cross into a guest; an ArrayBuffer is copied. */
export type GuestValue = string | number | boolean | undefined | ArrayBuffer;

// biome-ignore lint/suspicious/noExplicitAny: isolated-vm's types know no ArrayBuffer argument that is copied
export type EnterReference = ivm.Reference<(...args: any[]) => undefined>;

export interface GuestTimer {
  /** The run in whose entry it was set: its CPU and its lifetime. */
  readonly owner: GuestRun | null;
  readonly cancel: () => void;
}

export interface GuestFetch {
  readonly owner: GuestRun | null;
  readonly call: OutboundFetch;
}

export class GuestContext {
  readonly runs = new Map<number, GuestRun>();
  readonly timers = new Map<number, GuestTimer>();
  readonly fetches = new Map<number, GuestFetch>();
  readonly enter: EnterReference;
  readonly #context: ivm.Context;
  isReleased = false;

  constructor(context: ivm.Context, enter: EnterReference) {
    this.#context = context;
    this.enter = enter;
  }

  /** Drops timers and fetches of a run that is over; with null, all of them. */
  dropHoldings(owner: GuestRun | null): void {
    if (this.timers.size > 0) {
      for (const [id, timer] of this.timers) {
        if (owner !== null && timer.owner !== owner) continue;
        this.timers.delete(id);
        timer.cancel();
      }
    }
    if (this.fetches.size > 0) {
      for (const [id, fetch] of this.fetches) {
        if (owner !== null && fetch.owner !== owner) continue;
        this.fetches.delete(id);
        fetch.call.cancel();
      }
    }
  }

  /** @param isIsolateAlive false: the isolate is gone, its handles with it */
  release(isIsolateAlive: boolean): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.dropHoldings(null);
    if (!isIsolateAlive) return;
    this.enter.release();
    this.#context.release();
  }
}
