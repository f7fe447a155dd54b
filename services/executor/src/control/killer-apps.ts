/**
 * Apps that were inside an entry when their WebSocket worker died or hung. They get a process of their own until they are forgiven, and the
 * more often it happens, the longer they wait for the next one: a process's start is paid by the whole node.
 */
import type { AppName } from "@nano/protocol/brands";

/** Those that are remembered; the oldest is forgiven for another. */
export const MAX_KILLERS = 1_024;
/** From the last death. */
export const FORGIVEN_AFTER_MS = 3_600_000;
/** From the second death on, doubled with each one up to the bound. */
const START_PAUSE_MS = 1_000;
const MAX_START_PAUSE_MS = 60_000;

interface Killer {
  readonly deathCount: number;
  readonly lastMs: number;
}

export class KillerApps {
  readonly #killers = new Map<AppName, Killer>();
  readonly #now: () => number;

  /** @param now in ms. @default a clock that is never set */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  add(app: AppName): void {
    const deathCount = (this.#get(app)?.deathCount ?? 0) + 1;
    this.#killers.delete(app);
    this.#killers.set(app, { deathCount, lastMs: this.#now() });
    for (const oldest of this.#killers.keys()) {
      if (this.#killers.size <= MAX_KILLERS) return;
      this.#killers.delete(oldest);
    }
  }

  /** An operator lifts what it is held back for. */
  forgive(app: AppName): void {
    this.#killers.delete(app);
  }

  has(app: AppName): boolean {
    return this.#get(app) !== undefined;
  }

  /** How long until it may have another process. */
  pauseMs(app: AppName): number {
    const killer = this.#get(app);
    if (killer === undefined || killer.deathCount < 2) return 0;
    const pauseMs = Math.min(START_PAUSE_MS * 2 ** (killer.deathCount - 2), MAX_START_PAUSE_MS);
    return Math.max(0, killer.lastMs + pauseMs - this.#now());
  }

  #get(app: AppName): Killer | undefined {
    const killer = this.#killers.get(app);
    if (killer === undefined || this.#now() - killer.lastMs < FORGIVEN_AFTER_MS) return killer;
    this.#killers.delete(app);
    return undefined;
  }
}
