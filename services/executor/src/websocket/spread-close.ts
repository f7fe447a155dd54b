/** Closes connections one after another, evenly over a time, so that their clients do not come back as one wave. */
import type { LiveSocket } from "./live-sockets.ts";

const TICK_MS = 50;

export interface SpreadCloseOptions {
  readonly sockets: readonly LiveSocket[];
  readonly spreadMs: number;
  close(socket: LiveSocket): void;
  onDone(): void;
}

export class SpreadClose {
  readonly #options: SpreadCloseOptions;
  readonly #startedMs = performance.now();
  #closedCount = 0;

  constructor(options: SpreadCloseOptions) {
    this.#options = options;
  }

  start(): void {
    const { sockets, spreadMs, close, onDone } = this.#options;
    const elapsedRatio = spreadMs <= 0 ? 1 : Math.min(1, (performance.now() - this.#startedMs) / spreadMs);
    const dueCount = Math.floor(sockets.length * elapsedRatio);
    for (; this.#closedCount < dueCount; this.#closedCount++) close(sockets[this.#closedCount] as LiveSocket);
    if (this.#closedCount < sockets.length) setTimeout(() => this.start(), TICK_MS).unref();
    else onDone();
  }
}
