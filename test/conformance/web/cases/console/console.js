// biome-ignore-all lint/suspicious/noConsole: it is what is tested
// https://console.spec.whatwg.org/
import { assertArrayEquals, assertEquals, assertFalse, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

const METHODS = [
  "assert",
  "clear",
  "count",
  "countReset",
  "debug",
  "dir",
  "dirxml",
  "error",
  "group",
  "groupCollapsed",
  "groupEnd",
  "info",
  "log",
  "table",
  "time",
  "timeEnd",
  "timeLog",
  "trace",
  "warn",
];

test("is a namespace: not enumerable on the global, writable, with a tag", () => {
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, "console");
  assertFalse(descriptor.enumerable);
  assertTrue(descriptor.configurable);
  assertEquals(String(console), "[object console]");
  assertEquals(Object.getPrototypeOf(Object.getPrototypeOf(console)), Object.prototype);
  assertArrayEquals(Reflect.ownKeys(Object.getPrototypeOf(console)), []);
});

for (const name of METHODS) {
  test(`${name} is a function of its own, which needs no this and answers nothing`, () => {
    const descriptor = Object.getOwnPropertyDescriptor(console, name);
    assertTrue(descriptor.writable && descriptor.enumerable && descriptor.configurable);
    assertEquals(descriptor.value.name, name);
    assertEquals(descriptor.value.length, 0);
    const method = console[name];
    assertEquals(method(), undefined);
    assertEquals(method("text", 1, {}), undefined);
    assertFalse("prototype" in method);
  });
}

test("whatever is logged, nothing is thrown", () => {
  const circle = {};
  circle.self = circle;
  const hostile = {
    get a() {
      throw new Error("read");
    },
    toString() {
      throw new Error("text");
    },
  };
  const values = [
    circle,
    hostile,
    Symbol("s"),
    1n,
    null,
    undefined,
    Object.create(null),
    new Proxy({}, {}),
    new Map([[circle, hostile]]),
    () => {},
    class {},
    new Error("e"),
    new Uint8Array(3),
    new WeakMap(),
  ];
  for (const value of values) {
    console.log(value);
    console.table([value]);
    console.dir(value, { depth: 1 });
  }
});

test("format specifiers take any argument", () => {
  console.log("%s %d %i %f %o %O %c %%", {}, "x", Symbol("s"), 1n, null, [], "color: red");
  console.log("%s");
  console.log("%d %i", Symbol("s"), {});
});

test("a label is converted to text", () => {
  let isRead = false;
  console.count({
    toString() {
      isRead = true;
      return "label";
    },
  });
  assertTrue(isRead);
});
