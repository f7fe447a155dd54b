/** `node:events`: unenv's port of Node's, with a constructor that may also be called, as packages with `util.inherits` do. */
import {
  addAbortListener,
  getMaxListeners,
  _EventEmitter as Ported,
  once as portedOnce,
} from "unenv/node/internal/events/events";
import { on } from "./events-iterator.guest.ts";
import { abortError, checkFunction, invalidArgument } from "./node-error.guest.ts";

interface Emitter {
  _events: object | undefined;
  _eventsCount: number;
  _maxListeners: number | undefined;
  [key: symbol]: unknown;
}
interface Options {
  readonly signal?: AbortSignal;
}

export const errorMonitor = Symbol.for("events.errorMonitor");
export const captureRejectionSymbol = Symbol.for("nodejs.rejection");
export const usingDomains = false;
const CAPTURE = Symbol.for("kCapture");
const SHAPE = Symbol.for("shapeMode");

export function EventEmitter(this: Emitter, options?: { captureRejections?: boolean }): void {
  init.call(this, options);
}

Object.setPrototypeOf(EventEmitter, Ported);
EventEmitter.prototype = Ported.prototype as unknown as Emitter;
Object.assign(EventEmitter.prototype, { _events: undefined, _eventsCount: 0, _maxListeners: undefined });
/** The port takes anything for a listener. */
function checked<F extends (name: string | symbol, listener: (...args: never[]) => void) => unknown>(ported: F): F {
  function method(this: unknown, name: string | symbol, listener: (...args: never[]) => void): unknown {
    checkFunction("listener", listener);
    return Reflect.apply(ported, this, [name, listener]);
  }
  return method as F;
}

const { prependListener, prependOnceListener, removeListener } = Ported.prototype;
const addListener = checked(Ported.prototype.addListener);
for (const [name, value] of Object.entries({
  constructor: EventEmitter,
  // One function: the port's `on` calls `addListener`, which subclasses that make the one of the other would have call itself.
  addListener,
  on: addListener,
  off: removeListener,
  once: checked(Ported.prototype.once),
  prependListener: checked(prependListener),
  prependOnceListener: checked(prependOnceListener),
})) {
  Object.defineProperty(EventEmitter.prototype, name, { value, writable: true, configurable: true, enumerable: false });
}

export function init(this: Emitter, options?: { captureRejections?: boolean }): void {
  if (this._events === undefined || this._events === Object.getPrototypeOf(this)._events) {
    this._events = Object.create(null) as object;
    this._eventsCount = 0;
  }
  this[SHAPE] = false;
  this._maxListeners ||= undefined;
  this[CAPTURE] = options?.captureRejections === true || EventEmitter.prototype[CAPTURE];
}

export async function once(emitter: unknown, name: string | symbol, options: Options = {}): Promise<unknown[]> {
  if (options.signal?.aborted) throw abortError(options.signal);
  try {
    return await portedOnce(emitter, name, options);
  } catch (reason) {
    throw named(reason, options);
  }
}

export function getEventListeners(emitter: unknown, name: string | symbol): unknown[] {
  const { listeners } = emitter as { listeners?: unknown };
  // What listens to an EventTarget is known to nobody else.
  if (typeof listeners !== "function") throw invalidArgument("emitter", "an instance of EventEmitter", emitter);
  return Reflect.apply(listeners, emitter, [name]) as unknown[];
}

export function listenerCount(
  emitter: { listenerCount(name: string | symbol): number },
  name: string | symbol,
): number {
  return emitter.listenerCount(name);
}

export function setMaxListeners(count?: number, ...targets: unknown[]): void {
  Ported.setMaxListeners(count, ...targets);
}

export { addAbortListener, getMaxListeners, on };

// Defined, not assigned: what it inherits from has getters of these names.
for (const [name, value] of Object.entries({
  EventEmitter,
  init,
  once,
  on,
  getEventListeners,
  listenerCount,
  setMaxListeners,
  addAbortListener,
  getMaxListeners,
  errorMonitor,
  captureRejectionSymbol,
  usingDomains,
  EventEmitterAsyncResource: undefined,
  // Also where a bundle has to call it something else.
  name: "EventEmitter",
})) {
  Object.defineProperty(EventEmitter, name, { value, writable: true, configurable: true, enumerable: true });
}

export default EventEmitter;

/** The port's errors of a signal have no name. */
function named(reason: unknown, { signal }: Options): unknown {
  const isNameless = reason instanceof Error && reason.name === "Error" && reason.message === "";
  return signal?.aborted && isNameless ? abortError(signal) : reason;
}
