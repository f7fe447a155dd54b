/** Keeps this node's record in the control store: renewed by lease, rewritten at once when its workers change. */
import type { ControlStore } from "@nano/control-store/control-store";
import type { NodeRecord } from "@nano/protocol/records";
import type { Logger } from "@nano/service-kit/logger";

/** Renewals per lease: two may fail unnoticed. */
const RENEWALS_PER_LEASE = 3;

export interface NodeRegistrationOptions {
  readonly store: ControlStore;
  readonly leaseMs: number;
  readonly logger: Logger;
  describe(): NodeRecord;
}

export class NodeRegistration {
  readonly #options: NodeRegistrationOptions;
  readonly #timer: NodeJS.Timeout;
  #writing: Promise<void> | null = null;
  #isStale = false;
  #isClosed = false;
  #isRegistered = false;

  constructor(options: NodeRegistrationOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.renew(), options.leaseMs / RENEWALS_PER_LEASE);
  }

  /** Whether the last renewal reached the store. */
  get isRegistered(): boolean {
    return this.#isRegistered;
  }

  /** Writes the record as it is now; a change while a write is under way is written after it. */
  renew(): void {
    if (this.#isClosed) return;
    if (this.#writing !== null) {
      this.#isStale = true;
      return;
    }
    this.#writing = this.#write().finally(() => {
      this.#writing = null;
      if (!this.#isStale) return;
      this.#isStale = false;
      this.renew();
    });
  }

  /** Ends the lease. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#writing;
    await this.#options.store.endLease(this.#options.describe().id).catch(() => undefined);
  }

  async #write(): Promise<void> {
    const { store, leaseMs, logger, describe } = this.#options;
    try {
      await store.renewLease(describe(), leaseMs);
      this.#isRegistered = true;
    } catch (err) {
      if (this.#isRegistered) logger.warn("lease not renewed", { err });
      this.#isRegistered = false;
    }
  }
}
