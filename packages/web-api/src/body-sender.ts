/**
 * Sends a body that is not there whole to the host, chunk by chunk: the body of a response, or of a call of `fetch`.
 *
 * I1 After the host answered false to a chunk, nothing is read until `resume`: the host's buffer bounds what is under way.
 * I2 `onEnd` is called once, whatever happens: with the reason where the body failed, with undefined where it was sent or
 *    cancelled.
 */
import type { Body } from "./body.ts";
import { ignoreRejection } from "./body-read.ts";
import { bytesOfChunk } from "./bytes.ts";
import { callHost } from "./host.ts";
import type { HostSource } from "./host-source.ts";
import { PromisePrototypeThen, TypeErrorCtor } from "./primordials.ts";
import type { ByteStream } from "./stream-state.ts";
import { loadStreams } from "./streams.ts";

/** A failure, in a box: `undefined` can be thrown too. */
export interface Failure {
  readonly reason: unknown;
}

export interface BodySenderOptions {
  readonly body: Body;
  /** What `takeSource` found in it. */
  readonly source: HostSource | null;
  readonly chunkOp: number;
  readonly id: number;
  readonly onEnd: (failure: Failure | undefined) => void;
}

export class BodySender {
  readonly #chunkOp: number;
  readonly #id: number;
  readonly #onEnd: (failure: Failure | undefined) => void;
  readonly #read: () => Promise<unknown>;
  /** Null at the end, undefined for what is no chunk of bytes. */
  readonly #bytesOf: (result: unknown) => ArrayBuffer | null | undefined;
  readonly #cancelSource: (reason: unknown) => void;
  #isPaused = false;
  #isOver = false;

  constructor({ body, source, chunkOp, id, onEnd }: BodySenderOptions) {
    this.#chunkOp = chunkOp;
    this.#id = id;
    this.#onEnd = onEnd;
    body.isUsed = true;
    if (source !== null) {
      this.#read = () => source.read();
      this.#bytesOf = (result) => result as ArrayBuffer | null;
      this.#cancelSource = () => source.cancel();
    } else {
      const streams = loadStreams();
      const reader = streams.getReader(body.stream as ByteStream);
      this.#read = () => streams.read(reader);
      this.#bytesOf = bytesOfResult;
      this.#cancelSource = (reason) => ignoreRejection(streams.cancelReader(reader, reason));
    }
  }

  /** Reads and sends until the end, or until the host asks to wait. */
  start(): void {
    this.#next();
  }

  /** The host has room again. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#next();
  }

  /** Nobody wants the rest. */
  cancel(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelSource(reason);
    this.#onEnd(undefined);
  }

  #next(): void {
    PromisePrototypeThen(this.#read(), this.#onChunk, this.#onFailure);
  }

  readonly #onChunk = (result: unknown): void => {
    if (this.#isOver) return;
    const chunk = this.#bytesOf(result);
    if (chunk === null) {
      this.#end(undefined);
      return;
    }
    if (chunk === undefined) {
      const reason = new TypeErrorCtor("A chunk of the body is not a Uint8Array");
      this.#cancelSource(reason);
      this.#end({ reason });
      return;
    }
    if (callHost(this.#chunkOp, this.#id, chunk) === false) this.#isPaused = true;
    else this.#next();
  };

  readonly #onFailure = (reason: unknown): void => {
    if (!this.#isOver) this.#end({ reason });
  };

  #end(failure: Failure | undefined): void {
    this.#isOver = true;
    this.#onEnd(failure);
  }
}

function bytesOfResult(result: unknown): ArrayBuffer | null | undefined {
  const { done, value } = result as { done: boolean; value: unknown };
  return done ? null : bytesOfChunk(value);
}
