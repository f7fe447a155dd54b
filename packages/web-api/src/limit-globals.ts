/**
 * Takes away what tenant code must not have, before it runs and again at attach: the engine defines SharedArrayBuffer,
 * Temporal and WebAssembly in a restored context, whatever the snapshot said.
 *
 * I1 Shared memory and blocking waits are out of reach: no SharedArrayBuffer, no shared WebAssembly.Memory, no Atomics.wait.
 * I2 The promise forms of WebAssembly work: isolated-vm never settles the engine's own.
 * I3 The engine's Temporal, whose `Now` reads the real clock, is in no context: that of requests is ours.
 */
import { defineLazyGlobals } from "./define-global.ts";
import { isInitialising } from "./host.ts";
import {
  ErrorCtor,
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ObjectSetPrototypeOf,
  ReflectDefineProperty,
  ReflectDeleteProperty,
} from "./primordials.ts";

const scope = globalThis as unknown as Record<string, unknown>;

// The build turns this into the call of the module's wrapper: nothing of it runs before.
declare const require: (path: "./limit-wasm.ts") => typeof import("./limit-wasm.ts");

/** Once, before tenant code. */
export function limitGlobals(): void {
  // An accessor, not a value: code that assigns to it in strict mode goes on, without effect. No formatter is ever called,
  // so none can run while the host reads a stack.
  ObjectDefineProperty(ErrorCtor, "prepareStackTrace", {
    __proto__: null,
    get: () => undefined,
    set: () => undefined,
  } as never);
  const { Atomics: atomics } = scope as { Atomics?: object };
  if (atomics !== undefined) {
    ReflectDeleteProperty(atomics, "wait");
    ReflectDeleteProperty(atomics, "waitAsync");
  }
  limitRestored();
}

/** The engine's own. */
const STACK_TRACE_LIMIT = 10;
/** Whether `Error.stackTraceLimit` is ours while the app initialises. */
let isStackLimitLent = false;
/** What the app made of it. */
let ownStackLimit: PropertyDescriptor | undefined;

/**
 * While a heap is made `Error` has no `stackTraceLimit`, so errors would have no stack; and the engine, which adds it at each restore, ends the
 * process where it finds one. So the app has one for the time of its init. Before the app's script.
 */
export function lendStackLimit(): void {
  if (ObjectGetOwnPropertyDescriptor(ErrorCtor, "stackTraceLimit") !== undefined) return;
  isStackLimitLent = true;
  ReflectDefineProperty(ErrorCtor, "stackTraceLimit", {
    __proto__: null,
    value: STACK_TRACE_LIMIT,
    writable: true,
    enumerable: true,
    configurable: true,
  } as never);
}

/** When nothing of init follows. The app may have locked it: then its heap does not restore. */
export function returnStackLimit(): void {
  if (!isStackLimitLent) return;
  ownStackLimit = ObjectGetOwnPropertyDescriptor(ErrorCtor, "stackTraceLimit");
  if (ownStackLimit !== undefined) ObjectSetPrototypeOf(ownStackLimit, null);
  ReflectDeleteProperty(ErrorCtor, "stackTraceLimit");
}

/** What the app itself defined as Temporal by the end of init: the engine's own takes its place at a restore. */
let ownTemporal: PropertyDescriptor | undefined;
/** Whether the engine has a Temporal. While a heap is made it has none. */
let hasTemporal = false;
/** Whether WebAssembly needs no more: limited in this context, or the app's own, in whose place the engine defines none. */
let isWasmSettled = false;

/** At the end of init; again where more of it follows. */
export function keepOwnGlobals(): void {
  ownTemporal = ObjectGetOwnPropertyDescriptor(scope, "Temporal");
  if (ownTemporal !== undefined) ObjectSetPrototypeOf(ownTemporal, null);
  isWasmSettled = ObjectGetOwnPropertyDescriptor(scope, "WebAssembly") !== undefined;
}

/** In every context, since a restore brings them back. Never throws: the app may have locked a name. */
export function limitRestored(): void {
  if (isStackLimitLent) {
    isStackLimitLent = false;
    if (ownStackLimit === undefined) ReflectDeleteProperty(ErrorCtor, "stackTraceLimit");
    else ReflectDefineProperty(ErrorCtor, "stackTraceLimit", ownStackLimit);
  }
  ReflectDeleteProperty(scope, "SharedArrayBuffer");
  if (ownTemporal === undefined) {
    // Deleted unread (temporal.ts). Contexts of requests have another, where the engine has one.
    hasTemporal ||= "Temporal" in scope;
    ReflectDeleteProperty(scope, "Temporal");
    if (hasTemporal && !isInitialising()) defineLazyGlobals(["Temporal"], null);
  } else ReflectDefineProperty(scope, "Temporal", ownTemporal);
  if (isWasmSettled) return;
  // Absent while a snapshot is made.
  const wasm: unknown = ObjectGetOwnPropertyDescriptor(scope, "WebAssembly")?.value;
  if (typeof wasm !== "object" || wasm === null) return;
  isWasmSettled = true;
  // Limited when it is first touched: few apps do.
  ReflectDefineProperty(scope, "WebAssembly", {
    __proto__: null,
    get: () => {
      require("./limit-wasm.ts").limitWasm(wasm as never);
      setWasm(wasm);
      return wasm;
    },
    set: setWasm,
    configurable: true,
  } as never);
}

function setWasm(value: unknown): void {
  ReflectDefineProperty(scope, "WebAssembly", {
    __proto__: null,
    value,
    writable: true,
    configurable: true,
  } as never);
}
