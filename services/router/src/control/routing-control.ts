/**
 * Follows the control store: its records become the routing state that requests read.
 *
 * I1 A request sees one state from beginning to end; a change replaces the whole state.
 * I2 The route table is built anew only when an app, version or route changed; leases and builds come by all the time.
 */
import type { ControlStore } from "@nano/control-store/control-store";
import { followStore, type StoreState } from "@nano/control-store/follow-store";
import type { FeedPosition, NodeRecord, StoreChange } from "@nano/protocol/records";
import type { Logger } from "@nano/service-kit/logger";
import { WorkerSet } from "../request/pick-worker.ts";
import { buildRoutes } from "./build-routes.ts";
import type { RoutingHolder } from "./routing-holder.ts";
import type { WorkerConnections } from "./worker-connections.ts";

const ROUTE_KINDS = /^(?:app|version|route)\//;

export interface RoutingControlOptions {
  readonly holder: RoutingHolder;
  readonly connections: WorkerConnections;
  readonly logger: Logger;
}

export class RoutingControl {
  readonly #options: RoutingControlOptions;
  readonly #firstState = Promise.withResolvers<void>();
  #isStale = false;
  #position: FeedPosition | null = null;

  constructor(options: RoutingControlOptions) {
    this.#options = options;
  }

  /** Whether a state of the store was ever seen: without one every host is unknown. */
  get hasState(): boolean {
    return this.#position !== null;
  }

  /** Up to where in the change feed requests see its changes; null before the first state. */
  get position(): FeedPosition | null {
    return this.#position;
  }

  /** The state that is served is the last good one; the store is away. */
  get isStale(): boolean {
    return this.#isStale;
  }

  /** Resolves with the first state. */
  whenLoaded(): Promise<void> {
    return this.#firstState.promise;
  }

  /** Follows until `signal` aborts. */
  async run(store: ControlStore, signal: AbortSignal): Promise<void> {
    const { logger } = this.#options;
    await followStore(
      store,
      {
        onState: (state, changes) => this.#take(state, changes),
        onStale: (error) => {
          this.#isStale = true;
          logger.warn("control store is away, the last state is served", { err: error });
        },
        onSkipped: (keys) => logger.warn("records were skipped", { skippedCount: keys.length, firstKey: keys[0] }),
      },
      signal,
    );
  }

  #take(state: StoreState, changes: readonly StoreChange[]): void {
    this.#apply(state, changes);
    this.#position = { epoch: state.epoch, seq: state.seq };
    this.#firstState.resolve();
  }

  #apply(state: StoreState, changes: readonly StoreChange[]): void {
    const { holder, connections, logger } = this.#options;
    if (this.#isStale) logger.info("control store is back");
    this.#isStale = false;
    if (this.hasState && changes.every(({ key }) => key.startsWith("build/"))) return;
    let { routes } = holder.current;
    if (!this.hasState || changes.some(({ key }) => ROUTE_KINDS.test(key))) {
      const built = buildRoutes(state.records);
      routes = built.routes;
      if (built.skippedCount > 0) logger.warn("routes were skipped", { skippedCount: built.skippedCount });
    }
    const nodes = [...state.records.values()].filter((record): record is NodeRecord => record.kind === "node");
    // A new set each time: what it remembers depends on the limits of apps too.
    const workers = new WorkerSet(connections.reconcile(nodes));
    holder.replace({ routes, workers, nodeCount: nodes.length });
  }
}
