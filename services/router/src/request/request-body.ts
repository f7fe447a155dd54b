/**
 * A request's body on its way to a worker, under back-pressure both ways.
 *
 * I1 What came so far is kept whole, for another attempt, up to `retryBufferBytes`; beyond that nothing is kept.
 * I2 The request is paused while no stream takes its bytes.
 */
import type { IncomingMessage } from "node:http";
import type { LinkStream } from "@nano/link/link-stream";

export interface RequestBodyOptions {
  readonly limitBytes: number;
  readonly retryBufferBytes: number;
  /** How much of an unwanted rest is read: see `discardBody`. */
  readonly discardBytes: number;
  /** -1: not said. */
  readonly contentLengthBytes: number;
  onTooLarge(): void;
  /** Called when a stream takes the body for the first time; null: nobody waits for that. */
  readonly onWanted: (() => void) | null;
}

/**
 * Reads and drops a body that nobody wants, so that its client can read the answer; a client that sends on beyond `limitBytes` is
 * cut off.
 */
export function discardBody(req: IncomingMessage, limitBytes: number): void {
  let discardedBytes = 0;
  req.on("data", (chunk: Buffer) => {
    discardedBytes += chunk.length;
    if (discardedBytes > limitBytes) req.destroy();
  });
  req.resume();
}

export class RequestBody {
  readonly #req: IncomingMessage;
  readonly #options: RequestBodyOptions;
  #kept: Buffer[] | null = [];
  #receivedBytes = 0;
  #isEnded = false;
  #isDiscarding = false;
  #stream: LinkStream | null = null;
  #onWanted: (() => void) | null;

  constructor(req: IncomingMessage, options: RequestBodyOptions) {
    this.#req = req;
    this.#options = options;
    this.#onWanted = options.onWanted;
    req.on("data", (chunk: Buffer) => this.#receive(chunk));
    req.on("end", () => this.#end());
    req.pause();
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  get isReplayable(): boolean {
    return this.#kept !== null;
  }

  /** Sends what was kept, and from here on what comes, to this stream. Only while `isReplayable`. */
  attach(stream: LinkStream): void {
    if (this.#isDiscarding) return;
    this.#stream = stream;
    if (this.#onWanted !== null) {
      const onWanted = this.#onWanted;
      this.#onWanted = null;
      onWanted();
    }
    // At most `retryBufferBytes`, which is less than a new stream's window.
    for (const chunk of this.#kept ?? []) stream.write(chunk);
    if (this.#isEnded) stream.end();
    else this.#req.resume();
  }

  /** The stream is gone: wait for the next. */
  detach(): void {
    this.#stream = null;
    if (!this.#isEnded && !this.#isDiscarding) this.#req.pause();
  }

  /** The stream takes bytes again. */
  resume(): void {
    this.#req.resume();
  }

  /** Nobody wants the rest. */
  discard(): void {
    if (this.#isDiscarding) return;
    this.#isDiscarding = true;
    this.#stream = null;
    this.#kept = null;
    discardBody(this.#req, this.#options.discardBytes);
  }

  #receive(chunk: Buffer): void {
    if (this.#isDiscarding) return;
    this.#receivedBytes += chunk.length;
    if (this.#receivedBytes > this.#options.limitBytes) {
      this.#options.onTooLarge();
      return;
    }
    if (this.#receivedBytes > this.#options.retryBufferBytes) this.#kept = null;
    else this.#kept?.push(chunk);
    const stream = this.#stream;
    if (stream === null) return;
    if (this.#receivedBytes === this.#options.contentLengthBytes) {
      // The last byte: its frame can carry the end.
      this.#isEnded = true;
      stream.end(chunk);
    } else if (!stream.write(chunk)) this.#req.pause();
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#stream?.end();
  }
}
