/** Chunks of a body that comes over a stream, for one reader. What was read is granted again: the stream's window bounds what waits. */
import type { LinkStream } from "@nano/link/link-stream";
import { cacheErrors } from "./errors.ts";

export class BodyQueue {
  readonly #stream: LinkStream;
  readonly #idleTimeoutMs: number;
  readonly #chunks: Buffer[] = [];
  #isEnded = false;
  #failure: Error | null = null;
  #wake: (() => void) | null = null;

  constructor(stream: LinkStream, options: { readonly idleTimeoutMs: number; readonly isEnded: boolean }) {
    this.#stream = stream;
    this.#idleTimeoutMs = options.idleTimeoutMs;
    this.#isEnded = options.isEnded;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#wake?.();
  }

  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  fail(error: Error): void {
    this.#failure ??= error;
    this.#wake?.();
  }

  /** The next chunk, or null at the end. @throws CACHE_IDLE, and what it failed with */
  async next(): Promise<Buffer | null> {
    if (this.#failure === null && this.#chunks.length === 0 && !this.#isEnded) await this.#wait();
    if (this.#failure !== null) throw this.#failure;
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return null;
    this.#stream.grant(chunk.length);
    return chunk;
  }

  async #wait(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const limitMs = this.#idleTimeoutMs;
    const timer = setTimeout(() => this.fail(cacheErrors.IDLE({ limitMs })), limitMs);
    this.#wake = resolve;
    await promise;
    this.#wake = null;
    clearTimeout(timer);
  }
}
