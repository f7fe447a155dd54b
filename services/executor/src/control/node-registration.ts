/**
 * Keeps this node's record in the control store: renewed by lease, rewritten at once when its workers change.
 *
 * I1 At most one write is under way; a change meanwhile is written after it.
 * I2 What changes all the time, load and counts, is written at most once in `CALM_INTERVAL_MS`.
 * I3 Renewals are spread at random: executors that lost the store together do not come back together.
 */
import type { ControlStore } from "@nano/control-store/control-store";
import type { NodeRecord } from "@nano/protocol/records";
import type { Logger } from "@nano/service-kit/logger";

/** Renewals per lease: two may fail unnoticed. */
const RENEWALS_PER_LEASE = 3;
/** Part of the pause between renewals that is drawn. */
const JITTER_RATIO = 0.25;
const CALM_INTERVAL_MS = 1_000;

export interface NodeRegistrationOptions {
  readonly store: ControlStore;
  readonly leaseMs: number;
  readonly logger: Logger;
  describe(): NodeRecord;
  /** 0 to 1. @default Math.random */
  random?(): number;
}

export class NodeRegistration {
  readonly #options: NodeRegistrationOptions;
  #timer: NodeJS.Timeout | null = null;
  #calmTimer: NodeJS.Timeout | null = null;
  #writing: Promise<void> | null = null;
  #lastWriteMs = Number.NEGATIVE_INFINITY;
  #isStale = false;
  #isClosed = false;
  #isRegistered = false;
  #hasRegistered = false;
  #problem = "";

  constructor(options: NodeRegistrationOptions) {
    this.#options = options;
    this.#renewLater();
  }

  /** Whether the last renewal reached the store. */
  get isRegistered(): boolean {
    return this.#isRegistered;
  }

  /** Whether any has: routers know this node, and keep it while the store is away. */
  get hasRegistered(): boolean {
    return this.#hasRegistered;
  }

  /** Why the last renewal failed; empty where it did not. */
  get problem(): string {
    return this.#problem;
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

  /** Writes it when the last write is `CALM_INTERVAL_MS` ago. */
  renewCalmly(): void {
    if (this.#isClosed || this.#calmTimer !== null) return;
    const waitMs = Math.max(0, this.#lastWriteMs + CALM_INTERVAL_MS - performance.now());
    this.#calmTimer = setTimeout(() => {
      this.#calmTimer = null;
      this.renew();
    }, waitMs);
  }

  /** Ends the lease. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#calmTimer !== null) clearTimeout(this.#calmTimer);
    await this.#writing;
    await this.#options.store.endLease(this.#options.describe().id).catch(() => undefined);
  }

  #renewLater(): void {
    const { leaseMs, random = Math.random } = this.#options;
    const pauseMs = (leaseMs / RENEWALS_PER_LEASE) * (1 - JITTER_RATIO * random());
    this.#timer = setTimeout(() => {
      this.renew();
      this.#renewLater();
    }, pauseMs);
  }

  async #write(): Promise<void> {
    const { store, leaseMs, logger, describe } = this.#options;
    this.#lastWriteMs = performance.now();
    try {
      await store.renewLease(describe(), leaseMs);
      this.#isRegistered = true;
      this.#hasRegistered = true;
      this.#problem = "";
    } catch (err) {
      if (this.#isRegistered) logger.warn("lease not renewed", { err });
      this.#isRegistered = false;
      this.#problem = err instanceof Error ? err.message : String(err);
    }
  }
}
