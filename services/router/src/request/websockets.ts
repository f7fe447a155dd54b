/**
 * All WebSockets of the router: how many there may be, what they may hold together, and those that nobody uses any more.
 *
 * I1 What messages hold in this process is bounded: above `bufferBytes` the largest holder is closed, and nobody else.
 * I2 One timer looks at all connections; a frame costs none a clock.
 */

import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { LinkStream } from "@nano/link/link-stream";
import type { NanoError } from "@nano/protocol/errors";
import type { WebSocketLimits } from "@nano/protocol/manifest";
import { SocketCloseCode } from "@nano/protocol/socket-messages";
import type { WebSocket } from "ws";
import { errors } from "../errors.ts";
import { labelOfCode } from "./websocket-close.ts";
import { type RelayOwner, WebSocketRelay } from "./websocket-relay.ts";

export const upgradeOutcomes = [
  /** The handshake was completed. */
  "accepted",
  /** The app gave another answer than 101. */
  "declined",
  /** The platform answered. */
  "refused",
  /** The client left before. */
  "client_gone",
] as const;
export type UpgradeOutcome = (typeof upgradeOutcomes)[number];

/** Port of the counters. */
export interface WebSocketMetrics {
  upgraded(outcome: UpgradeOutcome): void;
  closed(code: string): void;
  /** Since it was told last. */
  moved(direction: "in" | "out", messageCount: number, bytes: number): void;
}

export interface WebSocketsOptions {
  readonly maxConnectionCount: number;
  readonly maxPendingCount: number;
  readonly bufferBytes: number;
  readonly closeTimeoutMs: number;
  readonly workerWaitMs: number;
  readonly sweepIntervalMs: number;
  readonly metrics: WebSocketMetrics;
  /** By which idle connections are told. @default performance.now */
  readonly now?: (() => number) | undefined;
}

/** How often a drain goes on to the next connections. */
const DRAIN_STEP_MS = 50;

export class WebSockets implements RelayOwner {
  readonly closeTimeoutMs: number;
  /** How long an upgrade waits for a worker, a start of one included. */
  readonly workerWaitMs: number;
  readonly traffic = { inMessages: 0, inBytes: 0, outMessages: 0, outBytes: 0 };
  readonly #options: WebSocketsOptions;
  readonly #open = new Set<WebSocketRelay>();
  /** Their clients are gone, and their workers have not taken the last of it. */
  readonly #leaving = new Set<WebSocketRelay>();
  readonly #sweeping: NodeJS.Timeout;
  #pendingCount = 0;
  #heldBytes = 0;
  #isRelieving = false;

  constructor(options: WebSocketsOptions) {
    this.#options = options;
    this.closeTimeoutMs = options.closeTimeoutMs;
    this.workerWaitMs = options.workerWaitMs;
    const { now = () => performance.now() } = options;
    this.#sweeping = setInterval(() => this.sweep(now()), options.sweepIntervalMs).unref();
  }

  get connectionCount(): number {
    return this.#open.size;
  }

  get pendingCount(): number {
    return this.#pendingCount;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Takes a place for an upgrade, until `endUpgrade`. @returns why there is none */
  beginUpgrade(): NanoError | null {
    const { maxConnectionCount, maxPendingCount } = this.#options;
    if (this.#pendingCount >= maxPendingCount) return errors.UPGRADES_FULL({ limitCount: maxPendingCount });
    if (this.#open.size + this.#pendingCount >= maxConnectionCount) {
      return errors.SOCKETS_FULL({ limitCount: maxConnectionCount });
    }
    this.#pendingCount += 1;
    return null;
  }

  endUpgrade(outcome: UpgradeOutcome): void {
    this.#pendingCount -= 1;
    this.#options.metrics.upgraded(outcome);
  }

  /** From here on the stream's messages go to the client, and the client's to it. */
  relay(
    connection: { readonly ws: WebSocket; readonly socket: Socket },
    worker: { readonly stream: LinkStream; readonly limits: WebSocketLimits },
  ): void {
    this.#open.add(new WebSocketRelay(this, connection, worker));
  }

  onHeld(_relay: WebSocketRelay, deltaBytes: number): void {
    this.#heldBytes += deltaBytes;
    if (this.#heldBytes > this.#options.bufferBytes && !this.#isRelieving) this.#relieve();
  }

  onClosed(relay: WebSocketRelay, code: number): void {
    this.#open.delete(relay);
    if (relay.heldBytes > 0) this.#leaving.add(relay);
    this.#options.metrics.closed(labelOfCode(code));
  }

  /** Looks at each connection once: idle ones are closed, quiet ones pinged. @param nowMs by one clock */
  sweep(nowMs: number): void {
    for (const relay of this.#open) this.#lookAt(relay, nowMs);
    for (const relay of this.#leaving) if (relay.measure()) this.#leaving.delete(relay);
    this.#tellTraffic();
  }

  /** Closes all, evenly over `spreadMs`, with 1001; resolves when the last was told, or with `signal`. */
  async closeAll(spreadMs: number, signal: AbortSignal): Promise<void> {
    const relays = [...this.#open];
    const beganMs = performance.now();
    for (let closedCount = 0; closedCount < relays.length; ) {
      const elapsedMs = performance.now() - beganMs;
      const isOver = signal.aborted || elapsedMs >= spreadMs;
      const dueCount = isOver ? relays.length : Math.ceil((relays.length * elapsedMs) / spreadMs);
      for (; closedCount < dueCount; closedCount += 1)
        relays[closedCount]?.close(SocketCloseCode.GOING_AWAY, "draining");
      if (closedCount < relays.length) await delay(DRAIN_STEP_MS, undefined, { signal }).catch(() => {});
    }
  }

  dispose(): void {
    clearInterval(this.#sweeping);
    this.#tellTraffic();
  }

  #lookAt(relay: WebSocketRelay, nowMs: number): void {
    if (relay.heldBytes > 0) relay.measure();
    if (relay.isClosing) return; // its handshake has a time of its own
    if (relay.isActive || relay.isBlocked || relay.lastActiveMs === 0) {
      relay.isActive = false;
      relay.lastActiveMs = nowMs;
      return;
    }
    const { idleTimeoutMs, pingIntervalMs } = relay.limits;
    const quietMs = nowMs - relay.lastActiveMs;
    if (quietMs >= idleTimeoutMs) relay.close(SocketCloseCode.GOING_AWAY, "ws_idle_timeout");
    else if (pingIntervalMs > 0 && nowMs - Math.max(relay.lastActiveMs, relay.lastPingMs) >= pingIntervalMs) {
      relay.lastPingMs = nowMs;
      relay.ping();
    }
  }

  /** What was noticed may be old: all are measured before one has to go. */
  #relieve(): void {
    this.#isRelieving = true;
    const holders = [...this.#open, ...this.#leaving];
    for (const relay of holders) relay.measure();
    while (this.#heldBytes > this.#options.bufferBytes) {
      let largest: WebSocketRelay | null = null;
      for (const relay of holders) {
        if (!relay.isDropped && relay.heldBytes > (largest?.heldBytes ?? 0)) largest = relay;
      }
      if (largest === null) break;
      largest.drop(SocketCloseCode.TRY_LATER, "ws_buffer_bytes");
    }
    this.#isRelieving = false;
  }

  #tellTraffic(): void {
    const { traffic } = this;
    const { metrics } = this.#options;
    if (traffic.inMessages > 0 || traffic.inBytes > 0) metrics.moved("in", traffic.inMessages, traffic.inBytes);
    if (traffic.outMessages > 0 || traffic.outBytes > 0) metrics.moved("out", traffic.outMessages, traffic.outBytes);
    traffic.inMessages = 0;
    traffic.inBytes = 0;
    traffic.outMessages = 0;
    traffic.outBytes = 0;
  }
}
