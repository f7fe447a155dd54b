/**
 * Workers that versions in quarantine have for themselves: started when a router asks for one, ended when nobody does any more.
 *
 *   asked for ──starts──▶ serves ──no request for `IDLE_MS`, or free again──▶ drains ──▶ gone
 *        └──────── dies, hangs: the version waits for the next one ─────────────▶ gone
 *
 * I1 A version has one, and it serves no other.
 * I2 There are at most `limitCount`, those that start and those that end included.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { VersionId, WorkerId } from "@nano/protocol/brands";
import type { PostmortemAnswer, PostmortemQuestion } from "@nano/protocol/messages";
import type { Logger } from "@nano/service-kit/logger";
import { errors } from "../errors.ts";
import type { WorkerStats } from "../worker-messages.ts";
import { examineWorker, Tombstones } from "./tombstones.ts";
import type { LossCause, WorkerProcess } from "./worker-process.ts";
import { WorkerWatch } from "./worker-watch.ts";

export const IDLE_MS = 60_000;
/** One that had no request for so long leaves where another version wants a worker and there is none, or where its own is free again. */
const YIELD_MS = 1_000;
/** How long an answer waits for the end of a process that cannot be reached any more. */
const END_WAIT_MS = 1_000;

export interface OwnWorkersOptions {
  readonly limitCount: number;
  readonly logger: Logger;
  /** @default IDLE_MS */
  readonly idleMs?: number;
  start(id: WorkerId): Promise<WorkerProcess>;
  /** Gives a worker that has just started what it needs for its version. */
  equip(worker: WorkerProcess, versionId: VersionId): void;
  /** Whether a version is in quarantine: a router that has not heard yet that it is free again asks for a worker of its own still. */
  isQuarantined(versionId: VersionId): boolean;
  /** How long a version has to wait for its next one. */
  pauseMs(versionId: VersionId): number;
  onDeath(worker: WorkerProcess, cause: LossCause, versionId: VersionId): void;
  /** It ended because nobody needs it. */
  onEnd(worker: WorkerProcess): void;
  /** Who asked got none: its version waits for the next one, or others have them all. */
  onRefused(cause: "held_back" | "full"): void;
}

export type OwnWorkerStats = Pick<WorkerStats, "requests" | "queued" | "running">;

interface OwnWorker {
  readonly versionId: VersionId;
  readonly started: Promise<WorkerProcess>;
  /** Null: it is being started. */
  worker: WorkerProcess | null;
  /** When it was last asked for or had requests. */
  usedMs: number;
  requestCount: number;
  /** It takes no requests any more, and ends with those that it has. */
  isLeaving: boolean;
}

export class OwnWorkers {
  readonly #options: OwnWorkersOptions;
  readonly #idleMs: number;
  readonly #all = new Set<OwnWorker>();
  readonly #byVersion = new Map<VersionId, OwnWorker>();
  readonly #dead = new Tombstones();
  readonly #watch: WorkerWatch;
  #isClosing = false;

  constructor(options: OwnWorkersOptions) {
    this.#options = options;
    this.#idleMs = options.idleMs ?? IDLE_MS;
    this.#watch = new WorkerWatch({ logger: options.logger, workers: () => this.workers });
  }

  /** Those that run. */
  get workers(): readonly WorkerProcess[] {
    return [...this.#all].flatMap(({ worker }) => (worker === null ? [] : [worker]));
  }

  get size(): number {
    return this.#all.size;
  }

  get(id: WorkerId): WorkerProcess | undefined {
    return this.workers.find((worker) => worker.id === id);
  }

  /**
   * The worker of a version in quarantine; it is started where there is none.
   * @throws EXEC_QUARANTINED, EXEC_OWN_WORKERS_FULL, EXEC_NODE_DRAINING, EXEC_WORKER_START
   */
  async workerFor(versionId: VersionId): Promise<WorkerProcess> {
    const worker = await this.#ownOf(versionId).started;
    if (worker.isReachable) return worker;
    await Promise.race([worker.exited, delay(END_WAIT_MS, undefined, { ref: false })]);
    return await this.#ownOf(versionId).started;
  }

  /** What became of the streams of a link to a worker that is lost. */
  async examine(question: PostmortemQuestion): Promise<PostmortemAnswer | null> {
    const id = question.workerId as WorkerId;
    const worker = this.get(id) ?? this.#dead.get(id);
    return worker === undefined ? null : await examineWorker(worker, question);
  }

  /** Takes a worker's figures; one that nobody needs is ended. */
  report(id: WorkerId, { requests, queued, running }: OwnWorkerStats): void {
    const own = [...this.#all].find(({ worker }) => worker?.id === id);
    if (own === undefined || own.isLeaving) return;
    const nowMs = performance.now();
    if (requests !== own.requestCount || queued + running > 0) own.usedMs = nowMs;
    own.requestCount = requests;
    const idleMs = this.#options.isQuarantined(own.versionId) ? this.#idleMs : YIELD_MS;
    if (nowMs - own.usedMs >= idleMs) this.#leave(own);
  }

  /** A version is served by shared workers again. */
  free(versionId: VersionId): void {
    const own = this.#byVersion.get(versionId);
    if (own !== undefined) this.#leave(own);
  }

  /** Ends all: after the grace what is left is cut, and who is there at the deadline is killed. */
  async close(deadline: AbortSignal, graceMs: number): Promise<void> {
    this.#isClosing = true;
    const each = (act: (worker: WorkerProcess) => void) => (): void => this.workers.forEach(act);
    const killAll = each((worker) => worker.kill());
    deadline.addEventListener("abort", killAll);
    if (deadline.aborted) killAll();
    each((worker) => worker.drain())();
    const grace = setTimeout(
      each((worker) => worker.cut()),
      graceMs,
    );
    const all = [...this.#all];
    // One that starts meanwhile is discarded by its start.
    await Promise.all(all.map(async ({ started }) => (await started.catch(() => null))?.exited));
    clearTimeout(grace);
    deadline.removeEventListener("abort", killAll);
    this.#watch.close();
    for (const { worker } of all) worker?.bury();
    this.#dead.close();
  }

  /** @throws EXEC_QUARANTINED, EXEC_OWN_WORKERS_FULL, EXEC_NODE_DRAINING */
  #ownOf(versionId: VersionId): OwnWorker {
    const { pauseMs, limitCount, onRefused } = this.#options;
    if (this.#isClosing) throw errors.NODE_DRAINING({});
    const known = this.#byVersion.get(versionId);
    if (known !== undefined) {
      known.usedMs = performance.now();
      return known;
    }
    const waitMs = Math.ceil(pauseMs(versionId));
    if (waitMs > 0) {
      onRefused("held_back");
      throw errors.QUARANTINED({ versionId, waitMs });
    }
    if (this.#all.size >= limitCount) {
      this.#yieldOne();
      onRefused("full");
      throw errors.OWN_WORKERS_FULL({ limitCount });
    }
    return this.#begin(versionId);
  }

  #begin(versionId: VersionId): OwnWorker {
    const started = this.#start();
    const own: OwnWorker = {
      versionId,
      started,
      worker: null,
      usedMs: performance.now(),
      requestCount: 0,
      isLeaving: false,
    };
    this.#all.add(own);
    this.#byVersion.set(versionId, own);
    started.then(
      (worker) => this.#serve(own, worker),
      (err: unknown) => {
        this.#options.logger.error("own worker did not start", { versionId, err });
        this.#forget(own);
      },
    );
    return own;
  }

  async #start(): Promise<WorkerProcess> {
    const worker = await this.#options.start(`q${randomBytes(6).toString("hex")}` as WorkerId);
    if (!this.#isClosing) return worker;
    worker.kill();
    await worker.exited;
    worker.bury();
    throw errors.NODE_DRAINING({});
  }

  #serve(own: OwnWorker, worker: WorkerProcess): void {
    own.worker = worker;
    own.usedMs = performance.now();
    this.#options.equip(worker, own.versionId);
    worker.exited.then(() => this.#ended(own, worker));
    // Its version was freed before it was there.
    if (own.isLeaving) worker.drain();
  }

  /** The one that was used longest ago, where it is not in use. */
  #yieldOne(): void {
    if ([...this.#all].some(({ isLeaving }) => isLeaving)) return;
    const byUse = [...this.#all].sort((a, b) => a.usedMs - b.usedMs);
    const idle = byUse.find(({ worker, usedMs }) => worker !== null && performance.now() - usedMs >= YIELD_MS);
    if (idle !== undefined) this.#leave(idle);
  }

  #leave(own: OwnWorker): void {
    own.isLeaving = true;
    this.#byVersion.delete(own.versionId);
    own.worker?.drain();
  }

  #forget(own: OwnWorker): void {
    this.#all.delete(own);
    if (this.#byVersion.get(own.versionId) === own) this.#byVersion.delete(own.versionId);
  }

  #ended(own: OwnWorker, worker: WorkerProcess): void {
    const { logger, onDeath, onEnd } = this.#options;
    const { versionId } = own;
    this.#forget(own);
    if (this.#isClosing) return;
    if (own.isLeaving && worker.hasEndedCleanly) {
      worker.bury();
      onEnd(worker);
      return;
    }
    const cause = this.#watch.causeOf(worker.id);
    logger.error("worker lost", { workerId: worker.id, kind: "own", versionId, cause, ending: worker.ending });
    this.#dead.add(worker);
    onDeath(worker, cause, versionId);
  }
}
