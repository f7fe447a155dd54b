/**
 * The resident memory above which a worker process is ended: more than one has that keeps to its budgets, whatever its apps do, and less than the
 * machine or container has. Where a container's memory ends, the system ends all that is in it, the supervisor too.
 */
import { totalmem } from "node:os";
import type { WorkerKind } from "../worker-messages.ts";

const MIB = 1024 * 1024;
/** What V8 may take beyond an isolate's limit before it gives up. */
const OVERRUN_BYTES = 1_024 * MIB;
/** One app of the largest `memory_mb`, which a small budget does not keep out. */
const LARGEST_APP_BYTES = 2_048 * MIB;
/** Node, the engine, and bodies on their way. */
const PROCESS_BYTES = 512 * MIB;
/** Isolates that are busy stay above the budget, and V8 holds more than it counts. */
const BUDGET_FACTOR = 2;
/** An ordinary isolate of a connection, its part of a thread's memory included. */
const CONNECTION_BYTES = 4 * MIB;
/** Of the memory that there is, what one worker may have at most, but where its budget alone comes to more. */
const MACHINE_RATIO = 0.75;

/** What of the executor's configuration says how much a worker holds. */
export interface CeilingSettings {
  readonly workers: { readonly isolateBytes: number; readonly residentBytes: number | null };
  readonly websocket: {
    readonly connectionCount: number;
    readonly bufferBytes: number;
    readonly residentBytes: number | null;
  };
}

/** As it is set, or what follows from the other settings. */
export function residentLimitBytes(
  kind: WorkerKind,
  { workers, websocket }: CeilingSettings,
  machineBytes = availableBytes(),
): number {
  const { residentBytes } = kind === "http" ? workers : websocket;
  if (residentBytes !== null) return residentBytes;
  const budgetBytes = kind === "http" ? workers.isolateBytes : websocket.bufferBytes;
  const workBytes =
    kind === "http"
      ? BUDGET_FACTOR * workers.isolateBytes
      : websocket.connectionCount * CONNECTION_BYTES + websocket.bufferBytes;
  const wantedBytes = workBytes + LARGEST_APP_BYTES + OVERRUN_BYTES + PROCESS_BYTES;
  const leastBytes = budgetBytes + OVERRUN_BYTES + PROCESS_BYTES;
  return Math.max(leastBytes, Math.min(wantedBytes, Math.floor(machineBytes * MACHINE_RATIO)));
}

/** Of the machine, or of the container where that has less. */
function availableBytes(): number {
  const constrainedBytes = process.constrainedMemory();
  return constrainedBytes > 0 ? Math.min(constrainedBytes, totalmem()) : totalmem();
}
