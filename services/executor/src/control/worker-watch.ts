/** Watches over running workers: kills what hangs or outgrows its memory, and knows of the dead why they are. */
import type { WorkerId } from "@nano/protocol/brands";
import type { Logger } from "@nano/service-kit/logger";
import { HangWatch } from "./hang-watch.ts";
import { ResidentWatch } from "./resident-watch.ts";
import type { LossCause, WorkerProcess } from "./worker-process.ts";

export interface WorkerWatchOptions {
  readonly logger: Logger;
  workers(): Iterable<WorkerProcess>;
}

export class WorkerWatch {
  readonly #hangs: HangWatch;
  readonly #residents: ResidentWatch;

  constructor(options: WorkerWatchOptions) {
    this.#hangs = new HangWatch(options);
    this.#residents = new ResidentWatch(options);
  }

  /** Of a worker that is gone, asked once. */
  causeOf(id: WorkerId): LossCause {
    const cause = this.#hangs.causeOf(id);
    return this.#residents.hasKilled(id) ? "memory" : cause;
  }

  close(): void {
    this.#hangs.close();
    this.#residents.close();
  }
}
