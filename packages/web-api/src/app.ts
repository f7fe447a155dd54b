/**
 * The app: its factory, and which of its exports answers requests.
 *
 * I1 `__nano_app__` is gone from the global once it was called. A factory that throws, throws through it; one that answers a
 *    promise (modules with top-level await) rejects, unhandled, so that whoever runs init sees the reason.
 */
import { DEFINE_APP_GLOBAL } from "./boundary.ts";
import { ExecutionContext } from "./execution-context.ts";
import { keepOwnGlobals } from "./limit-globals.ts";
import {
  ObjectDefineProperty,
  PromisePrototypeThen,
  ReflectApply,
  ReflectDeleteProperty,
  TypeErrorCtor,
} from "./primordials.ts";
import type { Request } from "./request.ts";
import type { RequestRun } from "./request-run.ts";

// The build turns this into the call of the module's wrapper: most apps export their handler.
declare const require: (path: "./global-events.ts") => typeof import("./global-events.ts");

type Handler = (request: Request, env: unknown, context: ExecutionContext) => unknown;

/** The exported handler and its `this`. */
let handler: Handler | null = null;
let receiver: unknown;
/** The factory's promise while it is pending. */
let pending: Promise<unknown> | null = null;
/** What the factory failed with, in a box. */
let failure: { readonly reason: unknown } | null = null;

const scope = globalThis;

export function installAppGlobal(): void {
  ObjectDefineProperty(scope, DEFINE_APP_GLOBAL, { __proto__: null, value: defineApp, configurable: true } as never);
}

/** Hands a request to the app. Never throws: what the handler throws is the run's. */
export function handleRequest(run: RequestRun, request: Request, env: unknown): void {
  if (pending !== null) {
    run.settleWith(PromisePrototypeThen(pending, () => callHandler(run, request, env)));
    return;
  }
  let result: unknown;
  try {
    result = callHandler(run, request, env);
  } catch (reason) {
    run.fail(reason);
    return;
  }
  run.settleWith(result);
}

function callHandler(run: RequestRun, request: Request, env: unknown): unknown {
  if (failure !== null) throw failure.reason;
  if (handler !== null) return ReflectApply(handler, receiver, [request, env, new ExecutionContext(run)]);
  return require("./global-events.ts").dispatchFetchEvent(run, request);
}

function defineApp(factory: () => unknown): void {
  ReflectDeleteProperty(scope, DEFINE_APP_GLOBAL);
  const exported = factory();
  if (typeof exported === "object" && exported !== null && isThenable(exported)) {
    const started = PromisePrototypeThen(exported as Promise<unknown>, takeExports);
    pending = started;
    const settle = (): void => {
      pending = null;
    };
    PromisePrototypeThen(started, settle, (reason) => {
      failure = { reason };
      settle();
      // Rejects again, so that the engine reports it to whoever runs init.
      throw reason;
    });
    return;
  }
  takeExports(exported);
}

function takeExports(exported: unknown): void {
  keepOwnGlobals();
  const exports = (typeof exported === "object" && exported !== null ? exported : {}) as {
    readonly default?: unknown;
    readonly fetch?: unknown;
  };
  const main = exports.default;
  if ((typeof main === "object" || typeof main === "function") && main !== null) {
    const { fetch } = main as { readonly fetch?: unknown };
    if (typeof fetch === "function") {
      handler = fetch as Handler;
      receiver = main;
      return;
    }
  }
  if (typeof exports.fetch === "function") {
    handler = exports.fetch as Handler;
    receiver = undefined;
    return;
  }
  if (require("./global-events.ts").hasFetchListener()) return;
  throw new TypeErrorCtor(
    "The app has no fetch handler: export default { fetch(request, env, ctx) }, export a function fetch, or call " +
      'addEventListener("fetch", listener)',
  );
}

function isThenable(value: object): boolean {
  return typeof (value as { then?: unknown }).then === "function";
}
