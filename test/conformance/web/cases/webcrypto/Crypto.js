// https://w3c.github.io/webcrypto/#crypto-interface
import {
  assertEquals,
  assertFalse,
  assertNotEquals,
  assertThrows,
  assertThrowsDom,
  assertTrue,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

test("is an interface that cannot be constructed", () => {
  assertEquals(Crypto.name, "Crypto");
  assertEquals(Crypto.length, 0);
  assertThrows(TypeError, () => new Crypto());
  assertThrows(TypeError, () => Crypto());
  assertFalse(Object.getOwnPropertyDescriptor(globalThis, "Crypto").enumerable);
  assertTrue(crypto instanceof Crypto);
  assertEquals(Object.prototype.toString.call(crypto), "[object Crypto]");
});

test("subtle is a read-only attribute, the same object each time", () => {
  const { get, set, enumerable, configurable } = Object.getOwnPropertyDescriptor(Crypto.prototype, "subtle");
  assertEquals(set, undefined);
  assertTrue(enumerable && configurable);
  assertEquals(crypto.subtle, crypto.subtle);
  assertTrue(crypto.subtle instanceof SubtleCrypto);
  assertThrows(TypeError, () => get.call({}));
  assertThrows(TypeError, () => Crypto.prototype.subtle);
});

test("getRandomValues and randomUUID are operations of its prototype", () => {
  for (const [name, length] of [
    ["getRandomValues", 1],
    ["randomUUID", 0],
  ]) {
    const { value, enumerable, writable, configurable } = Object.getOwnPropertyDescriptor(Crypto.prototype, name);
    assertTrue(enumerable && writable && configurable);
    assertEquals(value.name, name);
    assertEquals(value.length, length);
    assertThrows(TypeError, () => value.call({}, new Uint8Array(1)));
  }
  assertThrows(TypeError, () => crypto.getRandomValues());
});

test("getRandomValues fills arrays of integers, and gives back the same object", () => {
  for (const Type of [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    BigInt64Array,
    BigUint64Array,
  ]) {
    const array = new Type(64);
    assertEquals(crypto.getRandomValues(array), array, Type.name);
    assertTrue(
      array.some((value) => Number(value) !== 0),
      Type.name,
    );
    assertEquals(crypto.getRandomValues(new Type(0)).length, 0, Type.name);
  }
});

test("getRandomValues fills a view and nothing beside it", () => {
  const whole = new Uint8Array(96);
  crypto.getRandomValues(whole.subarray(32, 64));
  assertTrue(whole.subarray(0, 32).every((value) => value === 0));
  assertTrue(whole.subarray(32, 64).some((value) => value !== 0));
  assertTrue(whole.subarray(64).every((value) => value === 0));
});

test("getRandomValues refuses what does not hold integers", () => {
  for (const value of [new Float32Array(1), new Float64Array(1), new DataView(new ArrayBuffer(1))]) {
    assertThrowsDom("TypeMismatchError", () => crypto.getRandomValues(value));
  }
  for (const value of [null, undefined, {}, [1], "a", new ArrayBuffer(1)]) {
    assertThrows(TypeError, () => crypto.getRandomValues(value));
  }
});

test("getRandomValues gives at most 65,536 bytes", () => {
  assertEquals(crypto.getRandomValues(new Uint16Array(32_768)).length, 32_768);
  assertThrowsDom("QuotaExceededError", () => crypto.getRandomValues(new Uint8Array(65_537)));
  assertThrowsDom("QuotaExceededError", () => crypto.getRandomValues(new Uint32Array(16_385)));
});

test("randomUUID is of version 4, and another each time", () => {
  const seen = new Set();
  for (let i = 0; i < 100; i++) {
    const uuid = crypto.randomUUID();
    assertTrue(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(uuid), uuid);
    seen.add(uuid);
  }
  assertEquals(seen.size, 100);
  assertNotEquals(crypto.randomUUID(), crypto.randomUUID());
});
