/**
 * Follows the control store: its records become the routing state that requests read.
 *
 * I1 A request sees one state from beginning to end; a change replaces the whole state.
 * I2 The route table is built anew only when an app, version or route changed; leases and builds come by all the time.
 * I3 While the store is away the last state is served; a router that has none yet serves the one that it kept on disk.
 */
import type { ControlStore } from "@nano/control-store/control-store";
import { followStore, type StoreState } from "@nano/control-store/follow-store";
import type { FeedPosition, NodeRecord, StoreChange } from "@nano/protocol/records";
import type { Logger } from "@nano/service-kit/logger";
import { WorkerSet } from "../request/pick-worker.ts";
import { buildRoutes } from "./build-routes.ts";
import { isRoutingKey } from "./routes-file.ts";
import type { RoutesKeeper } from "./routes-keeper.ts";
import type { RoutingHolder } from "./routing-holder.ts";
import type { WorkerConnections } from "./worker-connections.ts";

const ROUTE_KINDS = /^(?:app|version|route)\//;
/** A store that neither answers nor refuses in this time counts as away for a router that has no state. */
const STORE_PATIENCE_MS = 1_000;

export interface RoutingControlOptions {
  readonly holder: RoutingHolder;
  readonly connections: WorkerConnections;
  readonly logger: Logger;
}

export class RoutingControl {
  readonly #options: RoutingControlOptions;
  readonly #firstState = Promise.withResolvers<void>();
  #isStale = false;
  /** Whether the store itself was read, rather than the disk. */
  #hasStoreState = false;
  #position: FeedPosition | null = null;
  /** While stale: when the state was last known to be current, by the wall clock. */
  #currentAtMs = 0;

  constructor(options: RoutingControlOptions) {
    this.#options = options;
  }

  /** Whether there is a state: without one every host is unknown. */
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

  /** For how long nobody has known whether the state is current: 0 while the store is there, infinite without a state. */
  get ageMs(): number {
    if (!this.hasState) return Number.POSITIVE_INFINITY;
    return this.#isStale ? Math.max(0, Date.now() - this.#currentAtMs) : 0;
  }

  /** Resolves with the first state. */
  whenLoaded(): Promise<void> {
    return this.#firstState.promise;
  }

  /** Follows until `signal` aborts. @param keeper null: nothing is kept on disk */
  async run(store: ControlStore, keeper: RoutesKeeper | null, signal: AbortSignal): Promise<void> {
    const { logger } = this.#options;
    const loadKept = (): void => {
      clearTimeout(patience);
      if (keeper !== null && !this.hasState) void this.#loadKept(keeper, signal);
    };
    const patience = setTimeout(loadKept, STORE_PATIENCE_MS);
    try {
      await followStore(
        store,
        {
          onState: (state, changes) => {
            clearTimeout(patience);
            const isFirst = !this.#hasStoreState;
            this.#take(state, changes);
            if (isFirst || changes.some(({ key }) => isRoutingKey(key))) keeper?.save(state);
          },
          onStale: (error) => {
            if (this.hasState && !this.#isStale) this.#currentAtMs = Date.now();
            this.#isStale = true;
            logger.warn("control store is away, the last state is served", { err: error });
            loadKept();
          },
          onSkipped: (keys) => logger.warn("records were skipped", { skippedCount: keys.length, firstKey: keys[0] }),
        },
        signal,
      );
    } finally {
      clearTimeout(patience);
    }
  }

  async #loadKept(keeper: RoutesKeeper, signal: AbortSignal): Promise<void> {
    const kept = await keeper.load();
    if (kept === null || this.hasState || signal.aborted) return;
    const { state, currentAtMs, skippedCount } = kept;
    this.#isStale = true;
    this.#currentAtMs = currentAtMs;
    this.#replace(state, true);
    this.#position = { epoch: state.epoch, seq: state.seq };
    this.#options.logger.warn("control store is away, kept routes are served", { ageMs: this.ageMs, skippedCount });
    this.#firstState.resolve();
  }

  #take(state: StoreState, changes: readonly StoreChange[]): void {
    const isFirst = !this.#hasStoreState;
    if (this.#isStale) this.#options.logger.info("control store is back");
    this.#isStale = false;
    this.#hasStoreState = true;
    // The first one of the store replaces whatever was kept; it says nothing of what it lacks.
    if (isFirst || changes.some(({ key }) => !key.startsWith("build/"))) {
      this.#replace(state, isFirst || changes.some(({ key }) => ROUTE_KINDS.test(key)));
    }
    this.#position = { epoch: state.epoch, seq: state.seq };
    this.#firstState.resolve();
  }

  #replace(state: StoreState, hasNewRoutes: boolean): void {
    const { holder, connections, logger } = this.#options;
    let { routes } = holder.current;
    if (hasNewRoutes) {
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
