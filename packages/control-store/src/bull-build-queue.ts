/**
 * The build queue over BullMQ, in the cell's Redis, on connections of its own.
 *
 * I1 A build's record and events are told by `build-scripts.ts`; BullMQ hands jobs to builders, and notices lost ones.
 * I2 A build that is open has a job in BullMQ, or gets it again from whoever queues or follows it.
 * I3 A follower reads by number: what it missed while it was away it gets when it is back.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { VersionId } from "@nano/protocol/brands";
import type { BuildEvent, BuildJob } from "@nano/protocol/records";
import { type ConnectionOptions, Queue } from "bullmq";
import { createBackoff } from "./backoff.ts";
import { type BuildQueue, isOutcome } from "./build-queue.ts";
import { BuildRecords } from "./build-records.ts";
import { BULL_QUEUE, BullBuilder, type BullJob, DEAD_LETTER_COUNT, RETRY_PAUSE_MS } from "./bull-builder.ts";
import { errors, hasCode } from "./errors.ts";
import type { NumberedBuildEvent } from "./job-ledger.ts";
import { RedisClient } from "./redis-client.ts";
import type { ResolvedRedisConfig } from "./redis-config.ts";
import { createRedisKeys, type RedisKeys } from "./redis-keys.ts";
import { type RunJob, runJobs } from "./run-jobs.ts";
import { WakeChannel } from "./wake-channel.ts";

/** A follower looks this often even where nobody wakes it. */
export const FOLLOW_POLL_MS = 2000;
/** Events that BullMQ keeps of its own doings, which nobody here reads. */
const BULL_EVENT_COUNT = 100;

export interface BullQueueLimits {
  /** How long a builder that says nothing keeps its job. */
  readonly claimMs: number;
  /** Builds queued or building. */
  readonly openBuildCount: number;
  /** Builds remembered after their end. */
  readonly endedBuildCount: number;
  /** Pause before another attempt after one that failed for a passing reason; grows with each. */
  readonly retryPauseMs: number;
}

export const DEFAULT_BULL_QUEUE_LIMITS: BullQueueLimits = {
  claimMs: 9_000,
  openBuildCount: 10_000,
  endedBuildCount: 1000,
  retryPauseMs: RETRY_PAUSE_MS,
};

export class BullBuildQueue implements BuildQueue {
  readonly #limits: BullQueueLimits;
  readonly #keys: RedisKeys;
  readonly #client: RedisClient;
  readonly #records: BuildRecords;
  readonly #wakes: WakeChannel;
  readonly #queue: Queue<BullJob>;
  readonly #closed = new AbortController();

  constructor(config: ResolvedRedisConfig, limits: Partial<BullQueueLimits> = {}) {
    this.#limits = { ...DEFAULT_BULL_QUEUE_LIMITS, ...limits };
    this.#keys = createRedisKeys(config.cell);
    this.#client = new RedisClient(config, this.#keys.meta);
    this.#records = new BuildRecords(this.#client, this.#keys, this.#limits);
    this.#wakes = new WakeChannel(config, this.#keys);
    this.#queue = new Queue<BullJob>(BULL_QUEUE, {
      connection: this.#client as unknown as ConnectionOptions,
      prefix: this.#keys.bull,
      skipVersionCheck: true,
      streams: { events: { maxLen: BULL_EVENT_COUNT } },
      defaultJobOptions: { removeOnComplete: true, removeOnFail: { count: DEAD_LETTER_COUNT }, attempts: 1 },
    });
    // Told by what the next call throws.
    this.#queue.on("error", () => undefined);
  }

  async enqueue(job: BuildJob): Promise<void> {
    this.#refuseClosed("enqueue");
    const { version } = job;
    const newRun = `${version}-${randomBytes(6).toString("hex")}`;
    const run = await this.#records.enqueue(job, newRun);
    if (run !== null) await this.#hand(version, run);
  }

  async takeJobs(run: RunJob, signal: AbortSignal): Promise<void> {
    const builder = this.openBuilder();
    try {
      await runJobs(builder, run, AbortSignal.any([signal, this.#closed.signal]));
    } finally {
      await builder.close();
    }
  }

  async *followBuild(version: VersionId, signal: AbortSignal): AsyncIterable<BuildEvent> {
    for await (const { event } of this.followEvents({ version, afterSeq: 0 }, signal)) yield event;
  }

  /** As `followBuild`, beginning after an event; goes on through losses of the server. */
  async *followEvents(
    from: { readonly version: VersionId; readonly afterSeq: number },
    signal: AbortSignal,
  ): AsyncIterable<NumberedBuildEvent> {
    const ended = AbortSignal.any([signal, this.#closed.signal]);
    const listening = this.#wakes.listen(`build:${from.version}`);
    const backoff = createBackoff();
    let { afterSeq } = from;
    let isHanded = false;
    try {
      while (!signal.aborted) {
        this.#refuseClosed("build events");
        try {
          const seenCount = listening.wakeCount;
          const { isOpen, run, events } = await this.#records.read(from.version, afterSeq);
          backoff.reset();
          for (const each of events) {
            if (signal.aborted) return;
            afterSeq = each.seq;
            yield each;
            if (isOutcome(each.event)) return;
          }
          if (events.length > 0) continue;
          if (!isOpen) return;
          if (!isHanded) await this.#hand(from.version, run);
          isHanded = true;
          if (listening.wakeCount === seenCount) await listening.wait(ended, FOLLOW_POLL_MS);
        } catch (error) {
          if (!hasCode(error, errors.LOST) || this.#closed.signal.aborted) throw error;
          // The server may have lost the job with its last writes.
          isHanded = false;
          await delay(backoff.nextMs(), undefined, { signal: ended }).catch(() => undefined);
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      listening.end();
    }
  }

  /** A builder that takes jobs by hand; close it. */
  openBuilder(): BullBuilder {
    this.#refuseClosed("take");
    const { claimMs, retryPauseMs } = this.#limits;
    const options = { client: this.#client, records: this.#records, prefix: this.#keys.bull };
    return new BullBuilder({ ...options, claimMs, retryPauseMs });
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#wakes.close();
    this.#client.dispose();
    await this.#queue.close().catch(() => undefined);
  }

  /** Puts the job into BullMQ where it is not there. */
  async #hand(version: VersionId, run: string): Promise<void> {
    await this.#client.ask("enqueue", () => this.#queue.add("build", { version }, { jobId: run }));
  }

  #refuseClosed(what: string): void {
    if (this.#closed.signal.aborted) throw errors.LOST({ what, why: "the build queue is closed" });
  }
}
