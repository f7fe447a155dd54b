/**
 * Sees each build to its outcome in the control store.
 *
 * I1 Every build that the store calls queued or building is in the queue and watched, also after a restart.
 * I2 A build that the queue has forgotten is queued again, once; then it is failed.
 */
import { setTimeout as delay } from "node:timers/promises";
import { createBackoff } from "@nano/control-store/backoff";
import { type BuildOutcome, type BuildQueue, isOutcome } from "@nano/control-store/build-queue";
import { hasCode, errors as storeErrors } from "@nano/control-store/errors";
import type { VersionId } from "@nano/protocol/brands";
import type { BuildJob, StoreRecord } from "@nano/protocol/records";
import type { Logger } from "@nano/service-kit/logger";
import { errors } from "../errors.ts";

/** Where a watcher writes what it sees. */
export interface BuildLedger {
  markBuilding(version: VersionId): Promise<void>;
  settle(version: VersionId, outcome: BuildOutcome): Promise<void>;
}

export interface BuildWatcherOptions {
  readonly queue: BuildQueue;
  readonly ledger: BuildLedger;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

interface Watch {
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
    await this.#options.queue.enqueue(job);
    const running = this.#watched.get(job.version);
    if (running !== undefined) {
      running.isQueuedAgain = true;
      return;
    }
    const watch: Watch = { isQueuedAgain: false, done: Promise.resolve() };
    this.#watched.set(job.version, watch);
    watch.done = this.#watchAll(job, watch);
  }

  /** As `start`, and resolves when the outcome is written, or the signal has aborted. */
  async runToEnd(job: BuildJob): Promise<void> {
    await this.start(job);
    await this.#watched.get(job.version)?.done;
  }

  /** Takes up the builds that a registry before this one left. */
  async resume(records: ReadonlyMap<string, StoreRecord>): Promise<void> {
    for (const build of records.values()) {
      if (build.kind !== "build" || (build.state !== "queued" && build.state !== "building")) continue;
      const version = records.get(`version/${build.version}`);
      if (version?.kind !== "version" || version.bundle === null) continue;
      const { id, app, manifest, bundle } = version;
      this.#options.logger.info("build resumed", { app, version: id });
      await this.start({ version: id, app, manifest, bundle });
    }
  }

  /** Once the signal has aborted: until no watch is running. */
  async idle(): Promise<void> {
    await Promise.all([...this.#watched.values()].map((watch) => watch.done));
  }

  async #watchAll(job: BuildJob, watch: Watch): Promise<void> {
    do {
      watch.isQueuedAgain = false;
      await this.#watch(job);
    } while (watch.isQueuedAgain);
    this.#watched.delete(job.version);
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
          return await this.#options.ledger.settle(job.version, { type: "failed", error: wire });
        }
        await this.#options.queue.enqueue(job);
      } catch (err) {
        if (signal.aborted) return;
        const isLost = hasCode(err, storeErrors.LOST) || hasCode(err, errors.BUSY);
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
        await ledger.settle(job.version, event);
        const fields = { app: job.app, version: job.version };
        if (event.type === "built")
          logger.info("build ended", { ...fields, rung: event.rung, elapsedMs: event.elapsedMs });
        else logger.info("build failed", { ...fields, code: event.error.code });
        return true;
      }
      if (!isMarked) await ledger.markBuilding(job.version);
      isMarked = true;
    }
    return false;
  }
}
