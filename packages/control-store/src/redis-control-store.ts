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
  type StoreRecord,
  type StoreSnapshot,
} from "@nano/protocol/records";
import type { CommitOptions, ControlStore } from "./control-store.ts";
import { damagedRecord } from "./damaged-record.ts";
import { errors } from "./errors.ts";
import { RedisClient, type RedisScript } from "./redis-client.ts";
import type { ResolvedRedisConfig } from "./redis-config.ts";
import { createRedisKeys, type RedisKeys } from "./redis-keys.ts";
import { serializeChanges, validateChange, validateCommit } from "./store-changes.ts";
import { COMMIT, END_LEASE, FEED, RENEW_LEASE, SNAPSHOT, storeScriptKeys } from "./store-scripts.ts";
import { WakeChannel } from "./wake-channel.ts";

/** A watcher looks this often even where nobody wakes it. */
export const FEED_POLL_MS = 1000;
/** Read at a time by a watcher. */
const FEED_BATCH_COUNT = 100;
const FEED_BATCH_BYTES = 4 * 1024 * 1024;
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
}

export const DEFAULT_REDIS_STORE_LIMITS: RedisStoreLimits = {
  feedEventCount: 10_000,
  feedBytes: 64 * 1024 * 1024,
  idempotencyKeyCount: 10_000,
  idempotencyAgeMs: 24 * 3_600_000,
  restartLeaseMs: 15_000,
};

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
    const answer = (await this.#run("snapshot", SNAPSHOT, [])) as unknown as [string, string, string, string[]];
    const [, epoch, seq, fields] = answer;
    const records: StoreRecord[] = [];
    for (let index = 0; index < fields.length; index += 2) {
      records.push(parseRecord(fields[index] as string, fields[index + 1] as string));
    }
    return { epoch, seq: Number(seq), records };
  }

  async *watchFeed(after: FeedPosition, signal: AbortSignal): AsyncIterable<FeedEvent> {
    const ended = AbortSignal.any([signal, this.#closed.signal]);
    const listening = this.#wakes.listen("feed");
    const { epoch } = after;
    let { seq } = after;
    try {
      while (!signal.aborted) {
        const seenCount = listening.wakeCount;
        const args = [epoch, seq, FEED_BATCH_COUNT, FEED_BATCH_BYTES];
        const [kind, ...rest] = await this.#run("feed", FEED, args);
        if (kind === "gap") throw gapError({ epoch, seq }, rest);
        const [leaseEndsInMs, ...events] = rest;
        for (let index = 0; index < events.length; index += 2) {
          if (signal.aborted) return;
          const changes = parseChanges(events[index + 1] as string);
          // What cannot be read cannot be skipped either: the snapshot tells record by record.
          if (changes === null) throw gapError({ epoch, seq }, [epoch, String(seq + 2), events[index] as string]);
          seq = Number(events[index]);
          yield { epoch, seq, changes };
        }
        if (events.length > 0 || listening.wakeCount !== seenCount) continue;
        const untilLeaseMs = Number(leaseEndsInMs);
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
    const { idempotencyAgeMs, idempotencyKeyCount } = this.#limits;
    const args: (string | number)[] = [options.idempotencyKey ?? "", idempotencyAgeMs, idempotencyKeyCount];
    const expect = options.expect ?? [];
    args.push(expect.length);
    for (const { key, record } of expect) args.push(key, record === null ? "" : canonicalJson(record));
    args.push(changes.length);
    for (const { key, record } of changes) args.push(key, record === null ? "" : canonicalJson(record));
    args.push(text);
    const answer = await this.#run("commit", COMMIT, args);
    const { connectionCount } = this.#client;
    if (answer[0] === "conflict") throw errors.CONFLICT({ key: answer[1] as string });
    const position = { epoch: answer[1] as string, seq: Number(answer[2]) };
    if (changes.length > 0) await this.#awaitReplicas(position.seq, connectionCount);
    return position;
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

function gapError(after: FeedPosition, [storeEpoch = "", oldestSeq, newestSeq]: readonly string[]) {
  return errors.FEED_GAP({ ...after, storeEpoch, oldestSeq: Number(oldestSeq), newestSeq: Number(newestSeq) });
}

function parseRecord(key: string, text: string): StoreRecord {
  try {
    return JSON.parse(text) as StoreRecord;
  } catch {
    return damagedRecord(key);
  }
}

function parseChanges(text: string): readonly StoreChange[] | null {
  try {
    const changes: unknown = JSON.parse(text);
    return Array.isArray(changes) ? (changes as StoreChange[]) : null;
  } catch {
    return null;
  }
}
