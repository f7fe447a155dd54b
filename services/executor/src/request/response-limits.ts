/**
 * The limits of one response's body: how much of it there may be, how long it may be silent, and how long it may last.
 *
 * I1 The first one that it goes over is told once, and nothing may be sent after it.
 */
import type { StreamLimits } from "@nano/protocol/app-limits";
import type { WireError } from "@nano/protocol/errors";
import { errors } from "../errors.ts";
import { StreamWatch } from "./stream-watch.ts";

export interface ResponseLimitsOptions {
  readonly app: string;
  readonly limits: StreamLimits;
  /** Ends the response. It may be inside an entry. */
  onOver(error: WireError): void;
}

export class ResponseLimits {
  readonly #options: ResponseLimitsOptions;
  #sentBytes = 0;
  #isOver = false;
  /** While the body is under way. */
  #watch: StreamWatch | null = null;

  constructor(options: ResponseLimitsOptions) {
    this.#options = options;
  }

  /** The head leaves, the body follows. */
  begin(): void {
    if (this.#isOver) return;
    const { app, limits } = this.#options;
    this.#watch = new StreamWatch({ app, limits, onOver: (error) => this.#end(error) });
  }

  /** Counts a part of the body. False: it is too much. */
  maySend(chunk: string | ArrayBuffer): boolean {
    if (this.#isOver) return false;
    this.#sentBytes += byteLengthOf(chunk);
    const { app, limits } = this.#options;
    const { responseBodyBytes: limitBytes } = limits;
    if (this.#sentBytes <= limitBytes) return true;
    this.#end(errors.RESPONSE_TOO_LARGE({ app, limitBytes }).wire);
    return false;
  }

  /** A byte of the request's body came. */
  moved(): void {
    this.#watch?.moved();
  }

  /** @param hasRoom whether the response takes more now */
  wrote(hasRoom: boolean): void {
    this.#watch?.wrote(hasRoom);
  }

  /** The response is over. */
  stop(): void {
    this.#watch?.stop();
    this.#watch = null;
  }

  #end(error: WireError): void {
    this.#isOver = true;
    this.stop();
    this.#options.onOver(error);
  }
}

export function byteLengthOf(chunk: string | ArrayBuffer): number {
  return typeof chunk === "string" ? Buffer.byteLength(chunk) : chunk.byteLength;
}
