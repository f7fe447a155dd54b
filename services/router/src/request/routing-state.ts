/** What a request reads of the control plane, and what it waits for. */
import type { RequestHeadLimits } from "@nano/protocol/app-limits";
import type { AppName, VersionId } from "@nano/protocol/brands";
import type { WireError } from "@nano/protocol/errors";
import type { WebSocketLimits } from "@nano/protocol/manifest";
import type { WorkerChoice } from "./cordoned-workers.ts";
import type { WorkerSlot } from "./pick-worker.ts";
import type { RolloutShare } from "./rollout-share.ts";

/** A cell's executors: its apps run on them and on no others. */
export interface CellRouting {
  readonly workers: WorkerChoice;
  readonly webSocketWorkers: AskedWorkerSource<AppName>;
  /** Of versions in quarantine. */
  readonly ownWorkers: AskedWorkerSource<VersionId>;
  /** Whether a node has named it as one that ends workers: only a worker of its own takes its requests. */
  isQuarantined(versionId: VersionId): boolean;
}

/** Workers beside those of the nodes' records, for an app's connections or for a version alone: a node has to be asked for them. */
export interface AskedWorkerSource<Name extends string> {
  /**
   * The worker of that name on the first of `nodes` that has one and is not among `tried`; "asked": `waitForAnswer` first; an error: why no
   * node has one; null: there is none.
   */
  pick(
    name: Name,
    nodes: readonly WorkerSlot[],
    tried: readonly WorkerSlot[] | null,
  ): WorkerSlot | WireError | "asked" | null;
  /** It is not this worker any more: its node is asked again. */
  forget(name: Name, worker: WorkerSlot): void;
  /** Resolves when a node has answered for it or may be asked again, after `waitMs` at the latest. */
  waitForAnswer(name: Name, waitMs: number): Promise<void>;
}

/** What the router needs of an app, resolved when its routes, versions or rollout change. Immutable. */
export interface AppTarget {
  readonly app: AppName;
  readonly cell: CellRouting;
  /** Null: no version of it is built. */
  readonly versionId: VersionId | null;
  readonly head: RequestHeadLimits;
  readonly requestBodyBytes: number;
  /** Most workers of one node; 0: as load asks. */
  readonly workerCount: number;
  readonly websocket: WebSocketLimits;
  /** Null: all clients get this version. */
  readonly rollout: RolloutTarget | null;
}

/** Another version of the app, and who gets it. */
export interface RolloutTarget {
  readonly target: AppTarget;
  readonly share: RolloutShare;
}

/** An app as routes lead to it: control replaces its target, in one turn of the event loop; a request reads it once. */
export interface AppEntry {
  readonly target: AppTarget;
}

export interface RoutingReference {
  /** @param host and path in canonical form */
  find(host: string, path: string): AppEntry | null;
  /** Resolves at the next link that opens or workers that change, or after `waitMs`. */
  waitForWorker(waitMs: number): Promise<void>;
}
