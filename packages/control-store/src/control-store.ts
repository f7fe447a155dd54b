/**
 * Port of the control plane's state: records under keys, and a gap-free feed of their changes.
 *
 * I1 A commit is atomic: all of its changes become visible under one sequence number, or none.
 * I2 The feed has no gaps: `seq` grows by one per commit within an epoch; a reader that cannot be served from
 *    where it stands gets `STORE_FEED_GAP` and reloads the snapshot.
 * I3 A node record lives as long as its lease is renewed; its end is a change of the feed like any other.
 */
import type {
  FeedEvent,
  FeedPosition,
  NodeRecord,
  RecordKind,
  StoreChange,
  StoreSnapshot,
} from "@nano/protocol/records";
import type { AuditEntry } from "@nano/protocol/registry-api";

/** Refuses a commit unless the record under `key` is as expected. */
export interface Precondition {
  readonly key: string;
  /** JSON-equal to the stored record; null: there is none. */
  readonly record: StoreSnapshot["records"][number] | null;
}

/** Refuses a commit where a record of these kinds was written or deleted after `since`, or another epoch has begun. */
export interface UnchangedSince {
  readonly kinds: readonly Exclude<RecordKind, "node">[];
  readonly since: FeedPosition;
}

export interface CommitOptions {
  /** A commit repeated with the same key answers as the first did and changes nothing, whatever it holds. */
  readonly idempotencyKey?: string;
  /** Kept as long as the key is, for whoever repeats it; at most `MAX_RECEIPT_BYTES`. */
  readonly receipt?: string;
  readonly expect?: readonly Precondition[];
  readonly unchanged?: UnchangedSince;
  /** Appended to the audit log together with the changes; at most `MAX_AUDIT_PER_COMMIT`. */
  readonly audit?: readonly AuditEntry[];
}

export interface ControlStore {
  /** Everything, at one position of the feed. */
  loadSnapshot(): Promise<StoreSnapshot>;
  /**
   * Changes after a position, as they happen, until `signal` aborts.
   * @throws STORE_FEED_GAP where the position cannot be served any more; STORE_LOST when the store goes away
   */
  watchFeed(after: FeedPosition, signal: AbortSignal): AsyncIterable<FeedEvent>;
  /** @throws STORE_CONFLICT where a precondition does not hold; STORE_LOST */
  commit(changes: readonly StoreChange[], options?: CommitOptions): Promise<FeedPosition>;
  /** The receipt of the commit that was made under a key; null: none was, or long ago. @throws STORE_LOST */
  findReceipt(idempotencyKey: string): Promise<string | null>;
  /** Who changed what, newest first; older entries than the store's bound are gone. @throws STORE_LOST */
  readAudit(limitCount: number): Promise<readonly AuditEntry[]>;
  /** Writes the node record where it differs and keeps it for `ttlMs` from now. @throws STORE_LOST */
  renewLease(record: NodeRecord, ttlMs: number): Promise<void>;
  /** Ends a lease at once. */
  endLease(node: NodeRecord["id"]): Promise<void>;
  close(): Promise<void>;
}
