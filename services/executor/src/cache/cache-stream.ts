/**
 * Joins one stream of a worker's link to one operation of the cache.
 *
 * I1 An operation begins when its app and the node have a slot for it, and ends within `idleTimeoutMs` of the last byte that moved.
 * I2 The stream hears one head and its end, or one reset. What was being written then is kept, or nothing of it.
 */
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import { isNanoError } from "@nano/protocol/errors";
import { type EgressResponseHead, encodeEgressResponseHead } from "@nano/protocol/messages";
import type { Slots } from "../linked/slots.ts";
import { BodyQueue } from "./body-queue.ts";
import type { CacheApiConfig } from "./cache-config.ts";
import type { CacheCounters, CacheOutcome } from "./cache-counters.ts";
import { type CacheHead, decodeCacheHead } from "./cache-head.ts";
import { CacheOperations } from "./cache-operations.ts";
import type { CacheStore } from "./cache-store.ts";
import { cacheErrors } from "./errors.ts";

/** What operations share. */
export interface CacheContext {
  readonly config: CacheApiConfig;
  readonly store: CacheStore;
  readonly slots: Slots;
  readonly counters: CacheCounters;
}

/** Starts the operation that a stream's head asks for. @throws CACHE_MALFORMED where the head is none */
export function openCacheStream(
  stream: LinkStream,
  headPayload: Buffer,
  options: { readonly isEnd: boolean; readonly context: CacheContext },
): StreamListener {
  const head = decodeCacheHead(headPayload);
  const call = new CacheStream(stream, head, options);
  void call.run();
  return call;
}

/** Where an operation's answer goes. */
export interface CacheAnswerSink {
  readonly body: BodyQueue;
  /** Nothing follows. */
  end(head: EgressResponseHead): void;
  begin(head: EgressResponseHead): void;
  /** Resolves when there is room for more. @throws CACHE_IDLE, CACHE_CANCELLED */
  write(chunk: Buffer): Promise<void>;
  finish(): void;
}

class CacheStream implements StreamListener, CacheAnswerSink {
  readonly body: BodyQueue;
  readonly #stream: LinkStream;
  readonly #head: CacheHead;
  readonly #context: CacheContext;
  readonly #cancelled = new AbortController();
  #onDrain: (() => void) | null = null;

  constructor(
    stream: LinkStream,
    head: CacheHead,
    options: { readonly isEnd: boolean; readonly context: CacheContext },
  ) {
    this.#stream = stream;
    this.#head = head;
    this.#context = options.context;
    const { idleTimeoutMs } = options.context.config;
    this.body = new BodyQueue(stream, { idleTimeoutMs, isEnded: options.isEnd });
  }

  /** Never rejects. */
  async run(): Promise<void> {
    const { slots, store, counters } = this.#context;
    try {
      using _slot = await slots.acquire(this.#head.app, this.#cancelled.signal);
      counters.count(await new CacheOperations(store).run(this.#head, this));
    } catch (thrown) {
      counters.count(this.#cancelled.signal.aborted ? "cancelled" : outcomeOf(thrown));
      const error = isNanoError(thrown) ? thrown : cacheErrors.FAILED({ cause: causeOf(thrown) }, thrown);
      this.#stream.reset(error.wire);
    }
  }

  end(head: EgressResponseHead): void {
    this.#stream.sendHead(encodeEgressResponseHead(head), true);
  }

  begin(head: EgressResponseHead): void {
    this.#stream.sendHead(encodeEgressResponseHead(head));
  }

  async write(chunk: Buffer): Promise<void> {
    this.#cancelled.signal.throwIfAborted();
    if (this.#stream.write(chunk)) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const limitMs = this.#context.config.idleTimeoutMs;
    const timer = setTimeout(() => reject(cacheErrors.IDLE({ limitMs })), limitMs);
    this.#onDrain = resolve;
    try {
      await promise;
    } finally {
      this.#onDrain = null;
      clearTimeout(timer);
    }
    this.#cancelled.signal.throwIfAborted();
  }

  finish(): void {
    this.#stream.end();
  }

  onHead(): void {}

  onData(chunk: Buffer): void {
    this.body.push(chunk);
  }

  onEnd(): void {
    this.body.end();
  }

  onReset(): void {
    const error = cacheErrors.CANCELLED({});
    this.#cancelled.abort(error);
    this.body.fail(error);
    this.#onDrain?.();
  }

  onDrain(): void {
    this.#onDrain?.();
  }
}

function outcomeOf(thrown: unknown): CacheOutcome {
  return isNanoError(thrown) && thrown.wire.fault === "tenant" ? "limited" : "failed";
}

/** A system's code, never a path. */
function causeOf(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : "an unexpected error";
}
