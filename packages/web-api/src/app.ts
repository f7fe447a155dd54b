/**
 * The app: its factory, and which of its exports answers requests.
 *
 *   pending ──factory answers, or its promise is fulfilled──▶ done
 *      └──throws, rejects──▶ failed
 *
 * I1 `__nano_app__` is gone from the global once it was called.
 * I2 Whoever runs init with a host asks how it ended (GuestEvent.INIT_STATE), and nothing is thrown; without one, what the factory
 *    throws goes through.
 */
import { DEFINE_APP_GLOBAL, HostOp } from "./boundary.ts";
import { ExecutionContext } from "./execution-context.ts";
import { callHost, hasHost } from "./host.ts";
import { keepOwnGlobals, lendStackLimit, returnStackLimit } from "./limit-globals.ts";
import {
  FunctionPrototypeBind,
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ObjectGetPrototypeOf,
  PromiseCtor,
  PromisePrototypeThen,
  ReflectApply,
  ReflectConstruct,
  ReflectDefineProperty,
  ReflectDeleteProperty,
  ReflectOwnKeys,
  TypeErrorCtor,
} from "./primordials.ts";
import type { Request } from "./request.ts";
import type { RequestRun } from "./request-run.ts";

interface Modules {
  "./fetcher.ts": typeof import("./fetcher.ts");
  "./global-events.ts": typeof import("./global-events.ts");
  "./carry-promises.ts": typeof import("./carry-promises.ts");
  "./node-host.ts": typeof import("./node-host.ts");
  "./thrown.ts": typeof import("./thrown.ts");
  "./wasm-modules.ts": typeof import("./wasm-modules.ts");
}
// The build turns this into the call of the module's wrapper: most apps export their handler.
declare const require: <Path extends keyof Modules>(path: Path) => Modules[Path];

/** As `packages/bundle` writes it: `env` is the object behind `process.env`. */
type Factory = (
  env: Env,
  takeWasm: (index: number, take: (module: unknown) => void) => void,
  nodeHost: () => typeof import("./node-host.ts").nodeHost,
  asyncHooks: () => ReturnType<typeof import("./carry-promises.ts").loadAsyncHooks>,
) => unknown;
type Env = Record<string, string>;
type Handler = (request: Request, env: unknown, context: ExecutionContext) => unknown;

const ASSETS = "ASSETS";

/** The exported handler and its `this`. */
let handler: Handler | null = null;
let receiver: unknown;
let state: "pending" | "done" | "failed" = "pending";
/** What the top level failed with. */
let failure: unknown;
/** The version's plain variables while the app initialises, everything from attach on. */
let processEnv: Env = {};

const scope = globalThis;

export function installAppGlobal(): void {
  ObjectDefineProperty(scope, DEFINE_APP_GLOBAL, { __proto__: null, value: defineApp, configurable: true } as never);
}

/** What the top level finds in `process.env`. Before the app's script. */
export function setInitEnv(env: Env): void {
  processEnv = env;
}

/** Adds what requests see to `process.env`. The app may have locked it. */
export function completeEnv(env: Env): void {
  const names = ReflectOwnKeys(env) as string[];
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    const value = env[name];
    ReflectDefineProperty(processEnv, name, {
      __proto__: null,
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    } as never);
  }
}

/**
 * Requests find the app's own files: in `env`, and in that of `cloudflare:workers`, which is `process.env` too: it is not enumerable there, since
 * what lists that expects strings. A variable or secret of that name stays.
 */
export function giveAssets(env: object): void {
  if (ObjectGetOwnPropertyDescriptor(env, ASSETS) !== undefined) return;
  defineAssets(env, true);
  defineAssets(processEnv, false);
}

/** Made when it is first touched. Here and not in a module of its own: that would be loaded in each context of an app with assets. */
function defineAssets(holder: object, enumerable: boolean): void {
  const access: unknown = FunctionPrototypeBind(accessAssets, undefined, holder, enumerable);
  const descriptor = { __proto__: null, get: access, set: access, enumerable, configurable: true };
  // Answers false, and does not throw, where the app locked what it had at init.
  ReflectDefineProperty(holder, ASSETS, descriptor as never);
}

/** Getter and setter in one. */
function accessAssets(holder: object, enumerable: boolean, given?: unknown): unknown {
  // biome-ignore lint/complexity/noArguments: `undefined` is a value that can be set
  const value = arguments.length === 2 ? require("./fetcher.ts").assets() : given;
  const descriptor = { __proto__: null, value, writable: true, enumerable, configurable: true };
  ReflectDefineProperty(holder, ASSETS, descriptor as never);
  return value;
}

/** Tells the host how the top level stands. */
export function reportInit(): void {
  if (state !== "failed") callHost(HostOp.INIT_STATE, 0, state);
  else {
    const { name, message, stack } = require("./thrown.ts").describeThrown(failure);
    callHost(HostOp.INIT_STATE, 0, state, name, message, stack);
  }
}

/** Hands a request to the app. Never throws: what the handler throws is the run's. */
export function handleRequest(run: RequestRun, request: Request, env: unknown): void {
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
  if (handler !== null) return ReflectApply(handler, receiver, [request, env, new ExecutionContext(run)]);
  return require("./global-events.ts").dispatchFetchEvent(run, request);
}

function defineApp(factory: Factory): void {
  ReflectDeleteProperty(scope, DEFINE_APP_GLOBAL);
  lendStackLimit();
  try {
    const exported = factory(
      processEnv,
      (index, take) => require("./wasm-modules.ts").takeWasm(index, take),
      () => require("./node-host.ts").nodeHost,
      () => require("./carry-promises.ts").loadAsyncHooks(),
    );
    if (isPromise(exported)) PromisePrototypeThen(PromisePrototypeThen(exported, takeExports), undefined, fail);
    else takeExports(exported);
  } catch (reason) {
    fail(reason);
    if (!hasHost()) throw reason;
  }
}

function fail(reason: unknown): void {
  state = "failed";
  failure = reason;
}

function takeExports(exported: unknown): void {
  findHandler(exported);
  state = "done";
}

function findHandler(exported: unknown): void {
  keepOwnGlobals();
  // With a host, the end of init is told.
  if (!hasHost()) returnStackLimit();
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
    if (takeEntrypoint(main)) return;
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

/** `export default class extends WorkerEntrypoint { fetch(request) {} }`: an instance for each request. */
function takeEntrypoint(main: unknown): boolean {
  if (typeof main !== "function") return false;
  const { prototype } = main as { readonly prototype?: { readonly fetch?: unknown } | null };
  if (typeof prototype?.fetch !== "function") return false;
  handler = (request, env, context) => {
    const entrypoint = ReflectConstruct(main, [context, env]) as { fetch(request: Request): unknown };
    return entrypoint.fetch(request);
  };
  receiver = undefined;
  return true;
}

/** An async function's own: an app may export something with the name `then`. */
function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === "object" && value !== null && ObjectGetPrototypeOf(value) === PromiseCtor.prototype;
}
