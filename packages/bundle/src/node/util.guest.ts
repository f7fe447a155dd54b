/** `node:util` */
import { isDeepStrictEqual } from "./deep-equal.guest.ts";
import { format, formatWithOptions, inspect } from "./inspect.guest.ts";
import { checkFunction, invalidArgument, nodeError } from "./node-error.guest.ts";
import types from "./util-types.guest.ts";

type Callback = (error: unknown, value?: unknown) => void;
type Fn = (this: unknown, ...args: unknown[]) => unknown;

const CUSTOM = Symbol.for("nodejs.util.promisify.custom");
/** SGR codes: everything between ESC and the letter that ends it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: what they begin with
const CONTROL_SEQUENCE = /[\u001b\u009b][[\]()#;?]*(?:\d{1,4}(?:;\d{0,4})*)?[\dA-PR-TZcf-ntqry=><~]/g;

export { format, formatWithOptions, inspect, isDeepStrictEqual, types };

export function promisify(original: Fn & { [CUSTOM]?: Fn }): Fn {
  checkFunction("original", original);
  const custom = original[CUSTOM];
  if (custom !== undefined) {
    checkFunction("util.promisify.custom", custom);
    return Object.defineProperty(custom, CUSTOM, { value: custom, configurable: true }) as Fn;
  }
  function promised(this: unknown, ...args: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const settle: Callback = (error, value) => (error ? reject(error) : resolve(value));
      Reflect.apply(original, this, [...args, settle]);
    });
  }
  Object.setPrototypeOf(promised, Object.getPrototypeOf(original) as object);
  return Object.defineProperties(promised, {
    ...Object.getOwnPropertyDescriptors(original),
    [CUSTOM]: { value: promised, configurable: true },
  });
}
promisify.custom = CUSTOM;

export function callbackify(original: Fn): Fn {
  checkFunction("original", original);
  function withCallback(this: unknown, ...args: unknown[]): void {
    const callback = args.pop();
    checkFunction("last argument", callback);
    const call = callback as unknown as Callback;
    (Reflect.apply(original, this, args) as Promise<unknown>).then(
      (value) => queueMicrotask(() => call(null, value)),
      (reason: unknown) => queueMicrotask(() => call(reason || falsyReason(reason))),
    );
  }
  return withCallback;
}

export function inherits(ctor: Fn & { super_?: unknown }, parent: { readonly prototype: object }): void {
  checkFunction("ctor", ctor);
  checkFunction("superCtor", parent);
  Object.defineProperty(ctor, "super_", { value: parent, writable: true, configurable: true });
  Object.setPrototypeOf((ctor as unknown as { prototype: object }).prototype, parent.prototype);
}

/** Warns once, by the console. */
export function deprecate(original: Fn, message: string, code?: string): Fn {
  let hasWarned = false;
  function deprecated(this: unknown, ...args: unknown[]): unknown {
    // biome-ignore lint/suspicious/noConsole: the app's own
    if (!hasWarned) console.warn(`DeprecationWarning: ${code === undefined ? "" : `[${code}] `}${message}`);
    hasWarned = true;
    return new.target ? Reflect.construct(original, args, new.target) : Reflect.apply(original, this, args);
  }
  Object.setPrototypeOf(deprecated, original);
  if (original.prototype) deprecated.prototype = original.prototype;
  return deprecated;
}

/** Nothing is enabled: there is no NODE_DEBUG. */
export function debuglog(_section: string): Fn & { enabled: boolean } {
  return Object.assign(() => undefined, { enabled: false });
}
export const debug = debuglog;

export function stripVTControlCharacters(text: string): string {
  if (typeof text !== "string") throw invalidArgument("str", "of type string", text);
  return text.replace(CONTROL_SEQUENCE, "");
}

export function toUSVString(text: unknown): string {
  return String(text).toWellFormed();
}

export const isArray = Array.isArray;

export function _extend(target: object, source: unknown): object {
  return typeof source === "object" && source !== null ? Object.assign(target, source) : target;
}

/** Fulfilled when the signal is aborted. */
export function aborted(signal: AbortSignal, resource: object): Promise<void> {
  if (!(signal instanceof AbortSignal)) throw invalidArgument("signal", "an instance of AbortSignal", signal);
  if (typeof resource !== "object" || resource === null) throw invalidArgument("resource", "of type object", resource);
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

export default {
  _extend,
  aborted,
  callbackify,
  debug,
  debuglog,
  deprecate,
  format,
  formatWithOptions,
  inherits,
  inspect,
  isArray,
  isDeepStrictEqual,
  promisify,
  stripVTControlCharacters,
  toUSVString,
  types,
};

function falsyReason(reason: unknown): Error {
  const error = nodeError("ERR_FALSY_VALUE_REJECTION", "Promise was rejected with falsy value");
  return Object.assign(error, { reason });
}
