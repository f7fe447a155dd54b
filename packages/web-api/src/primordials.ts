/**
 * Intrinsics as they were before tenant code ran. Everything in this package that may run after tenant code (all but the
 * top level of modules) calls these, never a method of a shared prototype: `ArrayPrototypeJoin(list)`, not `list.join()`.
 * `@__PURE__` lets the build drop what nothing uses: each name kept is an object in every context.
 *
 * Also safe, since they look nothing up: literals, spread-free calls, `a[i]`, template strings, `#private` members.
 * Not safe: `for … of`, array destructuring and spread (the array iterator can be patched), `await` of foreign values.
 */

// biome-ignore-start lint/suspicious/noExplicitAny: `any` is what lets one signature carry every prototype method
type AnyFunction = (...args: any[]) => any;
type Uncurried<F extends AnyFunction> = F extends (this: infer This, ...args: infer Args) => infer Result
  ? (self: unknown extends This ? any : This, ...args: Args) => Result
  : never;
// biome-ignore-end lint/suspicious/noExplicitAny: end of the signatures

/** `uncurryThis(Array.prototype.join)(list, ",")` is `list.join(",")`, whatever becomes of either. */
export const uncurryThis: <F extends AnyFunction>(method: F) => Uncurried<F> = Function.prototype.bind.bind(
  Function.prototype.call,
) as never;

export const FunctionPrototypeBind = /* @__PURE__ */ uncurryThis(Function.prototype.bind);

export const {
  apply: ReflectApply,
  construct: ReflectConstruct,
  ownKeys: ReflectOwnKeys,
  defineProperty: ReflectDefineProperty,
  deleteProperty: ReflectDeleteProperty,
} = Reflect;

export const {
  create: ObjectCreate,
  defineProperty: ObjectDefineProperty,
  freeze: ObjectFreeze,
  getOwnPropertyDescriptor: ObjectGetOwnPropertyDescriptor,
  getPrototypeOf: ObjectGetPrototypeOf,
  setPrototypeOf: ObjectSetPrototypeOf,
} = Object;
export const ObjectPrototypeHasOwnProperty = /* @__PURE__ */ uncurryThis(Object.prototype.hasOwnProperty);
export const ObjectPrototypeIsPrototypeOf = /* @__PURE__ */ uncurryThis(Object.prototype.isPrototypeOf);
export const ObjectPrototypePropertyIsEnumerable = /* @__PURE__ */ uncurryThis(Object.prototype.propertyIsEnumerable);
export const ObjectPrototypeToString = /* @__PURE__ */ uncurryThis(Object.prototype.toString);

export const { isArray: ArrayIsArray } = Array;
export const ArrayPrototypeJoin = /* @__PURE__ */ uncurryThis(Array.prototype.join);
export const ArrayPrototypePush = /* @__PURE__ */ uncurryThis(Array.prototype.push);
export const ArrayPrototypeShift = /* @__PURE__ */ uncurryThis(Array.prototype.shift);
export const ArrayPrototypeSlice = /* @__PURE__ */ uncurryThis(Array.prototype.slice);
export const ArrayPrototypeSplice = /* @__PURE__ */ uncurryThis(Array.prototype.splice);

export const StringPrototypeCharCodeAt = /* @__PURE__ */ uncurryThis(String.prototype.charCodeAt);
export const StringPrototypeIndexOf = /* @__PURE__ */ uncurryThis(String.prototype.indexOf);
export const StringPrototypeSlice = /* @__PURE__ */ uncurryThis(String.prototype.slice);
export const StringPrototypeToWellFormed = /* @__PURE__ */ uncurryThis(String.prototype.toWellFormed);
export const StringPrototypeToLowerCase = /* @__PURE__ */ uncurryThis(String.prototype.toLowerCase);
export const StringPrototypeToUpperCase = /* @__PURE__ */ uncurryThis(String.prototype.toUpperCase);
export const StringCtor = String;
export const { fromCharCode: StringFromCharCode } = String;

export const PromiseCtor = Promise;
export const PromisePrototypeThen = /* @__PURE__ */ uncurryThis(Promise.prototype.then) as <T, R1 = T, R2 = never>(
  self: Promise<T>,
  onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
  onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
) => Promise<R1 | R2>;
const PromiseResolveUnbound = Promise.resolve;
const PromiseRejectUnbound = Promise.reject;
export function PromiseResolve<T>(value: T | PromiseLike<T>): Promise<Awaited<T>> {
  return ReflectApply(PromiseResolveUnbound, PromiseCtor, [value]) as Promise<Awaited<T>>;
}
export function PromiseReject(reason: unknown): Promise<never> {
  return ReflectApply(PromiseRejectUnbound, PromiseCtor, [reason]) as Promise<never>;
}

export const MapCtor = Map;
export const MapPrototypeGet = /* @__PURE__ */ uncurryThis(Map.prototype.get) as <K, V>(
  self: Map<K, V>,
  key: K,
) => V | undefined;
export const MapPrototypeSet = /* @__PURE__ */ uncurryThis(Map.prototype.set) as <K, V>(
  self: Map<K, V>,
  key: K,
  value: V,
) => void;
export const MapPrototypeDelete = /* @__PURE__ */ uncurryThis(Map.prototype.delete) as <K, V>(
  self: Map<K, V>,
  key: K,
) => boolean;
export const MapPrototypeForEach = /* @__PURE__ */ uncurryThis(Map.prototype.forEach) as <K, V>(
  self: Map<K, V>,
  callback: (value: V, key: K) => void,
) => void;

export const ArrayBufferCtor = ArrayBuffer;
export const Uint8ArrayCtor = Uint8Array;
export const { isView: ArrayBufferIsView } = ArrayBuffer;
export const ArrayBufferPrototypeSlice = /* @__PURE__ */ uncurryThis(ArrayBuffer.prototype.slice);
export const ArrayBufferPrototypeGetByteLength = /* @__PURE__ */ uncurryThis(
  /* @__PURE__ */ getterOf(ArrayBuffer.prototype, "byteLength") as (this: ArrayBuffer) => number,
);
/** %TypedArray%.prototype. */
export const TypedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype) as object;
export const TypedArrayPrototypeSet = /* @__PURE__ */ uncurryThis(Uint8Array.prototype.set);
/** The element type's name of a typed array; undefined for all else, whatever it claims. */
export const TypedArrayPrototypeGetToStringTag = /* @__PURE__ */ uncurryThis(
  /* @__PURE__ */ getterOf(TypedArrayPrototype, Symbol.toStringTag) as (this: unknown) => string | undefined,
);
export const TypedArrayPrototypeGetBuffer = /* @__PURE__ */ uncurryThis(
  /* @__PURE__ */ getterOf(TypedArrayPrototype, "buffer") as (this: ArrayBufferView) => ArrayBuffer,
);
export const TypedArrayPrototypeGetByteOffset = /* @__PURE__ */ uncurryThis(
  /* @__PURE__ */ getterOf(TypedArrayPrototype, "byteOffset") as (this: ArrayBufferView) => number,
);
export const TypedArrayPrototypeGetByteLength = /* @__PURE__ */ uncurryThis(
  /* @__PURE__ */ getterOf(TypedArrayPrototype, "byteLength") as (this: ArrayBufferView) => number,
);
export const DataViewPrototypeGetBuffer = /* @__PURE__ */ uncurryThis(
  /* @__PURE__ */ getterOf(DataView.prototype, "buffer") as (this: ArrayBufferView) => ArrayBuffer,
);
export const DataViewPrototypeGetByteOffset = /* @__PURE__ */ uncurryThis(
  /* @__PURE__ */ getterOf(DataView.prototype, "byteOffset") as (this: ArrayBufferView) => number,
);
export const DataViewPrototypeGetByteLength = /* @__PURE__ */ uncurryThis(
  /* @__PURE__ */ getterOf(DataView.prototype, "byteLength") as (this: ArrayBufferView) => number,
);

export const { parse: JSONParse, stringify: JSONStringify } = JSON;
/** The engine's: the global of that name is lazy, and another. */
export const DateCtor = Date;
export const DatePrototype: Date = Date.prototype;
export const { now: DateNow } = Date;
export const DatePrototypeToString = /* @__PURE__ */ uncurryThis(DatePrototype.toString);
export const DatePrototypeToISOString = /* @__PURE__ */ uncurryThis(DatePrototype.toISOString);
export const RegExpPrototypeToString = /* @__PURE__ */ uncurryThis(RegExp.prototype.toString);
export const SymbolIterator: typeof Symbol.iterator = Symbol.iterator;
export const SymbolAsyncIterator: typeof Symbol.asyncIterator = Symbol.asyncIterator;
/** %IteratorPrototype%, of which every built-in iterator is one. */
export const IteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())) as object;
export const SymbolToStringTag: typeof Symbol.toStringTag = Symbol.toStringTag;
export const NumberCtor = Number;
export const ErrorCtor = Error;
export const TypeErrorCtor = TypeError;
export const RangeErrorCtor = RangeError;

export function getterOf(prototype: object, key: PropertyKey): AnyFunction {
  const getter = Object.getOwnPropertyDescriptor(prototype, key)?.get;
  if (getter === undefined) throw new Error(`The engine has no getter ${String(key)}`);
  return getter;
}
