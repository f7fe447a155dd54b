/** A client of many WebSockets in a process of its own. */
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { BenchChild } from "./bench-child.ts";
import type { MessageKind } from "./websocket-message.ts";

const ENTRY = fileURLToPath(new URL("websocket-client.main.ts", import.meta.url));

export interface SocketPlace {
  readonly port: number;
  readonly host: string;
  /** See `websocket-handler.js`. */
  readonly path: string;
}

export interface SocketsJob extends SocketPlace {
  readonly count: number;
  readonly kind: MessageKind;
  readonly payloadBytes: number;
}

export interface OpeningJob extends SocketPlace {
  /** Connections that are being opened at any time. */
  readonly atOnce: number;
}

/** Of what came since the last `count`. */
export interface Counted {
  /** Messages that were answered; of openings, connections that had their first message. */
  readonly count: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of this process. */
  readonly cpuSeconds: number;
}

/** Each rejects once something went wrong: an answer was another one, or a connection ended. */
export interface WebSocketClientCommands {
  /** Opens connections beside those there are. Answers when all are open. */
  open(job: SocketsJob): Promise<void>;
  /** One message on each connection, and all answered. */
  askAll(): Promise<void>;
  /** From now on each connection sends as soon as it is answered. */
  roundTrips(): void;
  /** From now on each connection sends at this rate, answered or not; latencies are from when it was to send. */
  pace(everyMs: number): void;
  /** From now on connections are opened, and closed once they had a message; latencies are from the beginning of a connection to that. */
  openings(job: OpeningJob): void;
  /** Counts from here. */
  count(): void;
  counted(): Counted;
  /** Ends `roundTrips`, `pace` or `openings`: answers when what was under way is answered. */
  stop(): Promise<void>;
  /** Closes every connection. Answers when they are. */
  closeAll(): Promise<void>;
}

export type WebSocketClient = BenchChild<WebSocketClientCommands>;

/** From fewer a percentile says nothing. */
const MIN_COUNT = 10;
const LOOK_EVERY_MS = 50;

/** What a client that is at work counts in this time, or in what a machine that is loaded takes for a few. */
export async function countFor(client: WebSocketClient, durationMs: number): Promise<Counted> {
  await client.ask("count");
  await delay(durationMs);
  for (;;) {
    const counted = await client.ask("counted");
    if (counted.count >= MIN_COUNT) return counted;
    await delay(LOOK_EVERY_MS);
  }
}

export function startWebSocketClient(): WebSocketClient {
  return new BenchChild<WebSocketClientCommands>(ENTRY);
}
