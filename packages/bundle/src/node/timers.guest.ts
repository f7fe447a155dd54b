/** `node:timers`: the platform's, as objects with the methods that Node's have. */
import { checkFunction } from "./node-error.guest.ts";
import * as promises from "./timers-promises.guest.ts";

type Callback = (...args: unknown[]) => void;

/** There is no event loop to keep alive: `ref` and `unref` only remember which was called last. */
class Timeout {
  readonly #start: () => number;
  #id: number;
  #hasRef = true;

  constructor(start: () => number) {
    this.#start = start;
    this.#id = start();
  }

  ref(): this {
    this.#hasRef = true;
    return this;
  }

  unref(): this {
    this.#hasRef = false;
    return this;
  }

  hasRef(): boolean {
    return this.#hasRef;
  }

  refresh(): this {
    globalThis.clearTimeout(this.#id);
    this.#id = this.#start();
    return this;
  }

  close(): this {
    globalThis.clearTimeout(this.#id);
    return this;
  }

  [Symbol.toPrimitive](): number {
    return this.#id;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

const platform = globalThis as unknown as Record<
  "setTimeout" | "setInterval",
  (callback: Callback, delayMs: number, ...args: unknown[]) => number
>;

export function setTimeout(callback: Callback, delayMs = 1, ...args: unknown[]): Timeout {
  checkFunction("callback", callback);
  return new Timeout(() => platform.setTimeout(callback, delayMs, ...args));
}

export function setInterval(callback: Callback, delayMs = 1, ...args: unknown[]): Timeout {
  checkFunction("callback", callback);
  return new Timeout(() => platform.setInterval(callback, delayMs, ...args));
}

export function setImmediate(callback: Callback, ...args: unknown[]): Timeout {
  checkFunction("callback", callback);
  return new Timeout(() => platform.setTimeout(callback, 0, ...args));
}

export function clearTimeout(timer: unknown): void {
  if (timer instanceof Timeout) timer.close();
  else globalThis.clearTimeout(timer as number);
}

export { clearTimeout as clearImmediate, clearTimeout as clearInterval, promises };

const PROMISIFY = Symbol.for("nodejs.util.promisify.custom");
for (const [timer, promised] of [
  [setTimeout, promises.setTimeout],
  [setImmediate, promises.setImmediate],
] as const) {
  Object.defineProperty(timer, PROMISIFY, { value: promised });
}

export default {
  setTimeout,
  setInterval,
  setImmediate,
  clearTimeout,
  clearInterval: clearTimeout,
  clearImmediate: clearTimeout,
  promises,
};
