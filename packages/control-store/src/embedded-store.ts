/**
 * The control store in the registry's own process, over SQLite.
 *
 * I1 A commit and its feed event are one transaction; watchers are woken after it.
 * I2 Watchers read from the feed table at their own pace: a slow one holds no memory, and gets `STORE_FEED_GAP`
 *    when what it needs has left the table.
 * I3 Node records are stored like others; their leases are in memory. After a restart each has
 *    `RESTART_LEASE_MS` to be renewed, so that routers keep their workers while the registry restarts.
 */
import type { StatementSync } from "node:sqlite";
import { canonicalJson } from "@nano/protocol/canonical-json";
import {
  type FeedEvent,
  type FeedPosition,
  type NodeRecord,
  recordKey,
  type StoreChange,
  type StoreRecord,
  type StoreSnapshot,
} from "@nano/protocol/records";
import type { AuditEntry } from "@nano/protocol/registry-api";
import type { CommitOptions, ControlStore } from "./control-store.ts";
import { errors } from "./errors.ts";
import { LeaseTable } from "./lease-table.ts";
import {
  AUDIT_ENTRY_COUNT,
  parseAudit,
  serializeAudit,
  serializeChanges,
  validateChange,
  validateCommit,
} from "./store-changes.ts";
import type { StoreDatabase } from "./store-database.ts";
import { WakeSignal } from "./wake-signal.ts";

/** Feed events read at a time by a watcher. */
const FEED_BATCH_COUNT = 100;
/** What a node has after a restart of the store to renew its lease. */
export const RESTART_LEASE_MS = 15_000;

export interface EmbeddedStoreLimits {
  /** Feed events kept for readers that resume. */
  readonly feedEventCount: number;
  /** Bytes of those. */
  readonly feedBytes: number;
  readonly idempotencyKeyCount: number;
  readonly idempotencyAgeMs: number;
  readonly restartLeaseMs: number;
  readonly auditEntryCount: number;
}

export const DEFAULT_STORE_LIMITS: EmbeddedStoreLimits = {
  feedEventCount: 10_000,
  feedBytes: 64 * 1024 * 1024,
  idempotencyKeyCount: 10_000,
  idempotencyAgeMs: 24 * 3_600_000,
  restartLeaseMs: RESTART_LEASE_MS,
  auditEntryCount: AUDIT_ENTRY_COUNT,
};

interface FeedRow {
  readonly seq: number;
  readonly changes: string;
}

export class EmbeddedStore implements ControlStore {
  readonly #db: StoreDatabase;
  readonly #limits: EmbeddedStoreLimits;
  readonly #committed = new WakeSignal();
  readonly #leases: LeaseTable;
  readonly #closed = new AbortController();
  readonly #statements: ReturnType<typeof prepareStatements>;
  #newestSeq: number;
  #oldestSeq: number;
  #feedBytes: number;
  /** Seq of the last commit that touched a kind; of those not named: the newest of the run before. */
  readonly #touched = new Map<string, number>();
  readonly #firstSeq: number;

  constructor(db: StoreDatabase, limits: Partial<EmbeddedStoreLimits> = {}) {
    this.#db = db;
    this.#limits = { ...DEFAULT_STORE_LIMITS, ...limits };
    this.#statements = prepareStatements(db);
    const feed = db.sql
      .prepare(
        "SELECT coalesce(max(seq), 0) AS newest, coalesce(min(seq), 1) AS oldest, coalesce(sum(bytes), 0) AS bytes FROM feed",
      )
      .get() as { newest: number; oldest: number; bytes: number };
    this.#newestSeq = feed.newest;
    this.#firstSeq = feed.newest;
    this.#oldestSeq = feed.oldest;
    this.#feedBytes = feed.bytes;
    this.#leases = new LeaseTable((nodes) => this.#endLeases(nodes));
    for (const row of db.sql.prepare("SELECT key FROM records WHERE key LIKE 'node/%'").all()) {
      this.#leases.renew((row as { key: string }).key, this.#limits.restartLeaseMs);
    }
  }

  get position(): FeedPosition {
    return { epoch: this.#db.epoch, seq: this.#newestSeq };
  }

  async loadSnapshot(): Promise<StoreSnapshot> {
    this.#refuseClosed("snapshot");
    const rows = this.#statements.allRecords.all() as unknown as { record: string }[];
    return { ...this.position, records: rows.map((row) => JSON.parse(row.record) as StoreRecord) };
  }

  async *watchFeed(after: FeedPosition, signal: AbortSignal): AsyncIterable<FeedEvent> {
    const ended = AbortSignal.any([signal, this.#closed.signal]);
    let { seq } = after;
    while (!signal.aborted) {
      this.#refuseClosed("feed");
      if (after.epoch !== this.#db.epoch || seq > this.#newestSeq || seq < this.#oldestSeq - 1) {
        const ends = { oldestSeq: this.#oldestSeq, newestSeq: this.#newestSeq, storeEpoch: this.#db.epoch };
        throw errors.FEED_GAP({ epoch: after.epoch, seq, ...ends });
      }
      const rows = this.#statements.feedAfter.all(seq, FEED_BATCH_COUNT) as unknown as FeedRow[];
      for (const row of rows) {
        if (signal.aborted) return;
        seq = row.seq;
        yield { epoch: this.#db.epoch, seq, changes: JSON.parse(row.changes) as StoreChange[] };
      }
      if (rows.length === 0) await this.#committed.wait(ended);
    }
  }

  async commit(changes: readonly StoreChange[], options: CommitOptions = {}): Promise<FeedPosition> {
    this.#refuseClosed("commit");
    validateCommit(changes);
    return this.#apply(changes, options);
  }

  async findReceipt(idempotencyKey: string): Promise<string | null> {
    this.#refuseClosed("receipt");
    return this.#earlierCommit(idempotencyKey)?.receipt ?? null;
  }

  async readAudit(limitCount: number): Promise<readonly AuditEntry[]> {
    this.#refuseClosed("audit");
    const rows = this.#statements.readAudit.all(limitCount) as unknown as { entry: string }[];
    return parseAudit(rows.map((row) => row.entry));
  }

  async renewLease(record: NodeRecord, ttlMs: number): Promise<void> {
    this.#refuseClosed("lease");
    const key = recordKey(record);
    validateChange({ key, record });
    const stored = this.#statements.getRecord.get(key) as { record: string } | undefined;
    if (stored?.record !== canonicalJson(record)) this.#apply([{ key, record }], {});
    this.#leases.renew(key, ttlMs);
  }

  async endLease(node: NodeRecord["id"]): Promise<void> {
    this.#refuseClosed("lease");
    this.#endLeases([`node/${node}`]);
  }

  async close(): Promise<void> {
    this.#leases.close();
    this.#closed.abort();
  }

  #endLeases(keys: readonly string[]): void {
    for (const key of keys) this.#leases.forget(key);
    const held = keys.filter((key) => this.#statements.getRecord.get(key) !== undefined);
    if (held.length > 0)
      this.#apply(
        held.map((key) => ({ key, record: null })),
        {},
      );
  }

  #refuseClosed(what: string): void {
    if (this.#closed.signal.aborted) throw errors.LOST({ what, why: "the store is closed" });
  }

  /** Applies what has been validated. @throws STORE_CONFLICT */
  #apply(changes: readonly StoreChange[], options: CommitOptions): FeedPosition {
    const text = serializeChanges(changes);
    const audit = serializeAudit(options);
    const bytes = Buffer.byteLength(text);
    const seq = this.#newestSeq + 1;
    const committedSeq = this.#db.transact(() => {
      const earlier = this.#earlierCommit(options.idempotencyKey);
      if (earlier !== null) return earlier.seq;
      this.#checkPreconditions(options);
      this.#appendAudit(audit);
      this.#rememberCommit(options, changes.length === 0 ? this.#newestSeq : seq);
      if (changes.length === 0) return this.#newestSeq;
      for (const { key, record } of changes) {
        if (record === null) this.#statements.deleteRecord.run(key);
        else this.#statements.putRecord.run(key, canonicalJson(record));
      }
      this.#statements.putFeed.run(seq, text, bytes);
      return seq;
    });
    if (committedSeq === seq) {
      this.#newestSeq = seq;
      for (const { key } of changes) this.#touched.set(kindOf(key), seq);
      this.#feedBytes += bytes;
      this.#pruneFeed();
      this.#committed.wake();
    }
    return { epoch: this.#db.epoch, seq: committedSeq };
  }

  #earlierCommit(idempotencyKey: string | undefined): { readonly seq: number; readonly receipt: string | null } | null {
    if (idempotencyKey === undefined) return null;
    const row = this.#statements.getIdempotency.get(idempotencyKey);
    return (row as { seq: number; receipt: string | null } | undefined) ?? null;
  }

  #appendAudit(entries: readonly string[]): void {
    for (const entry of entries) this.#statements.putAudit.run(entry);
    if (entries.length > 0) this.#statements.trimAudit.run(this.#limits.auditEntryCount);
  }

  #rememberCommit({ idempotencyKey, receipt }: CommitOptions, seq: number): void {
    if (idempotencyKey === undefined) return;
    const nowMs = Date.now();
    this.#statements.putIdempotency.run(idempotencyKey, seq, nowMs, receipt ?? null);
    this.#statements.expireIdempotency.run(nowMs - this.#limits.idempotencyAgeMs);
    this.#statements.trimIdempotency.run(this.#limits.idempotencyKeyCount);
  }

  #checkPreconditions(options: CommitOptions): void {
    for (const { key, record } of options.expect ?? []) {
      const stored = this.#statements.getRecord.get(key) as { record: string } | undefined;
      const expected = record === null ? undefined : canonicalJson(record);
      if (stored?.record !== expected) throw errors.CONFLICT({ key });
    }
    for (const kind of options.unchanged?.kinds ?? []) {
      const { epoch, seq } = options.unchanged?.since ?? this.position;
      const isOlder = seq < (this.#touched.get(kind) ?? this.#firstSeq);
      if (epoch !== this.#db.epoch || isOlder) throw errors.CONFLICT({ key: `${kind}/*` });
    }
  }

  /** A crash before this leaves a few events more than the limit: the next commit takes them. */
  #pruneFeed(): void {
    const isOver = (): boolean =>
      this.#newestSeq - this.#oldestSeq + 1 > this.#limits.feedEventCount || this.#feedBytes > this.#limits.feedBytes;
    // The newest event stays, whatever its size: the feed must always tell where it stands.
    while (this.#oldestSeq < this.#newestSeq && isOver()) {
      const row = this.#statements.deleteFeed.get(this.#oldestSeq) as { bytes: number } | undefined;
      this.#feedBytes -= row?.bytes ?? 0;
      this.#oldestSeq += 1;
    }
  }
}

function kindOf(key: string): string {
  return key.slice(0, key.indexOf("/"));
}

function prepareStatements(db: StoreDatabase) {
  const prepare = (text: string): StatementSync => db.sql.prepare(text);
  return {
    allRecords: prepare("SELECT record FROM records ORDER BY key"),
    getRecord: prepare("SELECT record FROM records WHERE key = ?"),
    putRecord: prepare("INSERT OR REPLACE INTO records (key, record) VALUES (?, ?)"),
    deleteRecord: prepare("DELETE FROM records WHERE key = ?"),
    feedAfter: prepare("SELECT seq, changes FROM feed WHERE seq > ? ORDER BY seq LIMIT ?"),
    putFeed: prepare("INSERT INTO feed (seq, changes, bytes) VALUES (?, ?, ?)"),
    deleteFeed: prepare("DELETE FROM feed WHERE seq = ? RETURNING bytes"),
    getIdempotency: prepare("SELECT seq, receipt FROM idempotency WHERE key = ?"),
    putIdempotency: prepare("INSERT INTO idempotency (key, seq, at_ms, receipt) VALUES (?, ?, ?, ?)"),
    putAudit: prepare("INSERT INTO audit (entry) VALUES (?)"),
    readAudit: prepare("SELECT entry FROM audit ORDER BY position DESC LIMIT ?"),
    trimAudit: prepare("DELETE FROM audit WHERE position <= (SELECT max(position) FROM audit) - ?"),
    expireIdempotency: prepare("DELETE FROM idempotency WHERE at_ms < ?"),
    trimIdempotency: prepare(
      "DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency ORDER BY at_ms DESC, seq DESC LIMIT -1 OFFSET ?)",
    ),
  };
}
