/** Kills workers whose resident memory is above their ceiling, so that one which outgrew what it may hold does not take the machine's. */
import type { WorkerId } from "@nano/protocol/brands";
import type { Logger } from "@nano/service-kit/logger";
import { readResidentBytes } from "@nano/service-kit/resident-bytes";
import { readRunningEntry } from "../flight-recorder.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** A process that allocates as fast as memory allows takes less than a gigabyte in this time. */
const LOOK_INTERVAL_MS = 250;

/** What is watched of a worker. */
export type GrowingWorker = Pick<WorkerProcess, "id" | "pid" | "isGone" | "recorderFd" | "residentLimitBytes" | "kill">;

export interface ResidentWatchOptions {
  readonly logger: Logger;
  workers(): Iterable<GrowingWorker>;
}

export class ResidentWatch {
  readonly #options: ResidentWatchOptions;
  readonly #killed = new Set<WorkerId>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: ResidentWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#killOutgrown(), LOOK_INTERVAL_MS);
  }

  /** Of a worker that is gone, asked once: whether it was killed for its memory. */
  hasKilled(id: WorkerId): boolean {
    return this.#killed.delete(id);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #killOutgrown(): void {
    for (const worker of this.#options.workers()) {
      if (worker.isGone || worker.pid === undefined || this.#killed.has(worker.id)) continue;
      const { residentLimitBytes: limitBytes } = worker;
      const residentBytes = readResidentBytes(worker.pid);
      if (residentBytes <= limitBytes) continue;
      this.#killed.add(worker.id);
      const app = readRunningEntry(worker.recorderFd)?.app;
      this.#options.logger.warn("worker outgrew its memory", { workerId: worker.id, app, residentBytes, limitBytes });
      worker.kill();
    }
  }
}
