// https://webidl.spec.whatwg.org/#js-attributes, of the global: crypto, navigator, performance and self.
import { assertEquals, assertNotEquals, assertThrows, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

for (const name of ["crypto", "navigator", "self"]) {
  test(`${name} answers the same each time, and takes no other`, () => {
    const value = globalThis[name];
    assertEquals(typeof value, "object");
    assertEquals(globalThis[name], value);
    assertThrows(TypeError, () => {
      globalThis[name] = {};
    });
    assertEquals(globalThis[name], value);
  });

  test(`${name} is read of the global alone`, () => {
    void globalThis[name];
    const { get } = Object.getOwnPropertyDescriptor(globalThis, name);
    assertEquals(get.call(null), globalThis[name]);
    assertThrows(TypeError, () => get.call({}));
  });
}

test("self is the global", () => {
  assertEquals(self, globalThis);
  assertEquals(self.self, self);
});

test("navigator.userAgent is text, and cannot be set", () => {
  assertTrue(navigator.userAgent.length > 0);
  assertThrows(TypeError, () => {
    navigator.userAgent = "x";
  });
});

test("performance is replaced by what is assigned, as data", () => {
  const before = Object.getOwnPropertyDescriptor(globalThis, "performance");
  void performance;
  const accessors = Object.getOwnPropertyDescriptor(globalThis, "performance");
  assertNotEquals(before, undefined);
  try {
    globalThis.performance = 1;
    const { value, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(globalThis, "performance");
    assertEquals(value, 1);
    assertTrue(writable && enumerable && configurable);
  } finally {
    Object.defineProperty(globalThis, "performance", accessors);
  }
  assertEquals(Object.prototype.toString.call(performance), "[object Performance]");
});

test("poisoned prototypes change nothing of the first look", () => {
  Object.prototype.get = () => "poisoned";
  Object.prototype.value = "poisoned";
  try {
    assertEquals(Object.prototype.toString.call(globalThis.crypto), "[object Crypto]");
  } finally {
    delete Object.prototype.get;
    delete Object.prototype.value;
  }
});

test("functions of the global are no constructors", () => {
  for (const name of ["atob", "btoa", "fetch", "structuredClone", "setTimeout", "queueMicrotask", "reportError"]) {
    assertThrows(TypeError, () => Reflect.construct(globalThis[name], []), name);
  }
});
