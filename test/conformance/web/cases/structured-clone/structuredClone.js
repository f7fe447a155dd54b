// https://html.spec.whatwg.org/#structured-cloning
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
  assertNotEquals,
  assertThrows,
  assertThrowsDom,
  assertThrowsExactly,
  assertTrue,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

const PRIMITIVES = [
  undefined,
  null,
  true,
  false,
  "",
  "text",
  "\ud800",
  0,
  -0,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  10n,
  -(2n ** 70n),
];

test("primitives are themselves", () => {
  for (const value of PRIMITIVES) assertEquals(structuredClone(value), value);
});

test("boxed primitives are boxed", () => {
  for (const value of [true, "text", 1, 2n]) {
    const clone = structuredClone(Object(value));
    assertEquals(typeof clone, "object");
    assertEquals(clone.valueOf(), value);
    assertEquals(Object.getPrototypeOf(clone), Object.getPrototypeOf(Object(value)));
  }
});

test("a date is one, valid or not", () => {
  assertEquals(structuredClone(new Date(7)).getTime(), 7);
  assertTrue(structuredClone(new Date(7)) instanceof Date);
  assertEquals(structuredClone(new Date(Number.NaN)).getTime(), Number.NaN);
});

test("a regular expression has its source and flags, and begins anew", () => {
  const regex = /a(b)/giu;
  regex.lastIndex = 3;
  const clone = structuredClone(regex);
  assertEquals(String(clone), "/a(b)/giu");
  assertEquals(clone.lastIndex, 0);
});

test("objects keep their own enumerable properties, in order, with their text keys alone", () => {
  const object = {
    b: 1,
    a: { c: [1] },
    [Symbol("s")]: 2,
    get d() {
      return "read";
    },
  };
  Object.defineProperty(object, "hidden", { value: 1, enumerable: false });
  const clone = structuredClone(object);
  assertArrayEquals(Reflect.ownKeys(clone), ["b", "a", "d"]);
  assertArrayEquals(clone.a.c, [1]);
  assertEquals(Object.getOwnPropertyDescriptor(clone, "d").value, "read");
  assertEquals(Object.getPrototypeOf(structuredClone(Object.create({ up: 1 }))), Object.prototype);
});

test("of a class's instance its properties are left", () => {
  class Own {
    #secret = 1;
    open = this.#secret;
    method() {}
  }
  const clone = structuredClone(new Own());
  assertEquals(clone.constructor, Object);
  assertArrayEquals(Object.keys(clone), ["open"]);
});

test("arrays keep their length, holes and further properties", () => {
  // biome-ignore lint/suspicious/noSparseArray: that is what is cloned
  const array = [1, , 3];
  array.more = "x";
  array.length = 5;
  const clone = structuredClone(array);
  assertTrue(Array.isArray(clone));
  assertEquals(clone.length, 5);
  assertFalse(1 in clone);
  assertEquals(clone.more, "x");
});

test("what is there twice is there once, and circles are closed", () => {
  const shared = {};
  const value = { one: shared, two: shared, map: new Map(), set: new Set() };
  value.self = value;
  value.map.set(value, value.map);
  value.set.add(value.set);
  const clone = structuredClone(value);
  assertEquals(clone.one, clone.two);
  assertEquals(clone.self, clone);
  assertEquals(clone.map.get(clone), clone.map);
  assertTrue(clone.set.has(clone.set));
});

test("maps and sets keep their order, and nothing else", () => {
  const map = new Map([
    ["b", 1],
    ["a", { c: 2 }],
  ]);
  map.more = 1;
  const clone = structuredClone(map);
  assertArrayEquals([...clone.keys()], ["b", "a"]);
  assertNotEquals(clone.get("a"), map.get("a"));
  assertEquals(clone.more, undefined);
  assertArrayEquals([...structuredClone(new Set([3, 1, 2]))], [3, 1, 2]);
});

test("buffers are copied, views see the copy of their buffer", () => {
  const buffer = Uint8Array.of(1, 2, 3, 4).buffer;
  const [whole, view, data] = structuredClone([buffer, new Uint16Array(buffer, 2, 1), new DataView(buffer, 1, 2)]);
  assertNotEquals(whole, buffer);
  assertEquals(view.buffer, whole);
  assertEquals(view.byteOffset, 2);
  assertEquals(view.length, 1);
  assertEquals(data.buffer, whole);
  assertEquals(data.byteLength, 2);
  new Uint8Array(buffer)[2] = 9;
  assertEquals(new Uint8Array(whole)[2], 3);
});

test("every kind of typed array stays what it is", () => {
  const kinds = [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  ];
  for (const kind of kinds) assertEquals(structuredClone(new kind(2)).constructor, kind, kind.name);
});

test("a resizable buffer stays resizable, and a view that follows its length follows it", () => {
  const buffer = new ArrayBuffer(2, { maxByteLength: 8 });
  const clone = structuredClone(new Uint8Array(buffer));
  assertTrue(clone.buffer.resizable);
  assertEquals(clone.buffer.maxByteLength, 8);
  clone.buffer.resize(4);
  assertEquals(clone.length, 4);
});

test("errors keep name, message, stack and cause; one of an unknown name is an Error", () => {
  const cause = { why: 1 };
  for (const kind of [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]) {
    const error = new kind("wrong", { cause });
    const clone = structuredClone(error);
    assertEquals(Object.getPrototypeOf(clone), kind.prototype, kind.name);
    assertEquals(clone.message, "wrong");
    assertEquals(clone.stack, error.stack);
    assertEquals(clone.cause.why, 1);
  }
  class Own extends Error {
    name = "Own";
  }
  const own = structuredClone(new Own("wrong"));
  assertEquals(Object.getPrototypeOf(own), Error.prototype);
  assertEquals(own.name, "Error");
  assertFalse(Object.hasOwn(structuredClone(new Error()), "message"));
});

test("a DOMException is one", () => {
  const clone = structuredClone(new DOMException("wrong", "DataError"));
  assertTrue(clone instanceof DOMException);
  assertEquals(clone.name, "DataError");
  assertEquals(clone.message, "wrong");
});

test("blobs and files are what they were", async () => {
  const file = structuredClone(new File(["text"], "a.txt", { type: "text/plain", lastModified: 5 }));
  assertTrue(file instanceof File);
  assertEquals(file.name, "a.txt");
  assertEquals(file.lastModified, 5);
  assertEquals(await file.text(), "text");
  const blob = structuredClone(new Blob(["x"], { type: "a/b" }));
  assertFalse(blob instanceof File);
  assertEquals(blob.type, "a/b");
});

test("functions, symbols, weak things and objects of the platform cannot be cloned", () => {
  const values = [
    () => {},
    class {},
    Symbol("x"),
    Object(Symbol("x")),
    new WeakMap(),
    new WeakSet(),
    new WeakRef({}),
    Promise.resolve(),
    new Headers(),
    new AbortController().signal,
    new Request("https://a.test/"),
    new Event("kind"),
    globalThis,
  ];
  for (const value of values) {
    assertThrowsDom("DataCloneError", () => structuredClone(value), String(Object.prototype.toString.call(value)));
    assertThrowsDom("DataCloneError", () => structuredClone({ deep: [value] }));
  }
});

test("what a getter throws is thrown", () => {
  const thrown = {};
  const object = {
    get a() {
      throw thrown;
    },
  };
  assertThrowsExactly(thrown, () => structuredClone(object));
});

test("a proxy is cloned as the object that it shows", () => {
  assertThrowsDom("DataCloneError", () => structuredClone(new Proxy(() => {}, {})));
});

test("what is transferred is away, and the clone has it", () => {
  const buffer = Uint8Array.of(1, 2).buffer;
  const view = new Uint8Array(buffer);
  const clone = structuredClone({ view, buffer }, { transfer: [buffer] });
  assertTrue(buffer.detached);
  assertEquals(view.length, 0);
  assertArrayEquals(clone.view, [1, 2]);
  assertEquals(clone.view.buffer, clone.buffer);
});

test("a port is transferred, and not cloned", () => {
  const { port1 } = new MessageChannel();
  assertThrowsDom("DataCloneError", () => structuredClone(port1));
  const clone = structuredClone(port1, { transfer: [port1] });
  assertTrue(clone instanceof MessagePort);
  assertNotEquals(clone, port1);
});

test("nothing is transferred twice, nor what is detached, nor what cannot be", () => {
  const buffer = new ArrayBuffer(1);
  assertThrowsDom("DataCloneError", () => structuredClone(null, { transfer: [buffer, buffer] }));
  assertFalse(buffer.detached);
  buffer.transfer();
  assertThrowsDom("DataCloneError", () => structuredClone(null, { transfer: [buffer] }));
  assertThrowsDom("DataCloneError", () => structuredClone(null, { transfer: [{}] }));
  assertThrowsDom("DataCloneError", () => structuredClone(buffer));
});

test("where the clone fails nothing is away", () => {
  const buffer = new ArrayBuffer(1);
  assertThrowsDom("DataCloneError", () => structuredClone({ buffer, no: () => {} }, { transfer: [buffer] }));
  assertFalse(buffer.detached);
});

test("wants a value, and options that are an object", () => {
  assertThrows(TypeError, () => structuredClone());
  assertThrows(TypeError, () => structuredClone(1, 2));
  assertThrows(TypeError, () => structuredClone(1, { transfer: 2 }));
  assertThrows(TypeError, () => structuredClone(1, { transfer: [2] }));
  assertEquals(structuredClone(1, null), 1);
});

test("deep values are cloned", () => {
  let deep = {};
  const top = deep;
  for (let i = 0; i < 2_000; i++) {
    deep.next = {};
    deep = deep.next;
  }
  let clone = structuredClone(top);
  let depth = 0;
  for (; clone.next !== undefined; clone = clone.next) depth++;
  assertEquals(depth, 2_000);
});
