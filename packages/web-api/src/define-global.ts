/**
 * Puts names on the global with the descriptors that standards give them: interfaces and namespaces are not enumerable,
 * operations and attributes are.
 *
 * I1 A lazy name costs one closure until it is touched; what its `load` makes is made once per context, and is part of the
 *    sliver where init touched it.
 * I2 `loadGlobal` answers the platform's own value, whatever tenant code put on the global in its place.
 */
import { defineProperty } from "./define-property.ts";
import { FunctionPrototypeBind, ObjectDefineProperty, ReflectApply, ReflectDefineProperty } from "./primordials.ts";

// The build turns this into the call of the module's wrapper: nothing of it runs before.
declare const require: (path: "./global-attributes.ts") => typeof import("./global-attributes.ts");

/** The global, whatever becomes of the name `globalThis`. */
export const target = globalThis;

/** Makes the value of one of the names that it was given for. */
export type LoadGlobal = (name: string) => unknown;

/** Makes the values of all lazy names: a table by name would be hashed anew in each context. */
let makeGlobal: LoadGlobal;
/** By name, the values that were made. */
const loaded: Record<string, unknown> = { __proto__: null } as never;

/** Defines an interface (class) or a namespace object: writable, configurable, not enumerable. */
export function defineInterface(name: string, value: unknown): void {
  defineProperty(target, name, value, false);
}

/**
 * Defines names whose values are made when they are first touched; from then on each is a plain property.
 *
 * @param load makes the value of a name; called at most once per name and context. It is for the names of all calls; null: that of an earlier one
 * @param options `enumerable` for operations and attributes; interfaces are not. @default false
 */
export function defineLazyGlobals(
  names: readonly string[],
  load: LoadGlobal | null,
  options?: { enumerable: boolean },
): void {
  if (load !== null) makeGlobal = load;
  const enumerable = options?.enumerable === true;
  const access = enumerable ? accessEnumerable : accessHidden;
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    // Getter and setter in one, and bound: a closure with what it closes over costs more in each context.
    const bound: unknown = FunctionPrototypeBind(access, undefined, name);
    // Answers false, and does not throw, where an app locked the name before it is defined again.
    ReflectDefineProperty(target, name, {
      __proto__: null,
      get: bound,
      set: bound,
      enumerable,
      configurable: true,
    } as never);
  }
}

function accessHidden(name: string, value?: unknown): unknown {
  // biome-ignore lint/complexity/noArguments: `undefined` is a value that can be set
  return settle(name, arguments.length === 1 ? loadGlobal(name) : value, false);
}

function accessEnumerable(name: string, value?: unknown): unknown {
  // biome-ignore lint/complexity/noArguments: `undefined` is a value that can be set
  return settle(name, arguments.length === 1 ? loadGlobal(name) : value, true);
}

/**
 * Defines attributes whose values are made when they are first touched; from then on they are the accessors that Web IDL asks for.
 *
 * @param options `isReadOnly`: nothing can be assigned to them
 */
export function defineLazyAttributes(names: readonly string[], options: { isReadOnly: boolean }): void {
  const access = options.isReadOnly ? accessReadOnly : accessAttribute;
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    const bound: unknown = FunctionPrototypeBind(access, undefined, name);
    ObjectDefineProperty(target, name, {
      __proto__: null,
      get: bound,
      set: options.isReadOnly ? undefined : bound,
      enumerable: true,
      configurable: true,
    } as never);
  }
}

function accessReadOnly(name: string): unknown {
  return accessSettled(settleAttribute(name, true).get);
}

function accessAttribute(name: string, value?: unknown): unknown {
  const { get, set } = settleAttribute(name, false);
  // biome-ignore lint/complexity/noArguments: `undefined` is a value that can be set
  return arguments.length === 1 ? accessSettled(get) : ReflectApply(set as () => void, target, [value]);
}

function accessSettled(get: PropertyDescriptor["get"]): unknown {
  return ReflectApply(get as () => unknown, target, []);
}

function settleAttribute(name: string, isReadOnly: boolean): PropertyDescriptor {
  return require("./global-attributes.ts").settleAttribute(name, isReadOnly, loadGlobal(name));
}

function settle(name: string, value: unknown, enumerable: boolean): unknown {
  defineProperty(target, name, value, enumerable);
  return value;
}

/**
 * The platform's value of a name that `defineLazyGlobals` defined. The type is the caller's word for what `load` makes.
 */
export function loadGlobal<T = unknown>(name: string): T {
  if (loaded[name] === undefined) {
    const value = makeGlobal(name);
    // The build gives functions short names.
    if (typeof value === "function") {
      ObjectDefineProperty(value, "name", { __proto__: null, value: name, configurable: true } as never);
    }
    loaded[name] = value;
  }
  return loaded[name] as T;
}

/** The value of a lazy name if it was made already: what nobody loaded, nobody can have an instance of. */
export function loadedGlobal<T = unknown>(name: string): T | undefined {
  return loaded[name] as T | undefined;
}
