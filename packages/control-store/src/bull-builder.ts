/**
 * A builder's side of the queue over BullMQ: one worker, that takes one job at a time by hand.
 *
 * I1 A job is this builder's while BullMQ's lock and the build's own record say so; either may end it.
 * I2 What BullMQ is told of a job's end is a matter of tidiness: the record has the outcome before.
 */
import { randomUUID } from "node:crypto";
import type { VersionId } from "@nano/protocol/brands";
import { toWireError } from "@nano/protocol/errors";
import { parseBuildJob } from "@nano/protocol/record-schema";
import type { BuildEvent } from "@nano/protocol/records";
import { type ConnectionOptions, type Job, Worker } from "bullmq";
import type { BuildOutcome } from "./build-queue.ts";
import { isOutcome } from "./build-queue.ts";
import type { BuildRecords } from "./build-records.ts";
import { errors } from "./errors.ts";
import type { JobClaim, JobTaker, TakenJob } from "./job-ledger.ts";
import type { RedisClient } from "./redis-client.ts";

/** Name of the queue in BullMQ. */
export const BULL_QUEUE = "builds";
/** Failed jobs that BullMQ keeps, for whoever looks into them. */
export const DEAD_LETTER_COUNT = 1000;
/** A take waits this long for a job. */
const TAKE_WAIT_S = 5;
/** Pause before another attempt after one that failed for a passing reason; grows with each. */
export const RETRY_PAUSE_MS = 1000;
/** More than a job can stall: how often it is tried is told by its record. */
const ANY_NUMBER_OF_STALLS = 1_000_000;

/** What BullMQ holds of a job: the record has the rest. */
export interface BullJob {
  readonly version: VersionId;
}

export interface BullBuilderOptions {
  readonly client: RedisClient;
  readonly records: BuildRecords;
  readonly prefix: string;
  /** How long a builder that says nothing keeps its job. */
  readonly claimMs: number;
  readonly retryPauseMs: number;
}

export class BullBuilder implements JobTaker {
  readonly #options: BullBuilderOptions;
  readonly #worker: Worker<BullJob>;
  readonly #held = new Map<string, Job<BullJob>>();
  #isChecking = false;

  constructor(options: BullBuilderOptions) {
    this.#options = options;
    this.#worker = new Worker<BullJob>(BULL_QUEUE, null, {
      connection: options.client as unknown as ConnectionOptions,
      prefix: options.prefix,
      skipVersionCheck: true,
      autorun: false,
      drainDelay: TAKE_WAIT_S,
      lockDuration: options.claimMs,
      stalledInterval: Math.ceil(options.claimMs / 3),
      maxStalledCount: ANY_NUMBER_OF_STALLS,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: DEAD_LETTER_COUNT },
    });
    // Told by what the next call throws.
    this.#worker.on("error", () => undefined);
  }

  async takeJob(signal: AbortSignal): Promise<TakenJob | null> {
    const { client, records, claimMs } = this.#options;
    const token = randomUUID();
    const taken = await client.ask("take", () => this.#nextJob(token, signal));
    if (taken === null) return null;
    const claim: JobClaim = { version: taken.data.version, token };
    const job = await records.take(claim, taken.id ?? "");
    if (job === null) {
      await this.#tidy(() => taken.moveToCompleted(null, token, false));
      return null;
    }
    this.#held.set(token, taken);
    try {
      return { job: parseBuildJob(JSON.parse(job)), token, renewEveryMs: Math.ceil(claimMs / 3) };
    } catch (error) {
      // Of a newer build, or damaged: no builder of this build can run it.
      await this.finishJob(claim, { type: "failed", error: toWireError(error) });
      return null;
    }
  }

  async reportJob(claim: JobClaim, events: readonly BuildEvent[]): Promise<void> {
    const { client, records, claimMs } = this.#options;
    const job = this.#jobOf(claim);
    const isKept = await client.ask("report", () => job.extendLock(claim.token, claimMs));
    if (isKept !== 1) this.#lose(claim);
    // An outcome comes by `finishJob` alone, so that there is exactly one.
    await records.report(
      claim,
      events.filter((event) => !isOutcome(event)),
    );
  }

  async finishJob(claim: JobClaim, outcome: BuildOutcome): Promise<void> {
    const { records, retryPauseMs } = this.#options;
    const job = this.#jobOf(claim);
    if (outcome.type === "failed" && outcome.error.retryable && outcome.error.fault === "platform") {
      const text = `Build failed and will be tried again: ${outcome.error.message}`;
      const attemptCount = await records.retry(claim, { type: "log", level: "warn", text });
      if (attemptCount !== null) {
        const atMs = Date.now() + retryPauseMs * attemptCount;
        await this.#tidy(() => job.moveToDelayed(atMs, claim.token));
        this.#held.delete(claim.token);
        return;
      }
    }
    await records.finish(claim, outcome);
    this.#held.delete(claim.token);
    if (outcome.type === "built") await this.#tidy(() => job.moveToCompleted(null, claim.token, false));
    else await this.#tidy(() => job.moveToFailed(new Error(outcome.error.message), claim.token, false));
  }

  async releaseJob(claim: JobClaim): Promise<void> {
    const job = this.#jobOf(claim);
    await this.#options.records.release(claim);
    this.#held.delete(claim.token);
    await this.#tidy(() => job.moveToWait(claim.token));
  }

  /** At once: a job that it still holds stalls, and is given to another builder. */
  async close(): Promise<void> {
    await this.#worker.close(true);
  }

  async #nextJob(token: string, signal: AbortSignal): Promise<Job<BullJob> | null> {
    if (!this.#isChecking) {
      this.#isChecking = true;
      await this.#worker.startStalledCheckTimer();
    }
    const aborted = Promise.withResolvers<null>();
    const abort = (): void => aborted.resolve(null);
    signal.addEventListener("abort", abort);
    try {
      const next = this.#worker.getNextJob(token, { block: true }) as Promise<Job<BullJob> | undefined>;
      // One that comes after the abort stalls, like any whose builder is gone.
      next.catch(() => undefined);
      return signal.aborted ? null : ((await Promise.race([next, aborted.promise])) ?? null);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  #jobOf(claim: JobClaim): Job<BullJob> {
    return this.#held.get(claim.token) ?? this.#lose(claim);
  }

  #lose(claim: JobClaim): never {
    this.#held.delete(claim.token);
    throw errors.JOB_LOST({ version: claim.version });
  }

  /** What BullMQ does not hear of, it finds out: the job stalls, is handed out, and its record says that it has ended. */
  async #tidy(tell: () => Promise<unknown>): Promise<void> {
    try {
      await tell();
    } catch {
      // As above.
    }
  }
}
