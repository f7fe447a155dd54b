/**
 * Who follows the output of apps, and the executors that they hear it from.
 *
 * I1 Executors are dialled while somebody follows, and at no other time.
 * I2 A node that comes is followed, one that leaves is let go, without the followers' doing.
 * I3 A follow ends with its app, and after `limitMs`: who may follow is then asked anew.
 */
import type { AppName } from "@nano/protocol/brands";
import type { NodeRecord } from "@nano/protocol/records";
import type { ExecutorTls } from "@nano/service-kit/executor-tls";
import type { Logger } from "@nano/service-kit/logger";
import type { Metrics } from "@nano/service-kit/metrics";
import type { Catalog } from "../catalog/catalog.ts";
import { errors } from "../errors.ts";
import { LogFollower } from "./log-follower.ts";
import { NodeLogs } from "./node-logs.ts";

export interface LogFollowersOptions {
  readonly catalog: Pick<Catalog, "state" | "whenMoved">;
  readonly limitCount: number;
  /** Of what waits for one follower. */
  readonly limitBytes: number;
  /** How long one follow lasts. */
  readonly limitMs: number;
  /** Of executors, see `NodeLogsOptions`. */
  readonly tls?: ExecutorTls | undefined;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Ends all follows. */
  readonly signal: AbortSignal;
}

interface Followed {
  readonly supervisor: NodeRecord["supervisor"];
  readonly logs: NodeLogs;
}

export class LogFollowers {
  readonly #options: LogFollowersOptions;
  readonly #followers = new Map<LogFollower, NodeJS.Timeout>();
  readonly #nodes = new Map<string, Followed>();
  readonly #droppedCount: { inc(): void };
  #isWatching = false;

  constructor(options: LogFollowersOptions) {
    this.#options = options;
    const { metrics, signal } = options;
    metrics.gauge({
      name: "log_followers_count",
      help: "Readers of the output of apps",
      collect: (gauge) => gauge.set(this.#followers.size),
    });
    metrics.gauge({
      name: "log_nodes_count",
      help: "Executors whose output is wanted, by whether it comes",
      labels: ["state"],
      collect: (gauge) => {
        const connectedCount = [...this.#nodes.values()].filter(({ logs }) => logs.isConnected).length;
        gauge.set({ state: "connected" }, connectedCount);
        gauge.set({ state: "away" }, this.#nodes.size - connectedCount);
      },
    });
    this.#droppedCount = metrics.counter({
      name: "log_lines_dropped_total",
      help: "Lines of apps that a reader was too slow for",
    });
    signal.addEventListener("abort", () => this.#close(), { once: true });
  }

  /** @throws REGISTRY_NOT_FOUND, REGISTRY_TOO_MANY_FOLLOWERS */
  open(app: AppName): LogFollower {
    const { limitCount, limitBytes, limitMs, catalog } = this.#options;
    if (!catalog.state.records.has(`app/${app}`)) throw errors.NOT_FOUND({ what: `app ${app}` });
    if (this.#followers.size >= limitCount) throw errors.TOO_MANY_FOLLOWERS({ limitCount });
    const follower: LogFollower = new LogFollower({
      app,
      limitBytes,
      onDropped: () => this.#droppedCount.inc(),
      onClose: () => this.#remove(follower),
    });
    this.#followers.set(follower, setTimeout(() => follower.close(), limitMs).unref());
    this.#reconcile();
    if (!this.#isWatching) void this.#watch();
    return follower;
  }

  #remove(follower: LogFollower): void {
    clearTimeout(this.#followers.get(follower));
    this.#followers.delete(follower);
    for (const { logs } of this.#nodes.values()) logs.remove(follower);
    this.#reconcile();
  }

  /** Ends by itself when nobody follows. */
  async #watch(): Promise<void> {
    const { catalog, signal } = this.#options;
    this.#isWatching = true;
    while (this.#followers.size > 0 && !signal.aborted) {
      this.#reconcile();
      await catalog.whenMoved(signal);
    }
    this.#isWatching = false;
  }

  #reconcile(): void {
    const { records } = this.#options.catalog.state;
    for (const follower of this.#followers.keys()) {
      if (!records.has(`app/${follower.app}`)) follower.close();
    }
    const wanted = new Map<string, NodeRecord>();
    if (this.#followers.size > 0) {
      for (const record of records.values()) if (record.kind === "node") wanted.set(record.id, record);
    }
    for (const [id, { supervisor, logs }] of this.#nodes) {
      if (isSame(wanted.get(id)?.supervisor, supervisor)) continue;
      logs.close();
      this.#nodes.delete(id);
    }
    for (const [id, { supervisor }] of wanted) this.#follow(id, supervisor);
  }

  #follow(node: string, supervisor: NodeRecord["supervisor"]): void {
    const known = this.#nodes.get(node);
    const logs =
      known?.logs ?? new NodeLogs({ node, supervisor, tls: this.#options.tls, logger: this.#options.logger });
    if (known === undefined) this.#nodes.set(node, { supervisor, logs });
    for (const follower of this.#followers.keys()) logs.add(follower);
  }

  #close(): void {
    for (const follower of this.#followers.keys()) follower.close();
  }
}

function isSame(a: NodeRecord["supervisor"] | undefined, b: NodeRecord["supervisor"]): boolean {
  return a !== undefined && a.address === b.address && a.credential === b.credential;
}
