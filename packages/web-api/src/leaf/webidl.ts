/** What Web IDL asks of every interface: the shape of its prototype, and the conversion of arguments. */
import {
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ObjectGetPrototypeOf,
  ReflectApply,
  ReflectOwnKeys,
  SymbolIterator,
  SymbolToStringTag,
  TypeErrorCtor,
} from "../primordials.ts";
import { MathTrunc, SetCtor, SetPrototypeAdd, SetPrototypeHas, StringPrototypeToWellFormed } from "./intrinsics.ts";

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
    descriptor.enumerable = true;
    ObjectDefineProperty(target, key, descriptor);
  }
}

/** @throws TypeError where fewer arguments were passed than an operation requires */
export function requireArguments(passedCount: number, requiredCount: number, operation: string): void {
  if (passedCount >= requiredCount) return;
  const noun = requiredCount === 1 ? "argument" : "arguments";
  throw new TypeErrorCtor(`${operation}: ${requiredCount} ${noun} required, but only ${passedCount} present`);
}

/** Converts to DOMString. @throws TypeError for a symbol */
export function toDOMString(value: unknown): string {
  return typeof value === "string" ? value : `${value as string}`;
}

/** Converts to USVString: lone surrogates become U+FFFD. @throws TypeError for a symbol */
export function toUSVString(value: unknown): string {
  return StringPrototypeToWellFormed(typeof value === "string" ? value : `${value as string}`);
}

/** Converts to an integer type of `bits` bits that wraps around. */
export function toUnsignedInteger(value: unknown, bits: 8 | 16 | 32): number {
  const number = +(value as number);
  if (!(number > -Infinity && number < Infinity)) return 0;
  const modulus = 2 ** bits;
  const remainder = MathTrunc(number) % modulus;
  return remainder < 0 ? remainder + modulus : remainder + 0;
}

/** Converts to a dictionary: null and undefined are the empty one. @throws TypeError for another primitive */
export function toDictionary(value: unknown, operation: string): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null) return emptyDictionary;
  if (typeof value !== "object" && typeof value !== "function") {
    throw new TypeErrorCtor(`${operation}: the options are not an object`);
  }
  return value as Record<string, unknown>;
}

const emptyDictionary: Readonly<Record<string, unknown>> = { __proto__: null as never };

/**
 * Walks an iterable as `sequence<T>` does, calling its own iterator.
 *
 * @param method the value of its `Symbol.iterator`, already looked up
 */
export function forEachOf(iterable: object, method: unknown, visit: (value: unknown) => void): void {
  if (typeof method !== "function") throw new TypeErrorCtor("The value is not iterable");
  const iterator = ReflectApply(method as () => never, iterable, []) as Iterator<unknown> | null;
  if (typeof iterator !== "object" || iterator === null) throw new TypeErrorCtor("The iterator is not an object");
  const { next } = iterator;
  for (;;) {
    const result = ReflectApply(next, iterator, []) as IteratorResult<unknown> | null;
    if (typeof result !== "object" || result === null) throw new TypeErrorCtor("The iterator result is not an object");
    if (result.done) return;
    visit(result.value);
  }
}

/** Converts to `sequence<any>` as an array. @throws TypeError where the value is not iterable */
export function toSequence(value: unknown, operation: string): unknown[] {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) {
    throw new TypeErrorCtor(`${operation}: the value is not a sequence`);
  }
  const list: unknown[] = [];
  forEachOf(value, (value as { [SymbolIterator]?: unknown })[SymbolIterator], (item) => {
    list[list.length] = item;
  });
  return list;
}
