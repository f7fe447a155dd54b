/**
 * Puts names on the global with the descriptors that standards give them: interfaces and namespaces are not enumerable,
 * operations and attributes are.
 *
 * I1 A lazy name costs two closures until it is touched; what its `load` makes is made once per context, and is part of the
 *    sliver where init touched it.
 * I2 `loadGlobal` answers the platform's own value, whatever tenant code put on the global in its place.
 */
import { ObjectDefineProperty } from "./primordials.ts";

const target = globalThis;

interface LazyGlobal {
  readonly load: () => unknown;
  readonly enumerable: boolean;
  value: unknown;
  loaded: boolean;
}

const lazyGlobals: Record<string, LazyGlobal> = { __proto__: null } as never;

/** Defines an interface (class) or a namespace object: writable, configurable, not enumerable. */
export function defineInterface(name: string, value: unknown): void {
  defineValue(name, value, false);
}

/** Defines a function of the global: writable, configurable, enumerable. */
export function defineOperation(name: string, value: (...args: never[]) => unknown): void {
  defineValue(name, value, true);
}

/** Defines an attribute of the global: an accessor, enumerable and configurable. */
export function defineAttribute(name: string, get: () => unknown, set?: (value: unknown) => void): void {
  ObjectDefineProperty(target, name, { __proto__: null, get, set, enumerable: true, configurable: true } as never);
}

/**
 * Defines a name whose value is made when it is first touched; from then on it is a plain property.
 *
 * @param load makes the value; called at most once per context
 * @param options `enumerable` for operations and attributes; interfaces are not. @default false
 */
export function defineLazyGlobal(name: string, load: () => unknown, options?: { enumerable: boolean }): void {
  const enumerable = options?.enumerable === true;
  lazyGlobals[name] = { load, enumerable, value: undefined, loaded: false };
  ObjectDefineProperty(target, name, {
    __proto__: null,
    get: () => {
      const value = loadGlobal(name);
      defineValue(name, value, enumerable);
      return value;
    },
    set: (value: unknown) => defineValue(name, value, enumerable),
    enumerable,
    configurable: true,
  } as never);
}

/**
 * The platform's value of a name that `defineLazyGlobal` defined. The type is the caller's word for what `load` makes.
 *
 * @throws Error where no such name was defined
 */
export function loadGlobal<T = unknown>(name: string): T {
  const entry = lazyGlobals[name];
  if (entry === undefined) throw new Error(`No lazy global ${name}`);
  if (!entry.loaded) {
    entry.value = entry.load();
    entry.loaded = true;
  }
  return entry.value as T;
}

/** The value of a lazy name if it was made already: what nobody loaded, nobody can have an instance of. */
export function loadedGlobal<T = unknown>(name: string): T | undefined {
  return lazyGlobals[name]?.value as T | undefined;
}

function defineValue(name: string, value: unknown, enumerable: boolean): void {
  ObjectDefineProperty(target, name, {
    __proto__: null,
    value,
    enumerable,
    writable: true,
    configurable: true,
  } as never);
}
