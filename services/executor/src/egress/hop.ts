/** One exchange with one server, as undici reports it, put into our words. */
import type { Readable } from "node:stream";
import { isNanoError, type NanoError } from "@nano/protocol/errors";
import type { Dispatcher } from "undici";
import { egressErrors } from "./errors.ts";
import type { OutboundRequest } from "./outbound-request.ts";

/** So much of a redirect's own body is read, to keep its connection; a longer one costs it. */
const MAX_SKIPPED_BYTES = 64 * 1024;

export interface HopResponse {
  readonly status: number;
  readonly statusText: string;
  /** Flat: name, value …; as latin-1, repeated headers apart. */
  readonly headers: readonly string[];
}

export interface HopListener {
  onResponse(response: HopResponse): void;
  onChunk(chunk: Buffer): void;
  onEnd(): void;
  onFailed(error: NanoError): void;
}

/** What a fetch does with an exchange, whatever carries it. */
export interface Exchange {
  pause(): void;
  resume(): void;
  /** Ends the exchange and its connection; nothing more is reported. */
  abort(): void;
  /** Nobody reads the rest; a short one is skipped so that the connection can be used again. */
  leave(): void;
}

export class Hop implements Dispatcher.DispatchHandler, Exchange {
  readonly #host: string;
  readonly #headersTimeoutMs: number;
  readonly #listener: HopListener;
  #controller: Dispatcher.DispatchController | null = null;
  #isLeft = false;
  #isAborted = false;
  #skippedBytes = 0;

  constructor(host: string, headersTimeoutMs: number, listener: HopListener) {
    this.#host = host;
    this.#headersTimeoutMs = headersTimeoutMs;
    this.#listener = listener;
  }

  start(agent: Dispatcher, request: OutboundRequest, body: Readable | null): void {
    agent.dispatch(
      {
        origin: request.url.origin,
        path: `${request.url.pathname}${request.url.search}`,
        method: request.method,
        headers: [...request.headers],
        body,
      },
      this,
    );
  }

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    if (this.#controller?.paused === true) this.#controller.resume();
  }

  abort(): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    this.#controller?.abort(egressErrors.CANCELLED({}));
  }

  leave(): void {
    this.#isLeft = true;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isAborted) controller.abort(egressErrors.CANCELLED({}));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    statusText?: string,
  ): void {
    if (status < 200 || this.#isAborted) return;
    const headers = rawHeaders(controller.rawHeaders);
    this.#listener.onResponse({ status, statusText: statusText ?? "", headers });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isAborted) return;
    if (!this.#isLeft) {
      this.#listener.onChunk(chunk);
      return;
    }
    this.#skippedBytes += chunk.length;
    if (this.#skippedBytes > MAX_SKIPPED_BYTES) this.abort();
  }

  onResponseEnd(): void {
    if (!this.#isAborted && !this.#isLeft) this.#listener.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (!this.#isAborted && !this.#isLeft) this.#listener.onFailed(this.#describe(error));
  }

  /** undici's messages name addresses of both ends; the tenant gets the code alone. */
  #describe(error: Error): NanoError {
    if (isNanoError(error)) return error;
    const host = this.#host;
    const code = (error as NodeJS.ErrnoException).code ?? error.name;
    switch (code) {
      case "UND_ERR_HEADERS_TIMEOUT":
        return egressErrors.TIMEOUT({ host, phase: "headers", limitMs: this.#headersTimeoutMs }, error);
      case "UND_ERR_HEADERS_OVERFLOW":
        return egressErrors.HEADERS_TOO_LARGE({ host }, error);
      case "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH":
        return egressErrors.HEADER_REFUSED({ rule: "content-length is not the length of the body" }, error);
      case "UND_ERR_INVALID_ARG":
        return egressErrors.HEADER_REFUSED({ rule: "the request cannot be written" }, error);
      default:
        return egressErrors.RESPONSE_BROKEN({ host, cause: code }, error);
    }
  }
}

function rawHeaders(raw: Dispatcher.DispatchController["rawHeaders"]): string[] {
  if (!Array.isArray(raw)) return [];
  return raw.map((part) => (typeof part === "string" ? part : part.toString("latin1")));
}
