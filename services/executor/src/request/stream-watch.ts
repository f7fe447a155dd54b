/**
 * Ends a response whose head has left and whose body does not come to its end.
 *
 * I1 It says so once, and nothing after `stop`.
 * I2 While the response waits for its client the idle clock stands: bytes that are still on their way to a slow one are not seen from here, and a
 *    client that takes nothing is the router's to end.
 */
import type { StreamLimits } from "@nano/protocol/app-limits";
import type { WireError } from "@nano/protocol/errors";
import { errors } from "../errors.ts";

export interface StreamWatchOptions {
  readonly app: string;
  readonly limits: Pick<StreamLimits, "streamIdleMs" | "streamMaxMs">;
  readonly onOver: (error: WireError) => void;
}

export class StreamWatch {
  readonly #options: StreamWatchOptions;
  readonly #beganMs = performance.now();
  #movedMs = this.#beganMs;
  #hasRoom = true;
  #timer: NodeJS.Timeout | null = null;

  /** Begins as the head leaves. */
  constructor(options: StreamWatchOptions) {
    this.#options = options;
    this.#look();
  }

  /** A byte of the request's body came, or one of the response went. No timer is touched: there may be many of these. */
  moved(): void {
    this.#movedMs = performance.now();
  }

  /** @param hasRoom whether the response takes more now */
  wrote(hasRoom: boolean): void {
    this.#hasRoom = hasRoom;
    this.moved();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    const { app, limits, onOver } = this.#options;
    const { streamIdleMs, streamMaxMs } = limits;
    const nowMs = performance.now();
    const maxLeftMs = streamMaxMs === 0 ? Number.POSITIVE_INFINITY : this.#beganMs + streamMaxMs - nowMs;
    const idleLeftMs = this.#hasRoom ? this.#movedMs + streamIdleMs - nowMs : streamIdleMs;
    const leftMs = Math.min(maxLeftMs, idleLeftMs);
    if (leftMs > 0) {
      this.#timer = setTimeout(() => this.#look(), Math.ceil(leftMs));
      return;
    }
    this.#timer = null;
    const error =
      maxLeftMs <= 0
        ? errors.STREAM_MAX({ app, limitMs: streamMaxMs })
        : errors.STREAM_IDLE({ app, limitMs: streamIdleMs });
    onOver(error.wire);
  }
}
