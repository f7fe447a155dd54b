/**
 * Stand-ins for objects of the engine that a heap snapshot cannot hold: what tenant code gets is an ordinary object with a recipe, and the
 * engine's object is made from that recipe when it is first used.
 *
 * I1 While the app initialises, engine objects are referred to by WeakRefs alone: the collection with which the engine begins to
 *    serialise a heap takes them all. After init each is held by its stand-in.
 * I2 An engine object is never handed to tenant code, so neither its prototype nor its constructor can be reached.
 */
import { isInitialising } from "../host.ts";
import {
  ErrorCtor,
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ObjectSetPrototypeOf,
  ReflectApply,
  ReflectDefineProperty,
  ReflectOwnKeys,
} from "../primordials.ts";
import { WeakRefCtor, WeakRefPrototypeDeref } from "./intrinsics.ts";

/** Makes the engine's object. @param steps how often `step` was called on its stand-in */
export type Recipe = (steps: number) => object;
export type Method = (...args: never[]) => unknown;

/** Adds the private fields of a derived class to an object that is there already. */
class Stamp {
  constructor(target: object) {
    // biome-ignore lint/correctness/noConstructorReturn: what it returns is what the derived class initialises
    return target;
  }
}

class Deferred extends Stamp {
  readonly #recipe: Recipe;
  #early: WeakRef<object> | undefined;
  #real: object | undefined;
  #bound: unknown;
  #steps = 0;

  constructor(target: object, recipe: Recipe, real: object) {
    super(target);
    this.#recipe = recipe;
    this.#keep(real);
  }

  static has(value: unknown): value is Deferred {
    return typeof value === "object" && value !== null && #recipe in value;
  }

  /** The engine's object of a stand-in; any other value as it is, so that the engine refuses it in its own words. */
  static realOf(value: unknown): unknown {
    if (!Deferred.has(value)) return value;
    const known = value.#real ?? (value.#early && WeakRefPrototypeDeref(value.#early));
    if (known !== undefined) return known;
    const real = value.#recipe(value.#steps);
    value.#keep(real);
    return real;
  }

  /**
   * The function that the engine bound to its object (`format`, `compare`), bound to the stand-in, and always the same.
   *
   * @param model the engine's: seen by no closure, which would keep it and its object alive
   */
  static boundOf(value: Deferred, get: () => unknown, model: object): unknown {
    value.#bound ??= named(bind(value, get), model);
    return value.#bound;
  }

  static step(value: unknown): void {
    if (Deferred.has(value)) value.#steps++;
  }

  #keep(real: object): void {
    if (isInitialising()) this.#early = new WeakRefCtor(real);
    else this.#real = real;
  }
}

/** Makes an object the stand-in of an engine's object. */
export function defer(target: object, recipe: Recipe, real: object): void {
  new Deferred(target, recipe, real);
}

export const { has: isDeferred, realOf, step } = Deferred;

/** What stands in for one method, given the engine's; undefined: the engine's method, called on the engine's object. */
export type Override = (key: PropertyKey, method: Method) => Method | undefined;

/**
 * Gives `target` the members of an engine's prototype, with the same names, lengths and attributes, for stand-ins. All but
 * `constructor`.
 */
export function copyMembers(target: object, prototype: object, override?: Override): void {
  const keys = ReflectOwnKeys(prototype);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as PropertyKey;
    if (key === "constructor") continue;
    const descriptor = ObjectGetOwnPropertyDescriptor(prototype, key) as PropertyDescriptor;
    ObjectSetPrototypeOf(descriptor, null);
    const { value, get } = descriptor as { value?: unknown; get?: () => unknown };
    if (typeof value === "function") {
      descriptor.value = named(override?.(key, value as Method) ?? deferMethod(value as Method), value as Method);
    } else if (get !== undefined) descriptor.get = named(deferGetter(get), get) as () => unknown;
    ObjectDefineProperty(target, key, descriptor);
  }
}

/** Gives a function the name and length of another. */
export function named<F extends object>(target: F, model: object): F {
  copyProperty(target, model, "name");
  copyProperty(target, model, "length");
  return target;
}

export function copyProperty(target: object, model: object, key: PropertyKey): void {
  const descriptor = ObjectGetOwnPropertyDescriptor(model, key);
  if (descriptor !== undefined) ObjectDefineProperty(target, key, ObjectSetPrototypeOf(descriptor, null) as never);
}

// Members of literals, since those are no constructors, as the engine's methods are none.
function deferMethod(method: Method): Method {
  return {
    call(this: unknown, ...args: unknown[]): unknown {
      return callEngine(method, realOf(this), args);
    },
  }.call;
}

function deferGetter(get: () => unknown): () => unknown {
  return {
    call(this: unknown): unknown {
      const value: unknown = ReflectApply(get, realOf(this), []);
      return typeof value === "function" && isDeferred(this) ? Deferred.boundOf(this, get, value) : value;
    },
  }.call;
}

function bind(self: Deferred, get: () => unknown): Method {
  return (...args) => callEngine(ReflectApply(get, realOf(self), []) as Method, undefined, args);
}

/**
 * Calls a method of an engine's object. An error keeps what was on the stack when it was made, the engine's object among it: so those that are made
 * below such a call have no stack while the app initialises.
 */
function callEngine(method: Method, self: unknown, args: readonly unknown[]): unknown {
  if (!isInitialising()) return ReflectApply(method, self, args as never);
  const limit = ObjectGetOwnPropertyDescriptor(ErrorCtor, "stackTraceLimit");
  if (limit !== undefined) ObjectSetPrototypeOf(limit, null);
  ReflectDefineProperty(ErrorCtor, "stackTraceLimit", { __proto__: null, value: 0 } as never);
  try {
    return ReflectApply(method, self, args as never);
  } finally {
    if (limit !== undefined) ReflectDefineProperty(ErrorCtor, "stackTraceLimit", limit);
  }
}
