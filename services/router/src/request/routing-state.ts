/** What a request reads, once, of the control plane: one immutable state behind one reference. */
import type { AppName, VersionId } from "@nano/protocol/brands";
import type { WorkerSet } from "./pick-worker.ts";
import type { RouteTable } from "./route-table.ts";

/** What the router needs of an app, resolved when routes or versions change. */
export interface AppTarget {
  readonly app: AppName;
  /** Null: no version of it is built. */
  readonly versionId: VersionId | null;
  readonly requestBodyBytes: number;
  /** Most workers of one node; 0: as load asks. */
  readonly workerCount: number;
}

export interface RoutingState {
  readonly routes: RouteTable<AppTarget>;
  readonly workers: WorkerSet;
  /** Executors that are known, with or without a worker now: a replacement may be on its way. */
  readonly nodeCount: number;
}

/** Where the state stands: control replaces `current`, requests read it once. */
export interface RoutingReference {
  readonly current: RoutingState;
  /** Resolves at the next link that opens or state that changes, or after `waitMs`. */
  waitForWorker(waitMs: number): Promise<void>;
}
