/**
 * Halts rollouts that fail: sums what executors count of each, and notes in the store when that is too much.
 *
 * I1 Several registries may watch: the first to note it wins, the others find it noted.
 * I2 What is lost here (a restart) is what nodes counted that left meanwhile; the rest is read again.
 */
import { setTimeout as delay } from "node:timers/promises";
import { createBackoff } from "@nano/control-store/backoff";
import type { AppName } from "@nano/protocol/brands";
import type { NodeRecord, Rollout } from "@nano/protocol/records";
import type { Logger } from "@nano/service-kit/logger";
import type { Metrics } from "@nano/service-kit/metrics";
import type { Catalog } from "../catalog/catalog.ts";
import { isFailing, nodesOf, RolloutSum } from "../catalog/rollout-counts.ts";
import type { Rollouts } from "../catalog/rollouts.ts";

/** Load of nodes changes all the time: a look reads every record, and rollouts are not in such a hurry. */
const LOOK_PAUSE_MS = 200;

export interface RolloutWatchOptions {
  readonly catalog: Catalog;
  readonly rollouts: Pick<Rollouts, "halt">;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

interface Watched {
  readonly key: string;
  readonly sum: RolloutSum;
}

export class RolloutWatch {
  readonly #options: RolloutWatchOptions;
  readonly #halted: { inc(): void };
  /** Bounded by the number of apps: what is over is forgotten. */
  #watched = new Map<AppName, Watched>();

  constructor(options: RolloutWatchOptions) {
    this.#options = options;
    this.#halted = options.metrics.counter({
      name: "rollouts_halted_total",
      help: "Rollouts that this registry halted because too many of their requests failed",
    });
    options.metrics.gauge({
      name: "rollouts_count",
      help: "Rollouts that are not halted",
      collect: (gauge) => gauge.set(this.#watched.size),
    });
  }

  /** Looks at the states of the catalog until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { catalog, logger } = this.#options;
    const backoff = createBackoff();
    while (!signal.aborted) {
      let pauseMs = LOOK_PAUSE_MS;
      // Asked for before the look: a state that comes during it is looked at, too.
      let moved: Promise<void> | null = catalog.whenMoved(signal);
      try {
        await this.#look();
        backoff.reset();
      } catch (err) {
        moved = null;
        pauseMs += backoff.nextMs();
        logger.warn("failing rollout not halted", { err });
      }
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      await moved;
    }
  }

  async #look(): Promise<void> {
    const { records } = this.#options.catalog.state;
    const running = new Map<AppName, Rollout>();
    for (const record of records.values()) {
      if (record.kind !== "app" || record.rollout === undefined || record.rollout.halted !== undefined) continue;
      running.set(record.name, record.rollout);
    }
    const nodes = running.size === 0 ? [] : nodesOf(records);
    this.#takeUp(running, nodes);
    for (const [app, rollout] of running) await this.#check(app, rollout);
  }

  #takeUp(running: ReadonlyMap<AppName, Rollout>, nodes: readonly NodeRecord[]): void {
    const watched = new Map<AppName, Watched>();
    for (const [app, rollout] of running) {
      const key = `${rollout.version} ${rollout.startedAt}`;
      const before = this.#watched.get(app);
      const entry = before?.key === key ? before : { key, sum: new RolloutSum(rollout) };
      entry.sum.add(nodes, rollout.version);
      watched.set(app, entry);
    }
    this.#watched = watched;
  }

  async #check(app: AppName, rollout: Rollout): Promise<void> {
    const { rollouts, logger } = this.#options;
    const count = this.#watched.get(app)?.sum.count;
    if (count === undefined || !isFailing(count, rollout.haltAt)) return;
    if (!(await rollouts.halt(app, rollout, count))) return;
    this.#halted.inc();
    logger.error("rollout halted: too many of its requests failed", { app, version: rollout.version, ...count });
  }
}
