/**
 * The registry's view of the control store, and its only way to change it.
 *
 * I1 Work on the store takes turns within this process; a change by another process is seen by the commit's
 *    expectations, and the work is done again on the newer state.
 * I2 When a change has been made, `state` shows it: who asks next sees what was answered before.
 * I3 What a commit of this process lets go of is told before and after it.
 * I4 A commit that was not answered is repeated under the same idempotency key for a while; then its maker is told that nobody
 *    knows whether it was made.
 * I5 A request that comes again under its own key is told what the first was, whichever registry made that, and changes nothing.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { createBackoff } from "@nano/control-store/backoff";
import type { CommitOptions, ControlStore } from "@nano/control-store/control-store";
import { hasCode, errors as storeErrors } from "@nano/control-store/errors";
import { followStore, type StoreState } from "@nano/control-store/follow-store";
import { EMPTY_STATE, stateFromSnapshot } from "@nano/control-store/store-state";
import { WakeSignal } from "@nano/control-store/wake-signal";
import type { FeedPosition, StoreChange, StoreSnapshot } from "@nano/protocol/records";
import type { AuditEntry } from "@nano/protocol/registry-api";
import type { Logger } from "@nano/service-kit/logger";
import { errors } from "../errors.ts";
import { type ReleasedArtifacts, releasedArtifacts } from "./artifact-references.ts";
import { auditOf } from "./audit-note.ts";
import type { Author, OnceKey } from "./author.ts";
import { REGISTRY_ITSELF } from "./author.ts";
import { formatReceipt, parseReceipt, type Receipt } from "./receipt.ts";
import { Transaction } from "./transaction.ts";

/** How often work is done again because the store changed under it. */
const MAX_ATTEMPTS = 10;
/** How long a commit that the store does not answer is repeated. */
const REPEAT_COMMIT_MS = 10_000;
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
  /** @default REPEAT_COMMIT_MS */
  readonly repeatCommitMs?: number;
}

/** What became of a transaction. */
export interface Transacted<T> {
  readonly result: T;
  /** It was made before, under the same key: `result` is of then. */
  readonly isRepeat: boolean;
}

export class Catalog {
  readonly #store: ControlStore;
  readonly #logger: Logger;
  readonly #releases: ReleaseObserver;
  readonly #repeatCommitMs: number;
  readonly #moved = new WakeSignal();
  #state: StoreState = EMPTY_STATE;
  #isStale = true;
  #skippedCount = 0;
  /** Of the follow: without it nothing comes back. */
  #ended: AbortSignal = AbortSignal.any([]);
  #turn: Promise<unknown> = Promise.resolve();

  constructor(store: ControlStore, options: CatalogOptions) {
    this.#store = store;
    this.#logger = options.logger;
    this.#releases = options.releases;
    this.#repeatCommitMs = options.repeatCommitMs ?? REPEAT_COMMIT_MS;
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
    this.#ended = signal;
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

  /** Who changed what, newest first. @throws STORE_LOST */
  readAudit(limitCount: number): Promise<readonly AuditEntry[]> {
    return this.#store.readAudit(limitCount);
  }

  /** Decides on changes and commits them as one. `work` may run several times; what it returns is JSON where `author` has a key. */
  async transact<T>(work: (tx: Transaction) => T, author: Author = REGISTRY_ITSELF): Promise<T> {
    return (await this.transactOnce(work, author)).result;
  }

  /** As `transact`, and tells whether it was made before. */
  transactOnce<T>(work: (tx: Transaction) => T, author: Author): Promise<Transacted<T>> {
    const result = this.#turn.then(() => this.#transactNow(work, author));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** Whether a request was carried out before. @throws REGISTRY_KEY_REUSED, STORE_LOST */
  async isRepeat({ once }: Author): Promise<boolean> {
    return once !== null && (await this.#findReceipt(once)) !== null;
  }

  async #transactNow<T>(work: (tx: Transaction) => T, author: Author): Promise<Transacted<T>> {
    const { once } = author;
    const earlier = once === null ? null : await this.#findReceipt(once);
    if (earlier !== null) return { result: earlier.result as T, isRepeat: true };
    let state = this.#isStale ? await this.#reload() : this.#state;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const tx = new Transaction(state);
      const result = work(tx);
      const { changes } = tx;
      if (changes.length === 0 && once === null) return { result, isRepeat: false };
      const nonce = randomUUID();
      const options: CommitOptions = {
        expect: tx.expectations,
        unchanged: tx.unchanged,
        audit: auditOf(tx.notes, changes, author),
        idempotencyKey: once?.key ?? nonce,
        ...(once !== null && { receipt: formatReceipt({ nonce, requestDigest: once.requestDigest, result }) }),
      };
      try {
        const released = releasedArtifacts(state.records, changes);
        await this.#releases.prepare(released);
        const { position, receipt } = await this.#commit(changes, { options, once });
        await this.#settle(position);
        if (receipt !== null && receipt.nonce !== nonce) return { result: receipt.result as T, isRepeat: true };
        this.#releases.take(released);
        return { result, isRepeat: false };
      } catch (error) {
        if (!hasCode(error, storeErrors.CONFLICT)) throw error;
        state = await this.#reload();
      }
    }
    throw errors.BUSY({ attemptCount: MAX_ATTEMPTS });
  }

  /** The receipt is that of whoever was first under the key. @throws REGISTRY_OUTCOME_UNKNOWN */
  async #commit(
    changes: readonly StoreChange[],
    { options, once }: { readonly options: CommitOptions; readonly once: OnceKey | null },
  ): Promise<{ readonly position: FeedPosition; readonly receipt: Receipt | null }> {
    const backoff = createBackoff();
    const untilMs = performance.now() + this.#repeatCommitMs;
    for (;;) {
      try {
        const position = await this.#store.commit(changes, options);
        return { position, receipt: once === null ? null : await this.#findReceipt(once) };
      } catch (error) {
        const isUnanswered = hasCode(error, storeErrors.LOST) || hasCode(error, storeErrors.NOT_ACKNOWLEDGED);
        if (!isUnanswered) throw error;
        if (performance.now() >= untilMs)
          throw errors.OUTCOME_UNKNOWN({ code: (error as { code: string }).code }, error);
        await delay(backoff.nextMs(), undefined, { signal: this.#ended }).catch(() => undefined);
        if (this.#ended.aborted) throw error;
      }
    }
  }

  async #findReceipt({ key, requestDigest }: OnceKey): Promise<Receipt | null> {
    const text = await this.#store.findReceipt(key);
    if (text === null) return null;
    const receipt = parseReceipt(text);
    if (receipt?.requestDigest !== requestDigest) throw errors.KEY_REUSED({});
    return receipt;
  }

  async #reload(): Promise<StoreState> {
    return stateFromSnapshot(this.#state, await this.#store.loadSnapshot()).state;
  }

  async #settle(position: FeedPosition): Promise<void> {
    const reached = (state: StoreState): boolean => state.epoch !== position.epoch || state.seq >= position.seq;
    const isSettled = await this.waitFor(reached, this.#ended, SETTLE_TIMEOUT_MS);
    if (!isSettled && !this.#ended.aborted)
      this.#logger.warn("change is slow to come back from the store", { seq: position.seq });
  }
}
