/**
 * Keeps the workers of a node: starts them, replaces a dead one at once, kills one that hangs or outgrows its memory, and remembers of the dead
 * what routers ask.
 *
 * I1 One worker process more than serve is kept loaded, with no app's material: it takes a dead one's place without a process's start.
 */
import { randomBytes } from "node:crypto";
import type { WorkerId } from "@nano/protocol/brands";
import type { PostmortemAnswer, PostmortemQuestion } from "@nano/protocol/messages";
import type { Logger } from "@nano/service-kit/logger";
import { readRunningEntry } from "../flight-recorder.ts";
import { examineWorker, Tombstones } from "./tombstones.ts";
import type { LossCause, WorkerProcess } from "./worker-process.ts";
import { WorkerWatch } from "./worker-watch.ts";

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
  onDeath(worker: WorkerProcess, cause: LossCause): void;
}

export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #workers = new Map<WorkerId, WorkerProcess>();
  readonly #dead = new Tombstones();
  /** Under way, replacements included; none of them rejects. */
  readonly #starting = new Set<Promise<void>>();
  readonly #watch: WorkerWatch;
  #spare: WorkerProcess | null = null;
  #spareTimer: NodeJS.Timeout | null = null;
  #isClosing = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#watch = new WorkerWatch({ logger: options.logger, workers: () => this.workers });
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
    return worker === undefined ? null : await examineWorker(worker, question);
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
    this.#watch.close();
    for (const worker of workers) worker.bury();
    spare?.bury();
    this.#dead.close();
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
    const cause = this.#watch.causeOf(worker.id);
    logger.error("worker lost", { workerId: worker.id, cause, ending: worker.ending, app: running?.app });
    this.#dead.add(worker);
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
}

async function discard(worker: WorkerProcess): Promise<void> {
  worker.kill();
  await worker.exited;
  worker.bury();
}
