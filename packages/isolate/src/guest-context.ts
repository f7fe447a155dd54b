/** One context of an isolate with what the host holds for it: runs, timers, fetches, codecs. */
import type ivm from "isolated-vm";
import { survives } from "./body-passing.ts";
import type { BodyPipe } from "./body-pipe.ts";
import type { GuestRun } from "./guest-run.ts";
import type { OutboundFetch } from "./isolate.ts";
import type { OutboundSocket } from "./outbound-socket.ts";

/** Timers that a top level may have set. Of a context, `limits.timers`. */
export const MAX_TIMERS = 1_000;

/** What may cross into a guest; an ArrayBuffer is copied. */
export type GuestValue = string | number | boolean | undefined | ArrayBuffer;

// biome-ignore lint/suspicious/noExplicitAny: isolated-vm's types know no ArrayBuffer argument that is copied
export type EnterReference = ivm.Reference<(...args: any[]) => undefined>;

/**
 * What a run has under way. In app mode an entry of one run may go on with the code of another, so who made it is a guess: when its
 * owner is over, it passes to the oldest run that may have made it.
 */
export interface Holding {
  /** Its CPU and its lifetime; null: made on nobody's behalf. */
  owner: GuestRun | null;
  /** The newest run when it was made: later ones did not make it. */
  readonly newestRunId: number;
}

export interface GuestTimer extends Holding {
  readonly id: number;
  readonly cancel: () => void;
}

export interface GuestFetch extends Holding {
  readonly call: OutboundFetch;
  /** What it asked for, where that is a WebSocket; null: it is not, or the server answered otherwise. */
  socket: OutboundSocket | null;
  /** What it sends is complete, or it sends nothing. */
  isBodyEnded: boolean;
  /** Of what it sends: see touched-bytes.ts. */
  untakenBytes: number;
  /** Brings what it sends, where the host passes that on. */
  requestPipe: BodyPipe | null;
  /** Takes its answer on, without the guest. */
  responsePipe: BodyPipe | null;
  /** The fetch that its answer is sent with, if it is one. */
  passedTo: GuestFetch | null;
  /** It, and those whose answers were passed on until they came to it. */
  chainCount: number;
}

/** A compressor or decompressor: see codec-ops.ts. */
export interface GuestCodec extends Holding {
  readonly cancel: () => void;
}

export class GuestContext {
  /** Those that are not over, in order of their ids. */
  readonly runs = new Map<number, GuestRun>();
  readonly timers = new Map<number, GuestTimer>();
  readonly fetches = new Map<number, GuestFetch>();
  readonly codecs = new Map<number, GuestCodec>();
  readonly enter: EnterReference;
  readonly #context: ivm.Context;
  #newestRunId = 0;
  isReleased = false;

  constructor(context: ivm.Context, enter: EnterReference) {
    this.#context = context;
    this.enter = enter;
  }

  addRun(run: GuestRun): void {
    this.runs.set(run.id, run);
    this.#newestRunId = run.id;
  }

  /** Begins a holding of a run. */
  hold(owner: GuestRun | null): Holding {
    return { owner, newestRunId: this.#newestRunId };
  }

  /** Passes a holding whose owner is over to its heir. False: there is none, nobody waits for it. */
  inherit(holding: Holding): boolean {
    if (holding.owner === null || !holding.owner.isSettled) return true;
    for (const oldest of this.runs.values()) {
      if (oldest.id > holding.newestRunId) break;
      holding.owner = oldest;
      return true;
    }
    return false;
  }

  /** Ends the timers, fetches and codecs that nobody waits for any more. */
  dropUnowned(): void {
    for (const [id, timer] of this.timers) if (!this.inherit(timer)) this.#dropTimer(id, timer);
    for (const [id, fetch] of this.fetches) if (!this.inherit(fetch)) this.#dropFetch(id, fetch);
    for (const [id, codec] of this.codecs) if (!this.inherit(codec)) this.dropCodec(id);
  }

  /** A fetch is over. What the guest began under its id since then stays. */
  forgetFetch(id: number, fetch: Holding): void {
    if (this.fetches.get(id) === fetch) this.fetches.delete(id);
  }

  dropCodec(id: number): void {
    const codec = this.codecs.get(id);
    this.codecs.delete(id);
    codec?.cancel();
  }

  #dropTimer(id: number, timer: GuestTimer): void {
    this.timers.delete(id);
    timer.cancel();
  }

  /** One that the host passes on to a client ends with that, and not with those who began it. */
  #dropFetch(id: number, fetch: GuestFetch): void {
    if (survives(fetch)) return;
    this.fetches.delete(id);
    fetch.requestPipe?.cancel();
    fetch.socket?.drop();
    fetch.call.cancel();
    fetch.responsePipe?.fail("The request that fetched it is over");
  }

  /** @param isIsolateAlive false: the isolate is gone, its handles with it */
  release(isIsolateAlive: boolean): void {
    if (this.isReleased) return;
    this.isReleased = true;
    for (const [id, timer] of this.timers) this.#dropTimer(id, timer);
    for (const [id, fetch] of this.fetches) this.#dropFetch(id, fetch);
    for (const id of this.codecs.keys()) this.dropCodec(id);
    if (!isIsolateAlive) return;
    this.enter.release();
    this.#context.release();
  }
}
