/**
 * Kills workers that hang: `HANG_GRACE_MS` after the limit of an entry that is running, on whichever of its threads, as the flight recorder has it.
 * Time in which it waits for a core is not the entry's.
 */
import type { WorkerId } from "@nano/protocol/brands";
import type { Logger } from "@nano/service-kit/logger";
import { type RunningEntry, readRunningEntries } from "../flight-recorder.ts";
import { CoreWaits } from "./core-waits.ts";
import type { WorkerProcess } from "./worker-process.ts";

export const HANG_GRACE_MS = 250;
/** How often recorders are read; part of how late a hang is seen, and what an entry may have run before it was seen first. */
const WATCH_INTERVAL_MS = 50;

/** What is watched of a worker. */
type WatchedWorker = Pick<WorkerProcess, "id" | "pid" | "isGone" | "recorderFd" | "kill">;

export interface HangWatchOptions {
  readonly logger: Logger;
  workers(): Iterable<WatchedWorker>;
  /** @default the kernel's counts */
  readonly waits?: Pick<CoreWaits, "ownMs" | "turn">;
}

export class HangWatch {
  readonly #options: HangWatchOptions;
  readonly #hung = new Set<WorkerId>();
  readonly #waits: Pick<CoreWaits, "ownMs" | "turn">;
  readonly #timer: NodeJS.Timeout;

  constructor(options: HangWatchOptions) {
    this.#options = options;
    this.#waits = options.waits ?? new CoreWaits();
    this.#timer = setInterval(() => this.#killHung(), WATCH_INTERVAL_MS);
  }

  /** Of a worker that is gone, asked once: whether it was killed because it hung. */
  causeOf(id: WorkerId): "died" | "hung" {
    return this.#hung.delete(id) ? "hung" : "died";
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #killHung(): void {
    for (const worker of this.#options.workers()) {
      if (worker.isGone || this.#hung.has(worker.id)) continue;
      // All of them, also behind one that hangs: their waits count from here.
      const [entry] = readRunningEntries(worker.recorderFd).filter((each) => this.#isHanging(worker, each));
      if (entry === undefined) continue;
      this.#hung.add(worker.id);
      const { app, limitMs } = entry;
      this.#options.logger.warn("worker hangs", { workerId: worker.id, app, runMs: Math.round(entry.runMs), limitMs });
      worker.kill();
    }
    this.#waits.turn();
  }

  #isHanging({ pid }: WatchedWorker, { taskId, beganMs, runMs, limitMs }: RunningEntry): boolean {
    if (pid === undefined || runMs < WATCH_INTERVAL_MS) return false;
    const ownMs = this.#waits.ownMs({ pid, taskId, beganMs, runMs });
    return runMs >= limitMs + HANG_GRACE_MS && ownMs >= limitMs + HANG_GRACE_MS - WATCH_INTERVAL_MS;
  }
}
