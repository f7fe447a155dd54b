/**
 * All WebSockets of a process: what they may hold together, and those that nobody uses any more.
 *
 * I1 What messages hold in this process is bounded: above `bufferBytes` the largest holder is closed, and nobody else.
 * I2 One timer looks at all connections; a frame costs none a clock.
 */

import { setTimeout as delay } from "node:timers/promises";
import type { WireError } from "@nano/protocol/errors";
import { SocketCloseCode } from "@nano/protocol/socket-messages";
import { labelOfCode } from "./websocket-close.ts";
import { type RelayConnection, type RelayOwner, type RelayWorker, WebSocketRelay } from "./websocket-relay.ts";

/** Port of the counters. */
export interface RelayMetrics {
  closed(code: string): void;
  /** Since it was told last. */
  moved(direction: "in" | "out", messageCount: number, bytes: number): void;
}

export interface WebSocketRelaysOptions {
  readonly bufferBytes: number;
  readonly sweepIntervalMs: number;
  readonly metrics: RelayMetrics;
  /** What a stream is reset with whose connection is over. */
  closedError(why: string): WireError;
  /** By which idle connections are told. @default performance.now */
  readonly now?: (() => number) | undefined;
}

/** How often a drain goes on to the next connections. */
const DRAIN_STEP_MS = 50;

export class WebSocketRelays implements RelayOwner {
  readonly traffic = { inMessages: 0, inBytes: 0, outMessages: 0, outBytes: 0 };
  readonly #options: WebSocketRelaysOptions;
  readonly #open = new Set<WebSocketRelay>();
  /** Their clients are gone, and their workers have not taken the last of it. */
  readonly #leaving = new Set<WebSocketRelay>();
  readonly #sweeping: NodeJS.Timeout;
  #heldBytes = 0;
  #isRelieving = false;

  constructor(options: WebSocketRelaysOptions) {
    this.#options = options;
    const { now = () => performance.now() } = options;
    this.#sweeping = setInterval(() => this.sweep(now()), options.sweepIntervalMs).unref();
  }

  get connectionCount(): number {
    return this.#open.size;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** From here on the stream's messages go to the client, and the client's to it. */
  relay(connection: RelayConnection, worker: RelayWorker): WebSocketRelay {
    const relay = new WebSocketRelay(this, connection, worker);
    this.#open.add(relay);
    return relay;
  }

  closedError(why: string): WireError {
    return this.#options.closedError(why);
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

  /** Cuts them all, without a word. */
  destroyAll(): void {
    this.dispose();
    for (const relay of this.#open) relay.destroy();
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
