/** `on` of `node:events`: what is emitted, as an iterator. */
import { abortError } from "./node-error.guest.ts";

type Name = string | symbol;
type Listener = (...args: unknown[]) => void;
interface Source {
  on?(name: Name, listener: Listener): unknown;
  off?(name: Name, listener: Listener): unknown;
  addEventListener?(name: Name, listener: Listener): void;
  removeEventListener?(name: Name, listener: Listener): void;
}
interface Options {
  readonly signal?: AbortSignal;
  /** Names of events that end it. */
  readonly close?: readonly Name[];
}
interface Waiting {
  readonly resolve: (result: IteratorResult<unknown[]>) => void;
  readonly reject: (reason: unknown) => void;
}

export function on(emitter: Source, name: Name, { signal, close = [] }: Options = {}): EventIterator {
  if (signal?.aborted) throw abortError(signal);
  return new EventIterator(emitter, { name, signal, close });
}

class EventIterator implements AsyncIterableIterator<unknown[]> {
  readonly #events: unknown[][] = [];
  readonly #waiting: Waiting[] = [];
  readonly #stops: (() => void)[] = [];
  #failure: { readonly reason: unknown } | null = null;
  #isOver = false;

  constructor(
    emitter: Source,
    { name, signal, close }: { name: Name; signal: AbortSignal | undefined; close: readonly Name[] },
  ) {
    this.#listen(emitter, name, (...args) => this.#take(args));
    if (name !== "error" && emitter.on !== undefined) this.#listen(emitter, "error", (reason) => this.#fail(reason));
    for (const closing of close) this.#listen(emitter, closing, () => this.#end());
    if (signal !== undefined) this.#listen(signal as Source, "abort", () => this.#fail(abortError(signal)));
  }

  next(): Promise<IteratorResult<unknown[]>> {
    const value = this.#events.shift();
    if (value !== undefined) return Promise.resolve({ value, done: false });
    if (this.#failure !== null) {
      const { reason } = this.#failure;
      this.#failure = null;
      return Promise.reject(reason);
    }
    if (this.#isOver) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  return(): Promise<IteratorResult<unknown[]>> {
    this.#end();
    return Promise.resolve({ value: undefined, done: true });
  }

  throw(reason: unknown): Promise<IteratorResult<unknown[]>> {
    this.#fail(reason);
    return this.next();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #listen(source: Source, name: Name, listener: Listener): void {
    if (source.on !== undefined) source.on(name, listener);
    else source.addEventListener?.(name, listener);
    this.#stops.push(() => {
      if (source.off !== undefined) source.off(name, listener);
      else source.removeEventListener?.(name, listener);
    });
  }

  #take(args: unknown[]): void {
    const first = this.#waiting.shift();
    if (first === undefined) this.#events.push(args);
    else first.resolve({ value: args, done: false });
  }

  #fail(reason: unknown): void {
    const first = this.#waiting.shift();
    if (first === undefined) this.#failure = { reason };
    else first.reject(reason);
    this.#end();
  }

  #end(): void {
    this.#isOver = true;
    for (const stop of this.#stops.splice(0)) stop();
    for (const { resolve } of this.#waiting.splice(0)) resolve({ value: undefined, done: true });
  }
}
