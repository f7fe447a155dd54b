/**
 * The control store over Redis: one server, a group under Sentinels, or a Cluster.
 *
 * I1 A commit is one script: preconditions, records, feed and idempotency key together, or none of them.
 * I2 An epoch belongs to one run of one master. Promotion, restart and restore begin another, so no reader goes on in a feed
 *    whose numbers may mean something else there than what it has seen.
 * I3 A commit is acknowledged when `ackReplicas` have it. Otherwise it says that it was written and not acknowledged.
 * I4 What a reader is told it is told in full: publish and subscribe only hasten the next look, after `FEED_POLL_MS` at most.
 * I5 Every collection has a bound; leases are ended by whoever looks first.
 */
import { randomBytes } from "node:crypto";
import { canonicalJson } from "@nano/protocol/canonical-json";
import {
  type FeedEvent,
  type FeedPosition,
  type NodeRecord,
  recordKey,
  type StoreChange,
  type StoreSnapshot,
} from "@nano/protocol/records";
import type { AuditEntry } from "@nano/protocol/registry-api";
import type { CommitOptions, ControlStore } from "./control-store.ts";
import { errors } from "./errors.ts";
import { RedisClient, type RedisScript } from "./redis-client.ts";
import type { ResolvedRedisConfig } from "./redis-config.ts";
import { createRedisKeys, type RedisKeys } from "./redis-keys.ts";
import { readSnapshot } from "./redis-snapshot.ts";
import {
  AUDIT_ENTRY_COUNT,
  parseAudit,
  serializeAudit,
  serializeChanges,
  validateChange,
  validateCommit,
} from "./store-changes.ts";
import { AUDIT, COMMIT, END_LEASE, FEED, POSITION, RECEIPT, RENEW_LEASE, storeScriptKeys } from "./store-scripts.ts";
import { WakeChannel } from "./wake-channel.ts";

/** A watcher looks this often even where nobody wakes it. */
export const FEED_POLL_MS = 1000;
/** Read at a time by a watcher. */
const FEED_BATCH_COUNT = 100;
const FEED_BATCH_BYTES = 4 * 1024 * 1024;
/** Records read at a time of a snapshot: about a millisecond of the server's time. */
const SNAPSHOT_PAGE_COUNT = 500;
/** Leases, or idempotency keys, that one script ends. */
const SWEEP_COUNT = 100;

export interface RedisStoreLimits {
  /** Feed events kept for readers that resume. */
  readonly feedEventCount: number;
  /** Bytes of those. */
  readonly feedBytes: number;
  readonly idempotencyKeyCount: number;
  readonly idempotencyAgeMs: number;
  /** What a node has to renew its lease where a new epoch began. */
  readonly restartLeaseMs: number;
  readonly auditEntryCount: number;
}

export const DEFAULT_REDIS_STORE_LIMITS: RedisStoreLimits = {
  feedEventCount: 10_000,
  feedBytes: 64 * 1024 * 1024,
  idempotencyKeyCount: 10_000,
  idempotencyAgeMs: 24 * 3_600_000,
  restartLeaseMs: 15_000,
  auditEntryCount: AUDIT_ENTRY_COUNT,
};

/** An event whose changes are not JSON. */
interface UnreadableEvent extends FeedPosition {
  readonly changes: null;
}

interface FeedReading {
  /** Null: the feed does not go on from there. */
  readonly events: readonly (FeedEvent | UnreadableEvent)[] | null;
  readonly ends: { readonly storeEpoch: string; readonly oldestSeq: number; readonly newestSeq: number };
  /** Until a lease ends; negative: there is none. */
  readonly untilLeaseMs: number;
}

type Answer = readonly [kind: string, ...rest: string[]];

export class RedisControlStore implements ControlStore {
  readonly #config: ResolvedRedisConfig;
  readonly #limits: RedisStoreLimits;
  readonly #keys: RedisKeys;
  readonly #scriptKeys: readonly string[];
  readonly #client: RedisClient;
  readonly #wakes: WakeChannel;
  readonly #closed = new AbortController();

  constructor(config: ResolvedRedisConfig, limits: Partial<RedisStoreLimits> = {}) {
    this.#config = config;
    this.#limits = { ...DEFAULT_REDIS_STORE_LIMITS, ...limits };
    this.#keys = createRedisKeys(config.cell);
    this.#scriptKeys = storeScriptKeys(this.#keys);
    this.#client = new RedisClient(config, this.#keys.meta);
    this.#wakes = new WakeChannel(config, this.#keys);
  }

  async loadSnapshot(): Promise<StoreSnapshot> {
    const { records } = this.#keys;
    return readSnapshot({
      position: async () => {
        const [, epoch = "", seq] = await this.#run("snapshot", POSITION, []);
        return { epoch, seq: Number(seq) };
      },
      readPage: (cursor) =>
        this.#client.ask("snapshot", () => this.#client.hscan(records, cursor, "COUNT", SNAPSHOT_PAGE_COUNT)),
      readEvents: async (after) => {
        const { events } = await this.#readFeed(after);
        return events?.every(isReadable) ? events : null;
      },
    });
  }

  async *watchFeed(after: FeedPosition, signal: AbortSignal): AsyncIterable<FeedEvent> {
    const ended = AbortSignal.any([signal, this.#closed.signal]);
    const listening = this.#wakes.listen("feed");
    let position = after;
    try {
      while (!signal.aborted) {
        const seenCount = listening.wakeCount;
        const { events, ends, untilLeaseMs } = await this.#readFeed(position);
        if (events === null) throw errors.FEED_GAP({ ...position, ...ends });
        for (const event of events) {
          if (signal.aborted) return;
          // What cannot be read cannot be skipped either: the snapshot tells record by record.
          if (!isReadable(event)) throw errors.FEED_GAP({ ...position, ...ends, oldestSeq: event.seq + 1 });
          position = { epoch: event.epoch, seq: event.seq };
          yield event;
        }
        if (events.length > 0 || listening.wakeCount !== seenCount) continue;
        await listening.wait(ended, untilLeaseMs < 0 ? FEED_POLL_MS : Math.min(FEED_POLL_MS, untilLeaseMs + 1));
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      listening.end();
    }
  }

  async commit(changes: readonly StoreChange[], options: CommitOptions = {}): Promise<FeedPosition> {
    this.#refuseClosed("commit");
    validateCommit(changes);
    const text = serializeChanges(changes);
    const audit = serializeAudit(options);
    const { idempotencyAgeMs, idempotencyKeyCount, auditEntryCount } = this.#limits;
    const { expect = [], unchanged, idempotencyKey = "", receipt = "" } = options;
    const args: (string | number)[] = [idempotencyKey, idempotencyAgeMs, idempotencyKeyCount, receipt];
    args.push(expect.length);
    for (const { key, record } of expect) args.push(key, record === null ? "" : canonicalJson(record));
    if (unchanged === undefined || unchanged.kinds.length === 0) args.push(0);
    else args.push(unchanged.kinds.length, unchanged.since.epoch, unchanged.since.seq, ...unchanged.kinds);
    args.push(changes.length);
    for (const { key, record } of changes) args.push(key, record === null ? "" : canonicalJson(record));
    args.push(text, auditEntryCount, audit.length, ...audit);
    const answer = await this.#run("commit", COMMIT, args);
    const { connectionCount } = this.#client;
    if (answer[0] === "conflict") throw errors.CONFLICT({ key: answer[1] as string });
    const position = { epoch: answer[1] as string, seq: Number(answer[2]) };
    if (changes.length > 0 || idempotencyKey !== "") await this.#awaitReplicas(position.seq, connectionCount);
    return position;
  }

  async findReceipt(idempotencyKey: string): Promise<string | null> {
    const [kind, receipt = ""] = await this.#run("receipt", RECEIPT, [idempotencyKey]);
    return kind === "unknown" || receipt === "" ? null : receipt;
  }

  async readAudit(limitCount: number): Promise<readonly AuditEntry[]> {
    const [, ...entries] = await this.#run("audit", AUDIT, [limitCount]);
    return parseAudit(entries);
  }

  async renewLease(record: NodeRecord, ttlMs: number): Promise<void> {
    this.#refuseClosed("lease");
    const key = recordKey(record);
    validateChange({ key, record });
    await this.#run("lease", RENEW_LEASE, [key, canonicalJson(record), ttlMs, serializeChanges([{ key, record }])]);
  }

  async endLease(node: NodeRecord["id"]): Promise<void> {
    await this.#run("lease", END_LEASE, [`node/${node}`]);
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#wakes.close();
    this.#client.dispose();
  }

  async #readFeed({ epoch, seq }: FeedPosition): Promise<FeedReading> {
    const args = [epoch, seq, FEED_BATCH_COUNT, FEED_BATCH_BYTES];
    const [kind, storeEpoch = "", oldestSeq, newestSeq, untilLeaseMs, ...rest] = await this.#run("feed", FEED, args);
    const ends = { storeEpoch, oldestSeq: Number(oldestSeq), newestSeq: Number(newestSeq) };
    if (kind === "gap") return { events: null, ends, untilLeaseMs: -1 };
    const events: (FeedEvent | UnreadableEvent)[] = [];
    for (let index = 0; index < rest.length; index += 2) {
      const changes = parseChanges(rest[index + 1] as string);
      events.push({ epoch, seq: Number(rest[index]), changes });
    }
    return { events, ends, untilLeaseMs: Number(untilLeaseMs) };
  }

  /** WAIT counts for what its own connection wrote: on another one it says nothing of the commit. */
  async #awaitReplicas(seq: number, connectionCount: number): Promise<void> {
    const { ackReplicas: wantedCount, ackTimeoutMs: timeoutMs } = this.#config;
    if (wantedCount === 0) return;
    let ackCount = 0;
    try {
      ackCount = await this.#client.wait(wantedCount, timeoutMs);
    } catch {
      // The connection is gone, and with it the answer: as if nobody had acknowledged.
    }
    if (this.#client.connectionCount !== connectionCount) ackCount = 0;
    if (ackCount < wantedCount) throw errors.NOT_ACKNOWLEDGED({ seq, ackCount, wantedCount, timeoutMs });
  }

  async #run(what: string, script: RedisScript, args: readonly (string | number)[]): Promise<Answer> {
    this.#refuseClosed(what);
    const { restartLeaseMs, feedEventCount, feedBytes } = this.#limits;
    const newEpoch = randomBytes(8).toString("hex");
    const prelude = [newEpoch, this.#keys.wakeChannel, restartLeaseMs, feedEventCount, feedBytes, SWEEP_COUNT];
    const answer = this.#client.ask(what, () => script.run(this.#client, this.#scriptKeys, [...prelude, ...args]));
    return (await answer) as Answer;
  }

  #refuseClosed(what: string): void {
    if (this.#closed.signal.aborted) throw errors.LOST({ what, why: "the store is closed" });
  }
}

function isReadable(event: FeedEvent | UnreadableEvent): event is FeedEvent {
  return event.changes !== null;
}

function parseChanges(text: string): readonly StoreChange[] | null {
  try {
    const changes: unknown = JSON.parse(text);
    return Array.isArray(changes) ? (changes as StoreChange[]) : null;
  } catch {
    return null;
  }
}
