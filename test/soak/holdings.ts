/** What the processes of a NANO hold, and what of it has grown. */
import type { NanoProcess } from "../support/nano-process.ts";
import type { ProcessKind } from "../support/process-table.ts";
import { countDescriptors } from "./process-watch.ts";

/** Of one process, above what the process of its kind that had the most had before. */
export const DESCRIPTOR_TOLERANCE = 8;
/** For each worker more than there was: what its supervisor, and who is linked to it, has open for it. */
export const DESCRIPTORS_PER_WORKER = 8;

const JUDGED: readonly ProcessKind[] = ["router", "executor", "worker", "WebSocket worker", "egress", "cache"];

export interface Holdings {
  /** Descriptors of the process of each kind that has the most. */
  readonly descriptors: Readonly<Partial<Record<ProcessKind, number>>>;
  readonly workerCount: number;
  readonly socketWorkerCount: number;
  /** In the caches of workers, and those of connections. */
  readonly isolateCount: number;
  /** That V8 has, by what creates and disposes of them. */
  readonly liveIsolateCount: number;
  readonly runningCount: number;
  readonly connectionCount: number;
}

export async function look(nano: NanoProcess): Promise<Holdings> {
  const { most, workerCount, socketWorkerCount } = countDescriptors(nano.pid);
  const [isolateCount, liveIsolateCount, runningCount, connectionCount] = await Promise.all([
    nano.metric("executor_isolates_count"),
    nano.metric("executor_isolates_live_count"),
    nano.metric("executor_running_requests_count"),
    nano.metric("executor_websocket_connections_count"),
  ]);
  return {
    descriptors: most,
    workerCount,
    socketWorkerCount,
    isolateCount,
    liveIsolateCount,
    runningCount,
    connectionCount,
  };
}

/** What is held that should not be, in words. */
export function findGrown(before: Holdings, after: Holdings): string[] {
  const grown: string[] = [];
  const moreWorkers = Math.max(0, after.workerCount - before.workerCount);
  for (const kind of JUDGED) {
    const had = before.descriptors[kind];
    const has = after.descriptors[kind] ?? 0;
    if (had === undefined) continue;
    const allowed = had + DESCRIPTOR_TOLERANCE + DESCRIPTORS_PER_WORKER * moreWorkers;
    if (has > allowed) grown.push(`descriptors of the ${kind}: ${had}, then ${has}, where ${allowed} may be`);
  }
  // One stands by in a worker for connections, as long as that lives.
  if (after.liveIsolateCount > after.isolateCount + after.socketWorkerCount) {
    grown.push(`isolates: ${after.liveIsolateCount} live, where caches hold ${after.isolateCount}`);
  }
  if (after.connectionCount > 0) grown.push(`WebSocket connections: ${after.connectionCount}`);
  return grown;
}
