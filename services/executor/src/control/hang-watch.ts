/**
 * Kills workers that hang: `HANG_GRACE_MS` after the limit of an entry that is running, on whichever of its threads, as the flight recorder has it.
 */
import type { WorkerId } from "@nano/protocol/brands";
import type { Logger } from "@nano/service-kit/logger";
import { readRunningEntries } from "../flight-recorder.ts";
import type { WorkerProcess } from "./worker-process.ts";

export const HANG_GRACE_MS = 250;
/** How often recorders are read; part of how late a hang is seen. */
const WATCH_INTERVAL_MS = 50;

export interface HangWatchOptions {
  readonly logger: Logger;
  workers(): Iterable<WorkerProcess>;
}

export class HangWatch {
  readonly #options: HangWatchOptions;
  readonly #hung = new Set<WorkerId>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: HangWatchOptions) {
    this.#options = options;
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
      const entry = readRunningEntries(worker.recorderFd).find(
        ({ runMs, limitMs }) => runMs >= limitMs + HANG_GRACE_MS,
      );
      if (entry === undefined) continue;
      this.#hung.add(worker.id);
      const { app, limitMs } = entry;
      this.#options.logger.warn("worker hangs", { workerId: worker.id, app, runMs: Math.round(entry.runMs), limitMs });
      worker.kill();
    }
  }
}
