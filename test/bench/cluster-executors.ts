/**
 * Simulated executors, many in one process: to the control store and to routers they are as real ones, with leases, links and a look
 * at the feed each; behind a link there is no isolate but a timer, and a note of which versions a worker has had.
 */
import { fileURLToPath } from "node:url";
import { BenchChild } from "./bench-child.ts";

const ENTRY = fileURLToPath(new URL("cluster-executors.main.ts", import.meta.url));

export interface ExecutorsJob {
  readonly redisUrl: string;
  readonly cell: string;
  readonly workersPerNode: number;
  readonly leaseMs: number;
  /** Requests at once from which a worker counts as loaded. */
  readonly capacityCount: number;
  /** How long a request takes, until `pace` says otherwise. */
  readonly serviceMs: number;
}

export interface ExecutorsCommands {
  open(job: ExecutorsJob): Promise<void>;
  /** Starts so many more. Answers their names once their records are written. */
  join(count: number): Promise<readonly string[]>;
  /** Drains one and ends it, as a supervisor does that is told to stop. */
  leave(node: string): Promise<void>;
  pace(serviceMs: number): void;
  /** Whether each node tells another load as often as it may: the worst that executors can do to the feed. */
  vary(isVarying: boolean): void;
  close(): Promise<void>;
}

export function startExecutors(): BenchChild<ExecutorsCommands> {
  return new BenchChild<ExecutorsCommands>(ENTRY);
}

/** What a worker answers. */
export interface SimulatedAnswer {
  readonly worker: string;
  readonly isWarm: boolean;
  readonly host: string;
}

export function formatAnswer({ worker, isWarm, host }: SimulatedAnswer): string {
  return `${worker} ${isWarm ? "warm" : "cold"} ${host}\n`;
}

export function parseAnswer(body: string): SimulatedAnswer {
  const [worker = "", warmth, host = ""] = body.trimEnd().split(" ");
  return { worker, isWarm: warmth === "warm", host };
}
