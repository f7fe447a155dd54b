/** A client of a router in a process of its own: small requests at a steady rate, or one large stream. */
import { fileURLToPath } from "node:url";
import { BenchChild } from "./bench-child.ts";

const ENTRY = fileURLToPath(new URL("cluster-client.main.ts", import.meta.url));

export const STREAM_CHUNK_BYTES = 64 * 1024;

export interface PacedJob {
  readonly port: number;
  readonly host: string;
  readonly requestsPerSecond: number;
  /** What every body must be. */
  readonly expect: string;
}

export interface StreamJob {
  readonly port: number;
  readonly host: string;
  readonly chunkCount: number;
  /** How fast it reads, on average; null: as fast as it can. */
  readonly bytesPerSecond: number | null;
}

export interface ClientCommands {
  /** Sends until `stop`, whatever becomes of the earlier ones. Answers milliseconds from each sending to the whole answer. */
  pace(job: PacedJob): Promise<readonly number[]>;
  stop(): void;
  /** Reads the answer to its end, compares every byte, and tells the seconds. */
  stream(job: StreamJob): Promise<number>;
}

export function startClient(): BenchChild<ClientCommands> {
  return new BenchChild<ClientCommands>(ENTRY);
}
