/** WebAssembly without shared memory, and with promise forms that settle. */

import { isArrayBuffer } from "./bytes.ts";
import {
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ObjectPrototypeIsPrototypeOf,
  PromiseCtor,
  ReflectApply,
  ReflectDeleteProperty,
  TypeErrorCtor,
} from "./primordials.ts";

/** The engine's namespace, as far as this file touches it. */
interface Wasm {
  readonly Module: (new (bytes: unknown) => object) & { readonly prototype: object };
  readonly Instance: new (module: object, imports?: unknown) => object;
  readonly Memory: { readonly prototype: object };
}

export function limitWasm(wasm: Wasm): void {
  const { Module, Instance } = wasm;
  const { prototype } = Module;
  define(wasm, "compile", function compile(bytes: unknown): Promise<object> {
    return new PromiseCtor((resolve) => resolve(new Module(bytes)));
  });
  define(wasm, "instantiate", function instantiate(source: unknown, imports?: unknown): Promise<object> {
    return new PromiseCtor((resolve) => {
      if (ObjectPrototypeIsPrototypeOf(prototype, source as object)) resolve(new Instance(source as object, imports));
      else {
        const module = new Module(source);
        resolve({ module, instance: new Instance(module, imports) });
      }
    });
  });
  // They take a Response and compile while it arrives; until then they are absent rather than never settling.
  ReflectDeleteProperty(wasm, "compileStreaming");
  ReflectDeleteProperty(wasm, "instantiateStreaming");
  hideSharedBuffers(wasm.Memory.prototype);
}

/** A shared memory, which a module can declare by itself, has no buffer that script can reach. */
function hideSharedBuffers(memory: object): void {
  const descriptor = ObjectGetOwnPropertyDescriptor(memory, "buffer");
  const getBuffer = descriptor?.get;
  if (descriptor === undefined || getBuffer === undefined) return;
  descriptor.get = function buffer(this: unknown): unknown {
    const value: unknown = ReflectApply(getBuffer, this, []);
    if (isArrayBuffer(value)) return value;
    throw new TypeErrorCtor("WebAssembly.Memory: shared memory is not available");
  };
  ObjectDefineProperty(memory, "buffer", descriptor);
}

function define(target: object, name: string, value: unknown): void {
  ObjectDefineProperty(target, name, {
    __proto__: null,
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  } as never);
}
