/**
 * Intrinsics that only the leaves need, taken before tenant code like those of `primordials.ts`. `index.ts` imports this file
 * eagerly, so that files which are loaded later find them untouched.
 */
import { DatePrototype, uncurryThis } from "../primordials.ts";

// biome-ignore lint/suspicious/noExplicitAny: the element types differ per use; callers annotate them
type Any = any;

export const { keys: ObjectKeys } = Object;
export const ObjectPrototype: object = Object.prototype;
export const ErrorPrototype: object = Error.prototype;
export const { captureStackTrace: ErrorCaptureStackTrace } = Error as unknown as {
  captureStackTrace(target: object, above?: unknown): void;
};
/** `%IteratorPrototype%`. */
export const IteratorPrototype = /* @__PURE__ */ Object.getPrototypeOf(
  /* @__PURE__ */ Object.getPrototypeOf([][Symbol.iterator]()),
) as object;

export const ArrayCtor = Array;
export const ArrayPrototypeSort = /* @__PURE__ */ uncurryThis(Array.prototype.sort) as <T>(
  self: T[],
  compare: (a: T, b: T) => number,
) => T[];

export const { fromCodePoint: StringFromCodePoint } = String;
export const StringPrototypeToWellFormed = /* @__PURE__ */ uncurryThis(
  (String.prototype as unknown as { toWellFormed(): string }).toWellFormed as (this: string) => string,
);
export const StringPrototypeCodePointAt = /* @__PURE__ */ uncurryThis(String.prototype.codePointAt);
export const StringPrototypeLastIndexOf = /* @__PURE__ */ uncurryThis(String.prototype.lastIndexOf);
export const StringPrototypeReplaceAll = /* @__PURE__ */ uncurryThis(
  String.prototype.replaceAll as (this: string, searched: string, replacement: string) => string,
);
export const { isInteger: NumberIsInteger } = Number;
export const { trunc: MathTrunc, floor: MathFloor, min: MathMin, max: MathMax } = Math;

export const SetCtor = Set;
export const SetPrototypeAdd = /* @__PURE__ */ uncurryThis(Set.prototype.add) as <T>(self: Set<T>, value: T) => void;
export const SetPrototypeHas = /* @__PURE__ */ uncurryThis(Set.prototype.has) as <T>(self: Set<T>, value: T) => boolean;
export const SetPrototypeDelete = /* @__PURE__ */ uncurryThis(Set.prototype.delete) as <T>(
  self: Set<T>,
  value: T,
) => boolean;
export const SetPrototypeForEach = /* @__PURE__ */ uncurryThis(Set.prototype.forEach) as <T>(
  self: Set<T>,
  visit: (value: T) => void,
) => void;
export const SetPrototypeGetSize = /* @__PURE__ */ uncurryThis(
  Object.getOwnPropertyDescriptor(Set.prototype, "size")?.get as (this: Set<Any>) => number,
);
export const MapPrototypeForEach = /* @__PURE__ */ uncurryThis(Map.prototype.forEach) as <K, V>(
  self: Map<K, V>,
  visit: (value: V, key: K) => void,
) => void;
export const MapPrototypeHas = /* @__PURE__ */ uncurryThis(Map.prototype.has) as <K>(
  self: Map<K, Any>,
  key: K,
) => boolean;
export const MapPrototypeGetSize = /* @__PURE__ */ uncurryThis(
  Object.getOwnPropertyDescriptor(Map.prototype, "size")?.get as (this: Map<Any, Any>) => number,
);
export const WeakMapCtor = WeakMap;
export const WeakMapPrototypeGet = /* @__PURE__ */ uncurryThis(WeakMap.prototype.get) as <K extends WeakKey, V>(
  self: WeakMap<K, V>,
  key: K,
) => V | undefined;
export const WeakMapPrototypeSet = /* @__PURE__ */ uncurryThis(WeakMap.prototype.set) as <K extends WeakKey, V>(
  self: WeakMap<K, V>,
  key: K,
  value: V,
) => void;
export const ProxyCtor = Proxy;
export const { get: ReflectGet } = Reflect;
/** The engine's namespace: the global of that name is lazy. */
export const EngineIntl: object = Intl;
export const WeakRefCtor = WeakRef;
export const WeakRefPrototypeDeref = /* @__PURE__ */ uncurryThis(WeakRef.prototype.deref);

export const TypedArrayPrototypeSubarray = /* @__PURE__ */ uncurryThis(
  Uint8Array.prototype.subarray as (this: Uint8Array, begin: number, end: number) => Uint8Array,
);
export const TypedArrayPrototypeSlice = /* @__PURE__ */ uncurryThis(
  Uint8Array.prototype.slice as (this: Uint8Array, begin: number, end?: number) => Uint8Array,
);
export const TypedArrayPrototypeIndexOf = /* @__PURE__ */ uncurryThis(
  Uint8Array.prototype.indexOf as (this: Uint8Array, searched: number, from?: number) => number,
);
export const TypedArrayPrototypeGetLength = /* @__PURE__ */ uncurryThis(
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), "length")?.get as (
    this: ArrayBufferView,
  ) => number,
);
export const DataViewCtor = DataView;
/** `ArrayBuffer.prototype.transfer`: detaches, and answers what holds the bytes from then on. */
export const ArrayBufferPrototypeTransfer = /* @__PURE__ */ uncurryThis(
  (ArrayBuffer.prototype as unknown as { transfer(): ArrayBuffer }).transfer as (this: ArrayBuffer) => ArrayBuffer,
);
export const ArrayBufferPrototypeGetDetached = /* @__PURE__ */ uncurryThis(
  Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "detached")?.get as (this: ArrayBuffer) => boolean,
);
export const ArrayBufferPrototypeResize = /* @__PURE__ */ uncurryThis(
  (ArrayBuffer.prototype as unknown as { resize(this: ArrayBuffer, byteLength: number): void }).resize,
);
export const ArrayBufferPrototypeGetResizable = /* @__PURE__ */ uncurryThis(
  Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "resizable")?.get as (this: ArrayBuffer) => boolean,
);
export const ArrayBufferPrototypeGetMaxByteLength = /* @__PURE__ */ uncurryThis(
  Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "maxByteLength")?.get as (this: ArrayBuffer) => number,
);
/** The typed array constructors by the name that `TypedArrayPrototypeGetToStringTag` answers. */
export const typedArrayCtors: Readonly<
  Record<string, new (buffer: ArrayBufferLike, byteOffset?: number, length?: number) => ArrayBufferView>
> = {
  __proto__: null as never,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
  Float32Array,
  Float64Array,
};
const { Float16Array } = globalThis as unknown as { Float16Array?: (typeof typedArrayCtors)[string] };
if (Float16Array !== undefined) (typedArrayCtors as Record<string, unknown>).Float16Array = Float16Array;

export const DatePrototypeGetTime = /* @__PURE__ */ uncurryThis(DatePrototype.getTime);
export const RegExpCtor = RegExp;
export const RegExpPrototype: object = RegExp.prototype;
export const RegExpPrototypeGetSource = /* @__PURE__ */ uncurryThis(
  Object.getOwnPropertyDescriptor(RegExp.prototype, "source")?.get as (this: RegExp) => string,
);
/** Of a RegExp that is no tenant's: it looks up nothing but its own `lastIndex`. */
export const RegExpPrototypeExec = /* @__PURE__ */ uncurryThis(RegExp.prototype.exec);
/** Reads only the accessors of a real RegExp's prototype, but looks them up by name. */
export const RegExpPrototypeGetFlags = /* @__PURE__ */ uncurryThis(
  Object.getOwnPropertyDescriptor(RegExp.prototype, "flags")?.get as (this: RegExp) => string,
);
export const ObjectCtor = Object;
export const BooleanPrototypeValueOf = /* @__PURE__ */ uncurryThis(Boolean.prototype.valueOf);
export const NumberPrototypeValueOf = /* @__PURE__ */ uncurryThis(Number.prototype.valueOf);
export const StringPrototypeValueOf = /* @__PURE__ */ uncurryThis(String.prototype.valueOf);
export const BigIntPrototypeValueOf = /* @__PURE__ */ uncurryThis(BigInt.prototype.valueOf);
export const SymbolPrototypeValueOf = /* @__PURE__ */ uncurryThis(Symbol.prototype.valueOf);
/** The error types that a structured clone keeps, by name. */
export const errorCtors: Readonly<Record<string, ErrorConstructor>> = {
  __proto__: null as never,
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};
