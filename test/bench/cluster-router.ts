/** A real router in a process of its own, asked for what it took: `startRouter` over the control store in Redis. */
import { fileURLToPath } from "node:url";
import type { FeedPosition } from "@nano/protocol/records";
import { BenchChild } from "./bench-child.ts";

const ENTRY = fileURLToPath(new URL("cluster-router.main.ts", import.meta.url));

export interface RouterJob {
  readonly redisUrl: string;
  readonly cell: string;
}

export interface RouterStart {
  /** Until the first state was served. */
  readonly loadedMs: number;
  readonly port: number;
}

export interface RouterMemory {
  readonly residentBytes: number;
  readonly heapBytes: number;
}

export interface LookupEffort {
  readonly rounds: number;
  readonly workerCount: number;
}

/** The router's own classes over the records that it reads now, in microseconds. */
export interface LookupFigures {
  /** Host and path to app; each over some thousand requests. */
  readonly appUs: readonly number[];
  /** App to worker: of apps that were asked for before, and the first time. */
  readonly workerUs: readonly number[];
  readonly firstWorkerUs: readonly number[];
  /** The table of all routes. */
  readonly tableMs: number;
  /** A change of one route, and of one app. */
  readonly changeUs: readonly number[];
}

export interface RouterCommands {
  start(job: RouterJob): Promise<RouterStart>;
  /** Resolves once it has links to so many workers. */
  linked(workerCount: number): Promise<void>;
  /** When requests saw this change, by `sharedClockMs`, at most a millisecond late. */
  seen(position: FeedPosition): Promise<number>;
  /** After a collection of garbage. */
  memory(): RouterMemory;
  /** CPU of the process so far. */
  cpuMs(): number;
  lookups(effort: LookupEffort): Promise<LookupFigures>;
  close(): Promise<void>;
}

export function startRouterProcess(): BenchChild<RouterCommands> {
  return new BenchChild<RouterCommands>(ENTRY, ["--expose-gc"]);
}
