/**
 * A body that the host delivers in chunks, each asked for: of a request that came in, or of a response to `fetch`.
 *
 * I1 The host is asked for a chunk only while a read waits, and once for each; what comes unasked waits in order.
 * I2 One read at a time: a body is read through its stream, or whole, or passed on, never by two.
 */
import { callHost } from "./host.ts";
import { ArrayPrototypePush, ArrayPrototypeShift, PromiseCtor, PromiseReject, TypeErrorCtor } from "./primordials.ts";

/** The operations by which one kind of body is asked for and given up. */
export interface HostSourceOps {
  readonly pull: number;
  readonly cancel: number;
}

export class HostSource {
  readonly #ops: HostSourceOps;
  readonly #id: number;
  readonly #chunks: ArrayBuffer[] = [];
  #isOver = false;
  #isAsked = false;
  #failure: unknown;
  #resolve: ((chunk: ArrayBuffer | null) => void) | null = null;
  #reject: ((reason: unknown) => void) | null = null;

  constructor(ops: HostSourceOps, id: number) {
    this.#ops = ops;
    this.#id = id;
  }

  /** The next chunk, or null at the end. */
  read(): Promise<ArrayBuffer | null> {
    if (this.#failure !== undefined && this.#chunks.length === 0) return PromiseReject(this.#failure);
    return new PromiseCtor((resolve, reject) => {
      if (this.#chunks.length > 0) resolve(ArrayPrototypeShift(this.#chunks) as ArrayBuffer);
      else if (this.#isOver) resolve(null);
      else {
        this.#resolve = resolve;
        this.#reject = reject;
        if (this.#isAsked) return;
        this.#isAsked = true;
        callHost(this.#ops.pull, this.#id);
      }
    });
  }

  push(chunk: ArrayBuffer): void {
    if (this.#isOver) return;
    this.#isAsked = false;
    const resolve = this.#resolve;
    if (resolve === null) {
      ArrayPrototypePush(this.#chunks, chunk);
      return;
    }
    this.#resolve = null;
    resolve(chunk);
  }

  end(): void {
    this.#isOver = true;
    const resolve = this.#resolve;
    this.#resolve = null;
    if (resolve !== null) resolve(null);
  }

  /** Ends it: reads fail with the reason once what came before is read. */
  fail(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = reason;
    if (this.#resolve === null) return;
    this.#resolve = null;
    this.#reject?.(reason);
  }

  /** Tells the host that the rest is not wanted. */
  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#chunks.length = 0;
    callHost(this.#ops.cancel, this.#id);
  }

  failWithMessage(message: unknown): void {
    this.fail(new TypeErrorCtor(`${message as string}`));
  }
}
