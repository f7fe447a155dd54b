/**
 * Takes away what tenant code must not have, before it runs and again at attach: the engine defines SharedArrayBuffer,
 * Temporal and WebAssembly in a restored context, whatever the snapshot said.
 *
 * I1 Shared memory and blocking waits are out of reach: no SharedArrayBuffer, no shared WebAssembly.Memory, no Atomics.wait.
 * I2 The promise forms of WebAssembly work: isolated-vm never settles the engine's own.
 */
import { ObjectDefineProperty, ReflectDeleteProperty } from "./primordials.ts";

const scope = globalThis as unknown as Record<string, unknown>;

/** What the app itself put in place of a name by the end of init: the engine's own would hide it after a restore. */
export function limitGlobals(): void {
  // An accessor, not a value: code that assigns in strict mode goes on, without effect. The engine calls no formatter.
  ObjectDefineProperty(Error, "prepareStackTrace", {
    __proto__: null,
    get: () => undefined,
    set: () => undefined,
  } as never);
  const { Atomics: atomics } = scope as { Atomics?: object };
  if (atomics !== undefined) {
    ReflectDeleteProperty(atomics, "wait");
    ReflectDeleteProperty(atomics, "waitAsync");
  }
  restoreLimits();
}

export function restoreLimits(): void {
  ReflectDeleteProperty(scope, "SharedArrayBuffer");
  ReflectDeleteProperty(scope, "Temporal");
}
