/**
 * The body of an outbound request: chunks in, a stream for undici out, and its beginning kept for a redirect.
 *
 * I1 A chunk is reported as consumed when the current reader wants more: the worker sends no more than its window.
 * I2 At most `replayBytes` are kept; a body that outgrew them can be read once only.
 */
import { Readable } from "node:stream";

export interface RequestBodyOptions {
  readonly replayBytes: number;
  /** Bytes that may be granted to the sender again. */
  readonly onConsumed: (bytes: number) => void;
}

export class RequestBody {
  readonly #options: RequestBodyOptions;
  #kept: Buffer[] | null = [];
  #keptBytes = 0;
  #unconsumedBytes = 0;
  #isEnded = false;
  #reader: Readable | null = null;

  constructor(options: RequestBodyOptions) {
    this.#options = options;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  push(chunk: Buffer): void {
    if (this.#isEnded) return;
    if (this.#kept !== null && this.#keptBytes + chunk.length <= this.#options.replayBytes) {
      // A copy: the chunk may be a small view of a large read.
      this.#kept.push(Buffer.from(chunk));
      this.#keptBytes += chunk.length;
    } else if (this.#reader !== null) {
      this.#kept = null;
    } else {
      // Nobody reads yet: what arrives waits whole; the sender's window bounds it.
      this.#kept?.push(chunk);
      this.#keptBytes += chunk.length;
    }
    this.#unconsumedBytes += chunk.length;
    if (this.#reader?.push(chunk)) this.#reportConsumed();
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#reader?.push(null);
  }

  /** The body from its beginning, or null where that is not kept any more. */
  open(): Readable | null {
    if (this.#kept === null) return null;
    this.#reader?.destroy();
    const reader = new Readable({ read: () => this.#reportConsumed() });
    // Its owner hears of failures through undici; an unheard "error" event would end the process.
    reader.on("error", () => undefined);
    this.#reader = reader;
    for (const chunk of this.#kept) reader.push(chunk);
    if (this.#keptBytes > this.#options.replayBytes) this.#kept = null;
    if (this.#isEnded) reader.push(null);
    return reader;
  }

  /** Reads on without keeping; what comes is dropped. */
  destroy(): void {
    this.#kept = null;
    this.#reader?.destroy();
    this.#reader = null;
    this.#isEnded = true;
    this.#reportConsumed();
  }

  #reportConsumed(): void {
    if (this.#unconsumedBytes === 0) return;
    const bytes = this.#unconsumedBytes;
    this.#unconsumedBytes = 0;
    this.#options.onConsumed(bytes);
  }
}
