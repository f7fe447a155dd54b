/** What Web IDL asks of every interface: the shape of its prototype. */
import {
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ObjectGetPrototypeOf,
  ObjectSetPrototypeOf,
  ReflectOwnKeys,
  SymbolToStringTag,
} from "../primordials.ts";
import { SetCtor, SetPrototypeAdd, SetPrototypeHas } from "./intrinsics.ts";

type Interface = (abstract new (...args: never[]) => object) & { readonly prototype: object };

const platformPrototypes = new SetCtor<object>();

/**
 * Gives a class the shape of a Web IDL interface: its members are enumerable, its name is its `Symbol.toStringTag`, and
 * its instances are platform objects to `isPlatformObject`.
 */
export function finishInterface(ctor: Interface, name: string): void {
  const { prototype } = ctor;
  ObjectDefineProperty(ctor, "name", { __proto__: null, value: name, configurable: true } as never);
  makeEnumerable(prototype);
  makeEnumerable(ctor);
  ObjectDefineProperty(prototype, SymbolToStringTag, { __proto__: null, value: name, configurable: true } as never);
  registerPlatformPrototype(prototype);
}

/** Makes the instances of an interface that has its shape already platform objects to `isPlatformObject`. */
export function registerPlatformPrototype(prototype: object): void {
  SetPrototypeAdd(platformPrototypes, prototype);
}

/** Gives a class the constants of an interface, on itself and on its prototype. */
export function defineConstants(ctor: Interface, constants: readonly (readonly [string, number])[]): void {
  for (let i = 0; i < constants.length; i++) {
    const constant = constants[i] as readonly [string, number];
    const descriptor = { __proto__: null, value: constant[1], enumerable: true } as never;
    ObjectDefineProperty(ctor, constant[0], descriptor);
    ObjectDefineProperty(ctor.prototype, constant[0], descriptor);
  }
}

/** Whether an object is an instance of an interface that `finishInterface` finished, or derives from one. */
export function isPlatformObject(value: object): boolean {
  for (let at: object | null = ObjectGetPrototypeOf(value); at !== null; at = ObjectGetPrototypeOf(at)) {
    if (SetPrototypeHas(platformPrototypes, at)) return true;
  }
  return false;
}

function makeEnumerable(target: object): void {
  const keys = ReflectOwnKeys(target);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as PropertyKey;
    if (typeof key === "symbol" || key === "constructor") continue;
    // What every function has of its own.
    if (typeof target === "function" && (key === "prototype" || key === "name" || key === "length")) continue;
    const descriptor = ObjectGetOwnPropertyDescriptor(target, key) as PropertyDescriptor;
    // It would inherit what the app put on Object.prototype.
    ObjectSetPrototypeOf(descriptor, null);
    descriptor.enumerable = true;
    ObjectDefineProperty(target, key, descriptor);
  }
}
