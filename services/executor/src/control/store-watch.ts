/** Follows the control store for the parts of an executor, and knows how old what they were told is. */
import type { ControlStore } from "@nano/control-store/control-store";
import { followStore, type StoreState } from "@nano/control-store/follow-store";
import type { StoreChange } from "@nano/protocol/records";
import type { Logger } from "@nano/service-kit/logger";

export interface StoreWatchOptions {
  readonly store: ControlStore;
  readonly logger: Logger;
  onState(state: StoreState, changes: readonly StoreChange[]): void;
  onSkipped(recordCount: number): void;
}

export class StoreWatch {
  readonly #options: StoreWatchOptions;
  readonly #loaded = Promise.withResolvers<void>();
  readonly #stop = new AbortController();
  readonly #beganMs = performance.now();
  /** Since when nobody knows whether the state is current; null: it is. */
  #staleSinceMs: number | null = null;
  #hasState = false;
  #why = "";

  constructor(options: StoreWatchOptions) {
    this.#options = options;
  }

  get hasState(): boolean {
    return this.#hasState;
  }

  /** Why the store cannot be read; empty while it can. */
  get problem(): string {
    return this.#why;
  }

  /** For how long nobody has known whether the state is current: 0 while the store is there; without a state, since the start. */
  get ageMs(): number {
    if (!this.#hasState) return performance.now() - this.#beganMs;
    return this.#staleSinceMs === null ? 0 : performance.now() - this.#staleSinceMs;
  }

  /** Resolves with the first state. */
  whenLoaded(): Promise<void> {
    return this.#loaded.promise;
  }

  /** Begins to follow, until `close`. */
  open(): void {
    const { store, logger, onState, onSkipped } = this.#options;
    const observer = {
      onState: (state: StoreState, changes: readonly StoreChange[]) => {
        if (this.#staleSinceMs !== null) logger.info("control store is back", { ageMs: Math.round(this.ageMs) });
        this.#staleSinceMs = null;
        this.#why = "";
        this.#hasState = true;
        onState(state, changes);
        this.#loaded.resolve();
      },
      onStale: (err: Error) => {
        this.#staleSinceMs = performance.now();
        this.#why = err.message;
        logger.warn("control store is away, what is known is served", { err });
      },
      onSkipped: (keys: readonly string[]) => {
        onSkipped(keys.length);
        logger.warn("records were skipped", { skippedCount: keys.length, firstKey: keys[0] });
      },
    };
    followStore(store, observer, this.#stop.signal).catch((err: unknown) => logger.error("feed failed", { err }));
  }

  close(): void {
    this.#stop.abort();
  }
}
