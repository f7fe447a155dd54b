/**
 * `node:async_hooks`, as far as contexts go: AsyncLocalStorage and AsyncResource.
 *
 * The engine has no hook that isolated-vm would hand on, so contexts are carried by what resumes code: `then` of the app's own Promise and
 * what its lowered `async` functions run by (carry-promises.ts), and timers, microtasks, listeners and streams (async-context.ts).
 */
import { captureFrame, extendFrame, type Frame, runInFrame } from "./async-context.ts";
import { MapPrototypeHas } from "./leaf/intrinsics.ts";
import {
  MapCtor,
  MapPrototypeForEach,
  MapPrototypeGet,
  MapPrototypeSet,
  ObjectDefineProperty,
  TypeErrorCtor,
} from "./primordials.ts";

type Callback = (...args: never[]) => unknown;

export class AsyncLocalStorage {
  // The build shortens the names of classes.
  static {
    ObjectDefineProperty(AsyncLocalStorage, "name", {
      __proto__: null,
      value: "AsyncLocalStorage",
      configurable: true,
    } as never);
  }

  /** Another after `disable`: what was stored before is out of reach. */
  #key: object = {};
  readonly #defaultValue: unknown;
  readonly #name: string;

  constructor(options: { readonly defaultValue?: unknown; readonly name?: unknown } = {}) {
    if (typeof options !== "object" || options === null) throw invalidArgument("options", "an object");
    const { defaultValue, name = "" } = options;
    if (typeof name !== "string") throw invalidArgument("options.name", "a string");
    this.#defaultValue = defaultValue;
    this.#name = name;
  }

  static bind(callback: Callback): Callback {
    return bindTo(captureFrame(), callback);
  }

  static snapshot(): (callback: Callback, ...args: unknown[]) => unknown {
    const frame = captureFrame();
    return (callback, ...args) => runInFrame(frame, toFunction(callback), undefined, args);
  }

  get name(): string {
    return this.#name;
  }

  getStore(): unknown {
    const frame = captureFrame();
    if (frame === undefined || !MapPrototypeHas(frame, this.#key)) return this.#defaultValue;
    return MapPrototypeGet(frame, this.#key);
  }

  run(store: unknown, callback: Callback, ...args: unknown[]): unknown {
    return runInFrame(withStore(this.#key, store), toFunction(callback), undefined, args);
  }

  exit(callback: Callback, ...args: unknown[]): unknown {
    return runInFrame(withStore(this.#key, undefined), toFunction(callback), undefined, args);
  }

  enterWith(store: unknown): void {
    extendFrame(withStore(this.#key, store));
  }

  disable(): void {
    this.#key = {};
  }
}

let lastAsyncId = 0;

export class AsyncResource {
  static {
    ObjectDefineProperty(AsyncResource, "name", {
      __proto__: null,
      value: "AsyncResource",
      configurable: true,
    } as never);
  }

  readonly #frame: Frame = captureFrame();
  readonly #asyncId: number;

  constructor(type: unknown) {
    if (typeof type !== "string") throw invalidArgument("type", "a string");
    lastAsyncId += 1;
    this.#asyncId = lastAsyncId;
  }

  static bind(callback: Callback, type?: unknown, thisArg?: unknown): Callback {
    return new AsyncResource(type ?? "bound-anonymous-fn").bind(callback, thisArg);
  }

  bind(callback: Callback, thisArg?: unknown): Callback {
    return bindTo(this.#frame, callback, thisArg);
  }

  runInAsyncScope(callback: Callback, thisArg?: unknown, ...args: unknown[]): unknown {
    return runInFrame(this.#frame, toFunction(callback), thisArg, args);
  }

  asyncId(): number {
    return this.#asyncId;
  }

  /** What made it is not kept: 0, as of what began with the process. */
  triggerAsyncId(): number {
    this.#asyncId;
    return 0;
  }

  /** For packages that were written for Node: nobody listens for the end of a resource. */
  emitDestroy(): this {
    this.#asyncId;
    return this;
  }
}

/** The frame that there is, with one store changed. */
function withStore(key: object, store: unknown): Frame {
  const frame = new MapCtor<object, unknown>();
  const outer = captureFrame();
  if (outer !== undefined) MapPrototypeForEach(outer, (value, other) => MapPrototypeSet(frame, other, value));
  MapPrototypeSet(frame, key, store);
  return frame;
}

function bindTo(frame: Frame, callback: Callback, thisArg?: unknown): Callback {
  const { length } = toFunction(callback);
  const bound = function (this: unknown, ...args: unknown[]): unknown {
    return runInFrame(frame, callback, thisArg === undefined ? this : thisArg, args);
  };
  return ObjectDefineProperty(bound, "length", {
    __proto__: null,
    value: length,
    configurable: true,
  } as never) as Callback;
}

function toFunction(callback: Callback): Callback {
  if (typeof callback !== "function") throw invalidArgument("callback", "a function");
  return callback;
}

/** With the code that Node's have, by which packages tell it. */
function invalidArgument(name: string, expected: string): TypeError {
  const error = new TypeErrorCtor(`The "${name}" argument must be ${expected}`);
  const code = { __proto__: null, value: "ERR_INVALID_ARG_TYPE", writable: true, enumerable: true, configurable: true };
  return ObjectDefineProperty(error, "code", code as never);
}
