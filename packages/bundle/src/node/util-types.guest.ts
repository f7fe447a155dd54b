/** `node:util/types`: what a value is, by what the engine knows of it and not by what it says. */

type Read = (value: object) => unknown;

function brand(read: Read | undefined): (value: unknown) => boolean {
  return (value) => {
    if (typeof value !== "object" || value === null || read === undefined) return false;
    try {
      read(value);
      return true;
    } catch {
      // TypeError: not one of these.
      return false;
    }
  };
}

function method(prototype: object, name: PropertyKey, ...args: unknown[]): Read {
  const called = (prototype as Record<PropertyKey, (...args: unknown[]) => unknown>)[name];
  return (value) => Reflect.apply(called as Read, value, args);
}

function getter(prototype: object, name: PropertyKey): Read | undefined {
  const get = Object.getOwnPropertyDescriptor(prototype, name)?.get;
  return get === undefined ? undefined : (value) => Reflect.apply(get, value, []);
}

const TypedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
const typedArrayName = getter(TypedArray, Symbol.toStringTag) as Read;

function named(name: string): (value: unknown) => boolean {
  return (value) => typeof value === "object" && value !== null && typedArrayName(value) === name;
}

function tagged(tag: string): (value: unknown) => boolean {
  return (value) => Object.prototype.toString.call(value) === `[object ${tag}]`;
}

export const isAnyArrayBuffer = brand(getter(ArrayBuffer.prototype, "byteLength"));
export const isArrayBuffer = isAnyArrayBuffer;
export const isSharedArrayBuffer = (_value: unknown): boolean => false;
export const isArrayBufferView = ArrayBuffer.isView;
export const isDataView = (value: unknown): boolean => ArrayBuffer.isView(value) && typedArrayName(value) === undefined;
export const isTypedArray = (value: unknown): boolean =>
  ArrayBuffer.isView(value) && typedArrayName(value) !== undefined;
export const isUint8Array = named("Uint8Array");
export const isUint8ClampedArray = named("Uint8ClampedArray");
export const isUint16Array = named("Uint16Array");
export const isUint32Array = named("Uint32Array");
export const isInt8Array = named("Int8Array");
export const isInt16Array = named("Int16Array");
export const isInt32Array = named("Int32Array");
export const isFloat16Array = named("Float16Array");
export const isFloat32Array = named("Float32Array");
export const isFloat64Array = named("Float64Array");
export const isBigInt64Array = named("BigInt64Array");
export const isBigUint64Array = named("BigUint64Array");

export const isDate = brand(method(Date.prototype, "getTime"));
export const isMap = brand(getter(Map.prototype, "size"));
export const isSet = brand(getter(Set.prototype, "size"));
export const isWeakMap = brand(method(WeakMap.prototype, "has", {}));
export const isWeakSet = brand(method(WeakSet.prototype, "has", {}));
export const isMapIterator = tagged("Map Iterator");
export const isSetIterator = tagged("Set Iterator");
export const isGeneratorObject = (value: unknown): boolean =>
  tagged("Generator")(value) || tagged("AsyncGenerator")(value);
export const isPromise = (value: unknown): boolean => value instanceof Promise;
export const isRegExp = (value: unknown): boolean =>
  value !== RegExp.prototype && brand(getter(RegExp.prototype, "source"))(value);
export const isNativeError = (value: unknown): boolean =>
  (Error as unknown as { isError?: (value: unknown) => boolean }).isError?.(value) ?? value instanceof Error;
export const isArgumentsObject = (value: unknown): boolean => tagged("Arguments")(value) && !Array.isArray(value);
export const isAsyncFunction = (value: unknown): boolean =>
  tagged("AsyncFunction")(value) || tagged("AsyncGeneratorFunction")(value);
export const isGeneratorFunction = (value: unknown): boolean =>
  tagged("GeneratorFunction")(value) || tagged("AsyncGeneratorFunction")(value);

export const isNumberObject = brand(method(Number.prototype, "valueOf"));
export const isStringObject = brand(method(String.prototype, "valueOf"));
export const isBooleanObject = brand(method(Boolean.prototype, "valueOf"));
export const isBigIntObject = brand(method(BigInt.prototype, "valueOf"));
export const isSymbolObject = brand(method(Symbol.prototype, "valueOf"));
export const isBoxedPrimitive = (value: unknown): boolean =>
  [isNumberObject, isStringObject, isBooleanObject, isBigIntObject, isSymbolObject].some((is) => is(value));

export const isCryptoKey = (value: unknown): boolean => typeof CryptoKey === "function" && value instanceof CryptoKey;

export default {
  isAnyArrayBuffer,
  isArgumentsObject,
  isArrayBuffer,
  isArrayBufferView,
  isAsyncFunction,
  isBigInt64Array,
  isBigIntObject,
  isBigUint64Array,
  isBooleanObject,
  isBoxedPrimitive,
  isCryptoKey,
  isDataView,
  isDate,
  isFloat16Array,
  isFloat32Array,
  isFloat64Array,
  isGeneratorFunction,
  isGeneratorObject,
  isInt16Array,
  isInt32Array,
  isInt8Array,
  isMap,
  isMapIterator,
  isNativeError,
  isNumberObject,
  isPromise,
  isRegExp,
  isSet,
  isSetIterator,
  isSharedArrayBuffer,
  isStringObject,
  isSymbolObject,
  isTypedArray,
  isUint16Array,
  isUint32Array,
  isUint8Array,
  isUint8ClampedArray,
  isWeakMap,
  isWeakSet,
};
