/**
 * Keeps the workers of a node: starts them, replaces a dead one at once, kills one that hangs, and remembers of the dead what routers ask.
 *
 * I1 A hang is killed `HANG_GRACE_MS` after the limit of the entry that is running, as the flight recorder has it.
 * I2 One worker process more than serve is kept loaded, with no app's material: it takes a dead one's place without a process's start.
 * I3 Of a dead worker the recorder is kept for `TOMBSTONE_MS`, of at most `MAX_TOMBSTONES`.
 */
import { randomBytes } from "node:crypto";
import type { WorkerId } from "@nano/protocol/brands";
import type { PostmortemAnswer, PostmortemQuestion } from "@nano/protocol/messages";
import type { Logger } from "@nano/service-kit/logger";
import { readEnteredStreams, readRunningEntry, recorderLinkId } from "../flight-recorder.ts";
import type { WorkerProcess } from "./worker-process.ts";

export const HANG_GRACE_MS = 250;
/** How often recorders are read; part of how late a hang is seen. */
const WATCH_INTERVAL_MS = 50;
const TOMBSTONE_MS = 30_000;
export const MAX_TOMBSTONES = 64;
/** How long a postmortem waits for the end of a worker whose sockets are already gone. */
const DEATH_WAIT_MS = 800;
const MAX_START_DELAY_MS = 5_000;
const START_DELAY_MS = 50;
/** A spare is started when the replacement that took the last one has had the machine to itself. */
const SPARE_DELAY_MS = 1_000;

export interface WorkerPoolOptions {
  readonly count: number;
  readonly logger: Logger;
  start(id: WorkerId): Promise<WorkerProcess>;
  /** Gives a worker that is about to serve what it needs. */
  equip(worker: WorkerProcess): Promise<void>;
  /** The set of serving workers has changed. */
  onChange(): void;
  onDeath(worker: WorkerProcess, cause: "died" | "hung"): void;
}

export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #workers = new Map<WorkerId, WorkerProcess>();
  readonly #dead = new Map<WorkerId, WorkerProcess>();
  readonly #hung = new Set<WorkerId>();
  /** Under way, replacements included; none of them rejects. */
  readonly #starting = new Set<Promise<void>>();
  readonly #watch: NodeJS.Timeout;
  #spare: WorkerProcess | null = null;
  #spareTimer: NodeJS.Timeout | null = null;
  #isClosing = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#watch = setInterval(() => this.#killHung(), WATCH_INTERVAL_MS);
  }

  get workers(): Iterable<WorkerProcess> {
    return this.#workers.values();
  }

  get size(): number {
    return this.#workers.size;
  }

  get(id: WorkerId): WorkerProcess | undefined {
    return this.#workers.get(id);
  }

  /** Starts all workers. @throws EXEC_WORKER_START where the first ones cannot start */
  async open(): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.count }, () => this.#startOne()));
    this.#planSpare();
  }

  /** What became of the streams of a link to a worker that is lost. */
  async examine(question: PostmortemQuestion): Promise<PostmortemAnswer | null> {
    const id = question.workerId as WorkerId;
    const worker = this.#workers.get(id) ?? this.#dead.get(id);
    if (worker === undefined) return null;
    if (!worker.isGone && !(await endsWithin(worker, DEATH_WAIT_MS))) return null;
    const linkId = recorderLinkId(question.peer);
    const running = readRunningEntry(worker.recorderFd);
    const isSuspect = running?.linkId === linkId && question.streamIds.includes(running.streamId);
    const entered = readEnteredStreams(worker.recorderFd, linkId);
    return {
      suspect: isSuspect ? running.streamId : 0,
      entered: entered === null ? question.streamIds : question.streamIds.filter((id) => entered.has(id)),
    };
  }

  /**
   * Ends all workers: those in time by themselves, what is left after `graceMs` is cut off, and who is there at the deadline is killed.
   * @param graceMs @default until the deadline
   */
  async close(deadline: AbortSignal, graceMs = Number.POSITIVE_INFINITY): Promise<void> {
    this.#isClosing = true;
    if (this.#spareTimer !== null) clearTimeout(this.#spareTimer);
    const spare = this.#spare;
    spare?.kill();
    const workers = [...this.#workers.values()];
    const killAll = (): void => {
      for (const worker of workers) worker.kill();
    };
    deadline.addEventListener("abort", killAll);
    if (deadline.aborted) killAll();
    for (const worker of workers) worker.drain();
    const cutAll = (): void => {
      for (const worker of workers) worker.cut();
    };
    const grace = Number.isFinite(graceMs) ? setTimeout(cutAll, graceMs) : undefined;
    await Promise.all([...workers.map((worker) => worker.exited), spare?.exited, ...this.#starting]);
    clearTimeout(grace);
    deadline.removeEventListener("abort", killAll);
    clearInterval(this.#watch);
    for (const worker of [...workers, ...this.#dead.values()]) worker.bury();
    spare?.bury();
    this.#dead.clear();
  }

  async #startOne(): Promise<void> {
    const worker = this.#takeSpare() ?? (await this.#startProcess());
    await this.#options.equip(worker);
    if (this.#isClosing) {
      await discard(worker);
      return;
    }
    this.#workers.set(worker.id, worker);
    worker.exited.then(() => this.#replace(worker));
    this.#options.onChange();
  }

  #startProcess(): Promise<WorkerProcess> {
    return this.#options.start(`w${randomBytes(6).toString("hex")}` as WorkerId);
  }

  #takeSpare(): WorkerProcess | null {
    const spare = this.#spare;
    if (spare === null) return null;
    this.#spare = null;
    this.#planSpare();
    if (!spare.isGone) return spare;
    spare.bury();
    return null;
  }

  #planSpare(): void {
    if (this.#isClosing) return;
    if (this.#spareTimer !== null) clearTimeout(this.#spareTimer);
    this.#spareTimer = setTimeout(() => {
      const started = this.#startSpare().catch((err: unknown) => {
        this.#options.logger.warn("spare worker did not start", { err });
        this.#planSpare();
      });
      this.#starting.add(started);
      started.then(() => this.#starting.delete(started));
    }, SPARE_DELAY_MS).unref();
  }

  async #startSpare(): Promise<void> {
    const spare = await this.#startProcess();
    if (this.#isClosing || this.#spare !== null) {
      await discard(spare);
      return;
    }
    this.#spare = spare;
    spare.exited.then(() => {
      if (this.#spare !== spare || this.#isClosing) return;
      this.#spare = null;
      spare.bury();
      this.#planSpare();
    });
  }

  #replace(worker: WorkerProcess): void {
    const { logger, onDeath, onChange } = this.#options;
    this.#workers.delete(worker.id);
    if (this.#isClosing) return;
    const running = readRunningEntry(worker.recorderFd);
    const cause = this.#hung.delete(worker.id) ? "hung" : "died";
    logger.error("worker lost", { workerId: worker.id, cause, ending: worker.ending, app: running?.app });
    this.#entomb(worker);
    onDeath(worker, cause);
    onChange();
    this.#startUntilItServes(START_DELAY_MS);
  }

  #startUntilItServes(delayMs: number): void {
    if (this.#isClosing) return;
    const started = this.#startOne().catch((err: unknown) => {
      this.#options.logger.error("worker did not start", { err });
      setTimeout(() => this.#startUntilItServes(Math.min(delayMs * 2, MAX_START_DELAY_MS)), delayMs).unref();
    });
    this.#starting.add(started);
    started.then(() => this.#starting.delete(started));
  }

  #entomb(worker: WorkerProcess): void {
    this.#dead.set(worker.id, worker);
    const bury = (): void => {
      if (this.#dead.delete(worker.id)) worker.bury();
    };
    setTimeout(bury, TOMBSTONE_MS).unref();
    for (const oldest of this.#dead.values()) {
      if (this.#dead.size <= MAX_TOMBSTONES) break;
      this.#dead.delete(oldest.id);
      oldest.bury();
    }
  }

  #killHung(): void {
    for (const worker of this.#workers.values()) {
      if (worker.isGone || this.#hung.has(worker.id)) continue;
      const entry = readRunningEntry(worker.recorderFd);
      if (entry === null || entry.runMs < entry.limitMs + HANG_GRACE_MS) continue;
      this.#hung.add(worker.id);
      const runMs = Math.round(entry.runMs);
      this.#options.logger.warn("worker hangs", { workerId: worker.id, app: entry.app, runMs, limitMs: entry.limitMs });
      worker.kill();
    }
  }
}

async function discard(worker: WorkerProcess): Promise<void> {
  worker.kill();
  await worker.exited;
  worker.bury();
}

async function endsWithin(worker: WorkerProcess, waitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), waitMs);
  });
  const ended = await Promise.race([worker.exited.then(() => true), timeout]);
  clearTimeout(timer);
  return ended;
}
