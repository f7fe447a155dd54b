/**
 * Sees each build to its outcome in the control store.
 *
 * I1 Every build that the store calls queued or building is in the queue and watched, also after a restart, and also where the
 *    registry that queued it is gone: one that is not watched here is taken up after `TAKE_UP_AFTER_MS`.
 * I2 A build that the queue has forgotten is queued again, once; then it is failed.
 * I3 Several registries may watch one build: each writes its outcome, the first counts. A job tells when it was asked for, so that
 *    one that has ended by the time it is taken up is not built again.
 */
import { setTimeout as delay } from "node:timers/promises";
import { createBackoff } from "@nano/control-store/backoff";
import { type BuildOutcome, type BuildQueue, isOutcome } from "@nano/control-store/build-queue";
import { hasCode, errors as storeErrors } from "@nano/control-store/errors";
import type { VersionId } from "@nano/protocol/brands";
import type { BuildJob, BuildRecord, StoreRecord } from "@nano/protocol/records";
import type { Logger } from "@nano/service-kit/logger";
import { errors } from "../errors.ts";

/** How long a build may go without being watched here: the registry that queued it watches it, if it lives. */
export const TAKE_UP_AFTER_MS = 3000;
/** Pause between two looks: each reads every record, and load of nodes moves them all the time. */
const LOOK_PAUSE_MS = 500;

/** How long a build is asked for that the queue's connection was lost under: twice asked is one build. */
export const REPEAT_ENQUEUE_MS = 2000;

/** Where a watcher writes what it sees. `queuedAt` says of which build of the version. */
export interface BuildLedger {
  markBuilding(version: VersionId, queuedAt: string | undefined): Promise<void>;
  settle(version: VersionId, outcome: BuildOutcome, queuedAt: string | undefined): Promise<void>;
}

/** What shows which builds there are. */
export interface BuildView {
  readonly state: { readonly records: ReadonlyMap<string, StoreRecord> };
  whenMoved(signal: AbortSignal): Promise<void>;
}

export interface BuildWatcherOptions {
  readonly queue: BuildQueue;
  readonly ledger: BuildLedger;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** @default TAKE_UP_AFTER_MS */
  readonly takeUpAfterMs?: number;
  /** @default REPEAT_ENQUEUE_MS */
  readonly repeatEnqueueMs?: number;
}

interface Watch {
  job: BuildJob;
  /** Queued again while it was watched: what is being followed may be the build before. */
  isQueuedAgain: boolean;
  done: Promise<void>;
}

export class BuildWatcher {
  readonly #options: BuildWatcherOptions;
  readonly #watched = new Map<VersionId, Watch>();

  constructor(options: BuildWatcherOptions) {
    this.#options = options;
  }

  get watchedCount(): number {
    return this.#watched.size;
  }

  /** Queues a build, unless it is, and watches it. @throws STORE_QUEUE_FULL, STORE_LOST */
  async start(job: BuildJob): Promise<void> {
    await this.#enqueue(job);
    const running = this.#watched.get(job.version);
    if (running !== undefined) {
      running.isQueuedAgain = true;
      running.job = job;
      return;
    }
    const watch: Watch = { job, isQueuedAgain: false, done: Promise.resolve() };
    this.#watched.set(job.version, watch);
    watch.done = this.#watchAll(watch);
  }

  /** As `start`, and resolves when the outcome is written, or the signal has aborted. */
  async runToEnd(job: BuildJob): Promise<void> {
    await this.start(job);
    await this.#watched.get(job.version)?.done;
  }

  /** Takes up builds that nobody watches here: at once those that are there at the start, later ones when they have waited. */
  async runTakeUp(view: BuildView): Promise<void> {
    const { signal, takeUpAfterMs = TAKE_UP_AFTER_MS } = this.#options;
    let sinceMs = new Map<string, number>();
    let waitMs = 0;
    while (!signal.aborted) {
      const nowMs = performance.now();
      const seenMs = new Map<string, number>();
      for (const build of unsettledBuilds(view.state.records)) {
        if (this.#watched.has(build.version)) continue;
        const key = `${build.version} ${build.queuedAt}`;
        const firstMs = sinceMs.get(key) ?? nowMs;
        if (nowMs - firstMs < waitMs) seenMs.set(key, firstMs);
        else if (!(await this.#takeUp(build, view.state.records))) seenMs.set(key, nowMs);
      }
      sinceMs = seenMs;
      waitMs = takeUpAfterMs;
      const moved = seenMs.size === 0 ? view.whenMoved(signal) : null;
      await delay(Math.min(LOOK_PAUSE_MS, takeUpAfterMs), undefined, { signal }).catch(() => undefined);
      await moved;
    }
  }

  /** Once the signal has aborted: until no watch is running. */
  async idle(): Promise<void> {
    await Promise.all([...this.#watched.values()].map((watch) => watch.done));
  }

  async #enqueue(job: BuildJob): Promise<void> {
    const { queue, signal, repeatEnqueueMs = REPEAT_ENQUEUE_MS } = this.#options;
    const backoff = createBackoff();
    const untilMs = performance.now() + repeatEnqueueMs;
    for (;;) {
      try {
        return await queue.enqueue(job);
      } catch (error) {
        if (!hasCode(error, storeErrors.LOST) || performance.now() >= untilMs || signal.aborted) throw error;
        await delay(backoff.nextMs(), undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** False: it is to be tried again. */
  async #takeUp(build: BuildRecord, records: ReadonlyMap<string, StoreRecord>): Promise<boolean> {
    const { logger } = this.#options;
    const version = records.get(`version/${build.version}`);
    if (version?.kind !== "version" || version.bundle === null) return true;
    const { id, app, manifest, bundle } = version;
    const { queuedAt } = build;
    const job = { version: id, app, manifest, bundle, ...(queuedAt !== undefined && { queuedAt }) };
    logger.info("build taken up", { app, version: id, state: build.state });
    try {
      await this.start(job);
    } catch (err) {
      // The queue is away or full.
      logger.warn("build not taken up", { err, app, version: id });
      return false;
    }
    return true;
  }

  async #watchAll(watch: Watch): Promise<void> {
    do {
      watch.isQueuedAgain = false;
      await this.#watch(watch.job);
    } while (watch.isQueuedAgain);
    this.#watched.delete(watch.job.version);
  }

  async #watch(job: BuildJob): Promise<void> {
    const { signal, logger } = this.#options;
    const backoff = createBackoff();
    let forgottenCount = 0;
    while (!signal.aborted) {
      try {
        if (await this.#followOnce(job)) return;
        if (signal.aborted) return;
        forgottenCount += 1;
        if (forgottenCount > 1) {
          const { wire } = errors.BUILD_FORGOTTEN({ version: job.version });
          return await this.#options.ledger.settle(job.version, { type: "failed", error: wire }, job.queuedAt);
        }
        // Of its end the queue may remember no more than that it was: this asks for another.
        const { queuedAt: _asked, ...again } = job;
        await this.#options.queue.enqueue(again);
      } catch (err) {
        if (signal.aborted) return;
        const isLost =
          hasCode(err, storeErrors.LOST) || hasCode(err, errors.BUSY) || hasCode(err, errors.OUTCOME_UNKNOWN);
        logger[isLost ? "warn" : "error"]("build watch failed", { err, app: job.app, version: job.version });
      }
      await delay(backoff.nextMs(), undefined, { signal }).catch(() => undefined);
    }
  }

  /** Whether the build's outcome came, and was written. */
  async #followOnce(job: BuildJob): Promise<boolean> {
    const { queue, ledger, signal, logger } = this.#options;
    let isMarked = false;
    for await (const event of queue.followBuild(job.version, signal)) {
      if (isOutcome(event)) {
        await ledger.settle(job.version, event, job.queuedAt);
        const fields = { app: job.app, version: job.version };
        if (event.type === "built")
          logger.info("build ended", { ...fields, rung: event.rung, elapsedMs: event.elapsedMs });
        else logger.info("build failed", { ...fields, code: event.error.code });
        return true;
      }
      if (!isMarked) await ledger.markBuilding(job.version, job.queuedAt);
      isMarked = true;
    }
    return false;
  }
}

function* unsettledBuilds(records: ReadonlyMap<string, StoreRecord>): Iterable<BuildRecord> {
  for (const record of records.values()) {
    if (record.kind === "build" && (record.state === "queued" || record.state === "building")) yield record;
  }
}
