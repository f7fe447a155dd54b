/**
 * Follows the control store of one cell: its records become routes, apps and workers that requests read.
 *
 * I1 What one commit changed is applied in one turn of the event loop; a request sees it whole, but for apps that are held back (`standby.ts`).
 * I2 What a change costs follows from the change; leases, load and builds come by all the time.
 * I3 While the store is away the last state is served; a router that has none yet serves the one that it kept on disk.
 */
import type { ControlStore } from "@nano/control-store/control-store";
import { followStore, type StoreState } from "@nano/control-store/follow-store";
import type { AppName, VersionId } from "@nano/protocol/brands";
import type { FeedPosition, NodeRecord, StoreChange, StoreRecord } from "@nano/protocol/records";
import type { Logger } from "@nano/service-kit/logger";
import {
  CordonedWorkers,
  type Cordons,
  cordonsOf,
  isSameCordons,
  type WorkerChoice,
} from "../request/cordoned-workers.ts";
import { WorkerSet } from "../request/pick-worker.ts";
import type { AskedWorkerSource, CellRouting } from "../request/routing-state.ts";
import { CellRoutes } from "./cell-routes.ts";
import { isRoutingKey } from "./routes-file.ts";
import type { RoutesKeeper } from "./routes-keeper.ts";
import type { RoutingHolder } from "./routing-holder.ts";
import { Standby, type StandbyOptions } from "./standby.ts";
import type { WorkerConnections } from "./worker-connections.ts";

/** A store that neither answers nor refuses in this time counts as away for a router that has no state. */
const STORE_PATIENCE_MS = 1_000;
/** First pause after the store was lost: routers lose it together, and each reads it whole when it is back. */
const FIRST_RELOAD_PAUSE_MS = 250;
/** An app counts as served by the workers that had requests of it in the last one to two of these. */
const FORGET_INTERVAL_MS = 10_000;

export interface RoutingControlOptions {
  /** Among cells: routes of those before it win. @default 0 */
  readonly place?: number;
  readonly holder: RoutingHolder;
  readonly connections: WorkerConnections;
  readonly webSocketWorkers: AskedWorkerSource<AppName>;
  readonly ownWorkers: AskedWorkerSource<VersionId>;
  readonly standby: StandbyOptions;
  readonly logger: Logger;
}

export class RoutingControl implements CellRouting {
  readonly #options: RoutingControlOptions;
  readonly #routes: CellRoutes;
  readonly #standby: Standby;
  readonly #firstState = Promise.withResolvers<void>();
  readonly #nodes = new Map<string, NodeRecord>();
  #records: ReadonlyMap<string, StoreRecord> = new Map();
  #workers: WorkerChoice = new WorkerSet([]);
  #cordons: Cordons | null = null;
  /** By the nodes' records. */
  #quarantined: ReadonlySet<VersionId> = new Set();
  #isStale = false;
  /** Whether the store itself was read, rather than the disk. */
  #hasStoreState = false;
  #position: FeedPosition | null = null;
  /** While stale: when the state was last known to be current, by the wall clock. */
  #currentAtMs = 0;

  constructor(options: RoutingControlOptions) {
    this.#options = options;
    const { holder, place = 0, logger } = options;
    this.#standby = new Standby(options.standby);
    this.#routes = new CellRoutes({ cell: this, place, holder, standby: this.#standby, logger });
  }

  get webSocketWorkers(): AskedWorkerSource<AppName> {
    return this.#options.webSocketWorkers;
  }

  get ownWorkers(): AskedWorkerSource<VersionId> {
    return this.#options.ownWorkers;
  }

  isQuarantined(versionId: VersionId): boolean {
    return this.#quarantined.has(versionId);
  }

  get workers(): WorkerChoice {
    return this.#workers;
  }

  /** Apps whose clients wait for workers to hold their next version ready. */
  get heldCount(): number {
    return this.#standby.heldCount;
  }

  /** Whether there is a state: without one every host is unknown. */
  get hasState(): boolean {
    return this.#position !== null;
  }

  /** Up to where in the change feed requests see its changes; null before the first state. */
  get position(): FeedPosition | null {
    const held = this.#standby.visible;
    return held === null ? this.#position : held.position;
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
    const { connections, logger } = this.#options;
    const loadKept = (): void => {
      clearTimeout(patience);
      if (keeper !== null && !this.hasState) void this.#loadKept(keeper, signal);
    };
    const patience = setTimeout(loadKept, STORE_PATIENCE_MS);
    const forgetting = setInterval(() => this.#workers.forgetIdle(), FORGET_INTERVAL_MS).unref();
    try {
      await followStore(
        store,
        {
          backoff: { firstMs: FIRST_RELOAD_PAUSE_MS },
          onState: (state, changes) => {
            clearTimeout(patience);
            const isFirst = !this.#hasStoreState;
            this.#take(state, changes);
            if (isFirst || changes.some(({ key }) => isRoutingKey(key))) keeper?.save(state);
          },
          onStale: (error) => {
            if (this.hasState && !this.#isStale) this.#currentAtMs = Date.now();
            this.#isStale = true;
            // What others send to workers is not known any more, and the last of it is soon wrong.
            connections.forgetLoad();
            logger.warn("control store is away, the last state is served", { err: error });
            loadKept();
          },
          onSkipped: (keys) => logger.warn("records were skipped", { skippedCount: keys.length, firstKey: keys[0] }),
        },
        signal,
      );
    } finally {
      clearTimeout(patience);
      clearInterval(forgetting);
      this.#standby.dispose();
    }
  }

  async #loadKept(keeper: RoutesKeeper, signal: AbortSignal): Promise<void> {
    const kept = await keeper.load();
    if (kept === null || this.hasState || signal.aborted) return;
    const { state, currentAtMs, skippedCount } = kept;
    this.#isStale = true;
    this.#currentAtMs = currentAtMs;
    this.#apply(state, allOf(state));
    this.#options.logger.warn("control store is away, kept routes are served", { ageMs: this.ageMs, skippedCount });
    this.#firstState.resolve();
  }

  #take(state: StoreState, changes: readonly StoreChange[]): void {
    if (this.#isStale) this.#options.logger.info("control store is back");
    this.#isStale = false;
    // The first one of the store replaces whatever was kept; it says nothing of what it lacks.
    const isFirst = !this.#hasStoreState;
    this.#hasStoreState = true;
    this.#apply(state, isFirst ? [...missingFrom(state, this.#records), ...changes] : changes);
    this.#firstState.resolve();
  }

  #apply(state: StoreState, changes: readonly StoreChange[]): void {
    this.#routes.apply(changes, state.records, this.position);
    this.#records = state.records;
    let hasNewNodes = false;
    for (const { key, record } of changes) {
      if (!key.startsWith("node/")) continue;
      hasNewNodes = true;
      if (record?.kind === "node") this.#nodes.set(key, record);
      else this.#nodes.delete(key);
    }
    if (hasNewNodes) this.#reconcile();
    this.#position = { epoch: state.epoch, seq: state.seq };
  }

  #reconcile(): void {
    const { connections, holder } = this.#options;
    // The same workers keep the rankings of apps: load and rollouts of nodes change all the time.
    const haveChanged = connections.reconcile(this.#nodes.values());
    const cordons = cordonsOf(this.#nodes.values());
    if (haveChanged || !isSameCordons(cordons, this.#cordons)) {
      this.#cordons = cordons;
      this.#workers = cordons === null ? new WorkerSet(connections.all) : new CordonedWorkers(connections.all, cordons);
    }
    this.#quarantined = quarantinedBy(this.#nodes.values());
    holder.wake();
  }
}

function quarantinedBy(nodes: Iterable<NodeRecord>): ReadonlySet<VersionId> {
  const all = new Set<VersionId>();
  for (const { quarantined } of nodes) {
    for (const versionId in quarantined) all.add(versionId as VersionId);
  }
  return all;
}

function allOf(state: StoreState): readonly StoreChange[] {
  return [...state.records].map(([key, record]) => ({ key, record }));
}

function missingFrom(state: StoreState, before: ReadonlyMap<string, StoreRecord>): readonly StoreChange[] {
  return [...before.keys()].filter((key) => !state.records.has(key)).map((key) => ({ key, record: null }));
}
