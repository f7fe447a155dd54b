/** Tells of a node's cordon: in the log, by metrics, and to the node's record where it changes. */
import type { WorkerId } from "@nano/protocol/brands";
import type { NodeCordon } from "@nano/protocol/records";
import type { Logger } from "@nano/service-kit/logger";
import type { Metrics } from "@nano/service-kit/metrics";
import type { ThreadUseReport } from "../worker-messages.ts";
import { Cordon } from "./cordon.ts";
import type { WorkerProcess } from "./worker-process.ts";

export interface CordonKeeperOptions {
  readonly busyRatio: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Those that all apps share but for the cordon. */
  workers(): Iterable<WorkerProcess>;
  /** What `named` answers has changed. */
  onChange(): void;
}

export class CordonKeeper {
  readonly #options: CordonKeeperOptions;
  readonly #cordon: Cordon;

  constructor(options: CordonKeeperOptions) {
    this.#options = options;
    const { busyRatio, logger, metrics, onChange } = options;
    const changes = metrics.counter({
      name: "cordon_changes_total",
      help: "Apps with long entries that came into the cordon (cordoned) and left it (freed)",
      labels: ["change"],
    });
    this.#cordon = new Cordon({
      busyRatio,
      onChange: (change, app, ratio) => {
        changes.inc({ change });
        const busyRatio = Math.round(ratio * 100) / 100;
        if (change === "cordoned")
          logger.warn("app with long entries gets workers away from others", { app, busyRatio });
        else logger.info("app is out of the cordon", { app, busyRatio });
        onChange();
      },
    });
    metrics.gauge({
      name: "cordoned_apps_count",
      help: "Apps with long entries that have a part of the workers, away from others",
      collect: (gauge) => gauge.set(this.#cordon.size),
    });
  }

  /** For the node's record; null: there is none. */
  get named(): NodeCordon | null {
    return this.#cordon.place([...this.#options.workers()].map(({ id }) => id));
  }

  /** Takes what a worker that apps share says of its time. */
  report(id: WorkerId, use: ThreadUseReport): void {
    this.#cordon.report(id, use);
  }

  forget(id: WorkerId): void {
    this.#cordon.forget(id);
  }
}
