/**
 * A body that the host delivers in chunks, each asked for: of a request that came in, or of a response to `fetch`.
 *
 * I1 The host is asked for a chunk only while a read waits, and once for each; what comes unasked waits in order.
 * I2 One read at a time: a body is read through its stream, or whole, or passed on, never by two.
 * I3 What the host passes on by itself is over here: what the host does with it is not heard of.
 */
import { callHost } from "./host.ts";
import { ArrayPrototypePush, ArrayPrototypeShift, PromiseCtor, PromiseReject, TypeErrorCtor } from "./primordials.ts";

/** The operations by which one kind of body is asked for and given up. */
export interface HostSourceOps {
  readonly pull: number;
  readonly cancel: number;
  /** What its id times this is, is its name in RESPOND and FETCH_START. */
  readonly sign: 1 | -1;
}

export class HostSource {
  readonly #ops: HostSourceOps;
  readonly #id: number;
  readonly #chunks: ArrayBuffer[] = [];
  /** Whoever brought it has something here that ends with it: a signal, or the rest of what was sent for it. */
  isHeld = false;
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

  /** The host passes it on: its name. Undefined where it has ended, or something of it is here: it has to be read. */
  pass(): number | undefined {
    if (this.#isOver || this.#isAsked || this.#chunks.length > 0) return undefined;
    this.#isOver = true;
    return this.#ops.sign * this.#id;
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
