/** Whether values are alike all the way down, as `assert.deepStrictEqual` and `assert.deepEqual` mean it. */
import { isAnyArrayBuffer, isBoxedPrimitive, isDate, isNativeError, isRegExp } from "./util-types.guest.ts";

type Keyed = Record<PropertyKey, unknown>;

export function isDeepStrictEqual(left: unknown, right: unknown): boolean {
  return new Comparison(true).equal(left, right);
}

export function isDeepLooseEqual(left: unknown, right: unknown): boolean {
  return new Comparison(false).equal(left, right);
}

class Comparison {
  readonly #isStrict: boolean;
  /** What is being compared with what: a circle is alike where it meets itself. */
  readonly #pairs = new Map<object, object>();

  constructor(isStrict: boolean) {
    this.#isStrict = isStrict;
  }

  equal(left: unknown, right: unknown): boolean {
    if (Object.is(left, right)) return true;
    if (!isObject(left) || !isObject(right)) return this.#equalPrimitives(left, right);
    if (this.#isStrict && Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return false;
    if (tagOf(left) !== tagOf(right) || Array.isArray(left) !== Array.isArray(right)) return false;
    if (this.#pairs.get(left) === right) return true;
    this.#pairs.set(left, right);
    const isEqual = this.#equalObjects(left, right);
    this.#pairs.delete(left);
    return isEqual;
  }

  #equalPrimitives(left: unknown, right: unknown): boolean {
    if (this.#isStrict || isObject(left) || isObject(right)) return false;
    // biome-ignore lint/suspicious/noDoubleEquals: what deepEqual means
    return left == right;
  }

  #equalObjects(left: object, right: object): boolean {
    if (typeof left === "function") return false;
    if (isDate(left) || isDate(right)) {
      if (!isDate(left) || !isDate(right) || Number(left) !== Number(right)) return false;
    } else if (isRegExp(left) || isRegExp(right)) {
      if (String(left) !== String(right) || (left as RegExp).lastIndex !== (right as RegExp).lastIndex) return false;
    } else if (isNativeError(left) || isNativeError(right)) {
      if (!["name", "message", "cause", "errors"].every((key) => this.#equalAt(left, right, key))) return false;
    } else if (isBoxedPrimitive(left) || isBoxedPrimitive(right)) {
      if (!isBoxedPrimitive(right) || !Object.is(left.valueOf(), right.valueOf())) return false;
    } else if (isBytes(left) || isBytes(right)) {
      return isBytes(left) && isBytes(right) && equalBytes(left, right);
    } else if (left instanceof Set) {
      if (!(right instanceof Set) || !this.#equalSets(left, right)) return false;
    } else if (left instanceof Map) {
      if (!(right instanceof Map) || !this.#equalMaps(left, right)) return false;
    } else if (left instanceof WeakMap || left instanceof WeakSet || left instanceof Promise) return false;
    return this.#equalProperties(left, right);
  }

  #equalProperties(left: object, right: object): boolean {
    const keys = keysOf(left);
    if (keys.length !== keysOf(right).length) return false;
    if (Array.isArray(left) && left.length !== (right as unknown[]).length) return false;
    const isOwn = (key: PropertyKey) => Object.prototype.propertyIsEnumerable.call(right, key);
    return keys.every((key) => isOwn(key) && this.#equalAt(left, right, key));
  }

  #equalAt(left: object, right: object, key: PropertyKey): boolean {
    return this.equal((left as Keyed)[key], (right as Keyed)[key]);
  }

  #equalSets(left: Set<unknown>, right: Set<unknown>): boolean {
    if (left.size !== right.size) return false;
    const rest = [...right].filter((item) => !left.has(item));
    return [...left].filter((item) => !right.has(item)).every((item) => this.#takeEqual(rest, item));
  }

  #equalMaps(left: Map<unknown, unknown>, right: Map<unknown, unknown>): boolean {
    if (left.size !== right.size) return false;
    const rest = [...right].filter(([key]) => !left.has(key));
    return [...left].every(([key, value]) =>
      right.has(key) ? this.equal(value, right.get(key)) : this.#takeEqual(rest, [key, value]),
    );
  }

  /** Takes the first that is alike out of the rest. */
  #takeEqual(rest: unknown[], item: unknown): boolean {
    const at = rest.findIndex((other) => this.equal(item, other));
    if (at >= 0) rest.splice(at, 1);
    return at >= 0;
  }
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value);
}

function keysOf(value: object): PropertyKey[] {
  const isEnumerable = (key: symbol) => Object.prototype.propertyIsEnumerable.call(value, key);
  return [...Object.keys(value), ...Object.getOwnPropertySymbols(value).filter(isEnumerable)];
}

function isBytes(value: object): value is ArrayBuffer | ArrayBufferView {
  return ArrayBuffer.isView(value) || isAnyArrayBuffer(value);
}

function equalBytes(left: ArrayBuffer | ArrayBufferView, right: ArrayBuffer | ArrayBufferView): boolean {
  const [one, other] = [bytesOf(left), bytesOf(right)];
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

function bytesOf(value: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);
}
