/** How long a request may take: until its first sign of life, between two chunks, and in all by what it moves. */

/** A transfer slower than this is given up. */
export const MIN_BYTES_PER_SECOND = 1024 * 1024;

export function transferLimitMs(timeoutMs: number, bytes: number): number {
  return timeoutMs + Math.ceil((bytes / MIN_BYTES_PER_SECOND) * 1000);
}

export class TransferDeadline {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #timeoutMs: number;
  readonly #startedMs = performance.now();
  /** Rejects when `signal` aborts: for work that does not listen to it, such as a search for credentials. */
  readonly expired: Promise<never>;
  #endMs = Number.POSITIVE_INFINITY;
  #why: string;

  /** Aborts `signal` after `timeoutMs`, unless the request moves meanwhile. */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    this.#why = `no answer within ${timeoutMs} ms`;
    this.#timer = setTimeout(() => this.#controller.abort(), timeoutMs);
    this.expired = new Promise((_, reject) => {
      this.signal.addEventListener("abort", () => reject(this.signal.reason), { once: true });
    });
    this.expired.catch(() => undefined);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Of the abort. */
  get why(): string {
    return this.#why;
  }

  /** An answer has begun, with so many bytes to come. */
  expectBytes(bytes: number): void {
    this.#endMs = this.#startedMs + transferLimitMs(this.#timeoutMs, bytes);
    this.#why = `a body that stalled for ${this.#timeoutMs} ms`;
    this.#timer.refresh();
  }

  /** Some of them came. */
  moved(): void {
    if (performance.now() <= this.#endMs) {
      this.#timer.refresh();
      return;
    }
    this.#why = `a body slower than ${MIN_BYTES_PER_SECOND} bytes per second`;
    this.#controller.abort();
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}
