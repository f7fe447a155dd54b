/** All WebSockets of the router: how many there may be and are under way; what they hold is bounded by `WebSocketRelays`. */
import type { NanoError } from "@nano/protocol/errors";
import { type RelayMetrics, WebSocketRelays } from "@nano/socket-relay/websocket-relays";
import { errors } from "../errors.ts";

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
export interface WebSocketMetrics extends RelayMetrics {
  upgraded(outcome: UpgradeOutcome): void;
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

export class WebSockets extends WebSocketRelays {
  readonly closeTimeoutMs: number;
  /** How long an upgrade waits for a worker, a start of one included. */
  readonly workerWaitMs: number;
  readonly #limits: WebSocketsOptions;
  #pendingCount = 0;

  constructor(options: WebSocketsOptions) {
    super({ ...options, closedError: (why) => errors.SOCKET_CLOSED({ why }).wire });
    this.#limits = options;
    this.closeTimeoutMs = options.closeTimeoutMs;
    this.workerWaitMs = options.workerWaitMs;
  }

  get pendingCount(): number {
    return this.#pendingCount;
  }

  /** Takes a place for an upgrade, until `endUpgrade`. @returns why there is none */
  beginUpgrade(): NanoError | null {
    const { maxConnectionCount, maxPendingCount } = this.#limits;
    if (this.#pendingCount >= maxPendingCount) return errors.UPGRADES_FULL({ limitCount: maxPendingCount });
    if (this.connectionCount + this.#pendingCount >= maxConnectionCount) {
      return errors.SOCKETS_FULL({ limitCount: maxConnectionCount });
    }
    this.#pendingCount += 1;
    return null;
  }

  endUpgrade(outcome: UpgradeOutcome): void {
    this.#pendingCount -= 1;
    this.#limits.metrics.upgraded(outcome);
  }
}
