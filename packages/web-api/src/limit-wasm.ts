/**
 * WebAssembly without shared memory, and with promise forms that settle: the engine compiles on the calling thread.
 *
 * I1 What a tenant hands in is known by what the engine says of it, never by its prototype.
 */
import { isArrayBuffer } from "./bytes.ts";
import { defineProperty } from "./define-property.ts";
import {
  ArrayBufferIsView,
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ObjectSetPrototypeOf,
  PromiseCtor,
  PromisePrototypeThen,
  PromiseResolve,
  ReflectApply,
  StringPrototypeToLowerCase,
  TypeErrorCtor,
} from "./primordials.ts";
import { isResponse, responseSlots } from "./response.ts";

// The build turns this into the call of the module's wrapper: few apps that use WebAssembly compile a response.
declare const require: (path: "./body-read.ts") => typeof import("./body-read.ts");

/** The engine's namespace, as far as this file touches it. */
interface Wasm {
  readonly Module: new (bytes: unknown) => object;
  readonly Instance: new (module: unknown, imports?: unknown) => object;
  readonly Memory: { readonly prototype: object };
}
interface Instantiated {
  readonly module: object;
  readonly instance: object;
}

let isLimited = false;

/** Once per context: whoever calls again, with the getter of the global, has had the namespace to change. */
export function limitWasm(wasm: Wasm): void {
  if (isLimited) return;
  isLimited = true;
  const { Module, Instance } = wasm;
  const instantiateBytes = (bytes: unknown, imports: unknown): Instantiated => {
    const module = new Module(bytes);
    return { module, instance: new Instance(module, imports) };
  };
  // Members of a literal are no constructors, as the engine's are none; a default keeps a parameter out of `length`.
  const forms = {
    compile(bytes: unknown): Promise<object> {
      return new PromiseCtor((resolve) => resolve(new Module(bytes)));
    },
    instantiate(source: unknown, imports: unknown = undefined): Promise<object> {
      return new PromiseCtor((resolve) =>
        resolve(isBytes(source) ? instantiateBytes(source, imports) : new Instance(source, imports)),
      );
    },
    compileStreaming(source: unknown): Promise<object> {
      return PromisePrototypeThen(readResponse(source, "compileStreaming"), (bytes) => new Module(bytes));
    },
    instantiateStreaming(source: unknown, imports: unknown = undefined): Promise<object> {
      return PromisePrototypeThen(readResponse(source, "instantiateStreaming"), (bytes) =>
        instantiateBytes(bytes, imports),
      );
    },
  };
  defineProperty(wasm, "compile", forms.compile);
  defineProperty(wasm, "instantiate", forms.instantiate);
  defineProperty(wasm, "compileStreaming", forms.compileStreaming);
  defineProperty(wasm, "instantiateStreaming", forms.instantiateStreaming);
  hideSharedBuffers(wasm.Memory.prototype);
}

function isBytes(value: unknown): boolean {
  return ArrayBufferIsView(value) || isArrayBuffer(value);
}

/** The bytes of a Response, or of the promise of one, once all of them are there. */
function readResponse(source: unknown, form: string): Promise<ArrayBuffer> {
  return PromisePrototypeThen(PromiseResolve(source), (response) => {
    if (!isResponse(response)) throw new TypeErrorCtor(`WebAssembly.${form}: the source is not a Response`);
    const { status, headers } = responseSlots(response);
    if (status < 200 || status > 299)
      throw new TypeErrorCtor(`WebAssembly.${form}: the response has the status ${status}`);
    const type = headers.get("content-type");
    // Parameters are not allowed.
    if (type === null || StringPrototypeToLowerCase(type) !== "application/wasm") {
      throw new TypeErrorCtor(
        `WebAssembly.${form}: the response has the type ${type ?? "none"}, where application/wasm is needed`,
      );
    }
    return require("./body-read.ts").consumeBody(response, responseSlots, "arrayBuffer") as Promise<ArrayBuffer>;
  });
}

/** A shared memory, which a module can declare by itself, has no buffer that script can reach. */
function hideSharedBuffers(memory: object): void {
  const descriptor = ObjectGetOwnPropertyDescriptor(memory, "buffer");
  const getBuffer = descriptor?.get;
  if (descriptor !== undefined && getBuffer !== undefined) {
    // An object literal's accessor, for the name that getters have.
    const limited = {
      get buffer(): unknown {
        return unshared(ReflectApply(getBuffer, this, []));
      },
    };
    descriptor.get = ObjectGetOwnPropertyDescriptor(limited, "buffer")?.get as () => unknown;
    ObjectSetPrototypeOf(descriptor, null);
    ObjectDefineProperty(memory, "buffer", descriptor);
  }
  hideSharedResult(memory, "toFixedLengthBuffer");
  hideSharedResult(memory, "toResizableBuffer");
}

function hideSharedResult(memory: object, name: string): void {
  const method: unknown = ObjectGetOwnPropertyDescriptor(memory, name)?.value;
  if (typeof method !== "function") return;
  const limited = {
    [name](this: unknown): unknown {
      return unshared(ReflectApply(method as never, this, []));
    },
  };
  defineProperty(memory, name, limited[name]);
}

function unshared(buffer: unknown): unknown {
  if (isArrayBuffer(buffer)) return buffer;
  throw new TypeErrorCtor("WebAssembly.Memory: shared memory is not available");
}
