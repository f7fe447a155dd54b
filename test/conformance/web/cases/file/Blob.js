// https://w3c.github.io/FileAPI/#blob-section
import {
  assertArrayEquals,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertThrows,
  assertThrowsExactly,
  assertTrue,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

test("is empty and without a type by default", () => {
  for (const blob of [
    new Blob(),
    new Blob(undefined),
    new Blob([]),
    new Blob(undefined, undefined),
    new Blob([], null),
    new Blob([], {}),
  ]) {
    assertEquals(blob.size, 0);
    assertEquals(blob.type, "");
  }
  assertEquals(Blob.length, 0);
  assertThrows(TypeError, () => Blob());
});

for (const parts of [null, 5, "text", true, {}, new Date(0), /a/]) {
  test(`a TypeError for the parts ${String(parts)}`, () => assertThrows(TypeError, () => new Blob(parts)));
}

for (const [what, parts, text] of [
  ["strings", ["a", "é", "😀"], "aé😀"],
  ["a lone surrogate", ["\ud800"], "\ufffd"],
  ["halves of a pair", ["\ud83d", "\ude00"], "\ufffd\ufffd"],
  [
    "buffers and views",
    [
      new TextEncoder().encode("ab").buffer,
      new TextEncoder().encode("cdef").subarray(1, 3),
      new DataView(new TextEncoder().encode("xyz").buffer, 2),
    ],
    "abdez",
  ],
  ["blobs", [new Blob(["a"]), new File(["b"], "n"), new Blob(["xyz"]).slice(1, 2)], "aby"],
  ["others, as strings", [5, null, undefined, {}, [1, 2], true], "5nullundefined[object Object]1,2true"],
  ["a set", new Set(["a", "b"]), "ab"],
  [
    "a generator",
    (function* () {
      yield "a";
      yield "b";
    })(),
    "ab",
  ],
  ["a string object", new String("ab"), "ab"],
  ["a typed array, of numbers", Uint8Array.of(1, 2), "12"],
  ["holes", Object.assign(new Array(2), { 1: "a" }), "undefineda"],
]) {
  test(`made of ${what}`, async () => {
    const blob = new Blob(parts);
    assertEquals(await blob.text(), text);
    assertEquals(blob.size, new TextEncoder().encode(text).length);
  });
}

test("parts are converted in order, before the options; what one throws comes out", () => {
  const order = [];
  const part = (name) => ({
    toString() {
      order.push(name);
      return name;
    },
  });
  new Blob([part("a"), part("b")], {
    get endings() {
      order.push("endings");
      return "native";
    },
    get type() {
      order.push("type");
      return "";
    },
  });
  assertEquals(order.join(), "a,b,endings,type");
  const thrown = new Error("mine");
  assertThrowsExactly(
    thrown,
    () =>
      new Blob([
        {
          toString() {
            throw thrown;
          },
        },
      ]),
  );
  assertThrowsExactly(
    thrown,
    () =>
      new Blob({
        get [Symbol.iterator]() {
          throw thrown;
        },
      }),
  );
  assertThrows(TypeError, () => new Blob([Symbol("a")]));
  assertThrows(TypeError, () => new Blob([], 5));
});

test("what only looks like a list is none", () => {
  assertThrows(TypeError, () => new Blob({ length: 1, 0: "a" }));
});

test("is a copy of its parts", async () => {
  const bytes = Uint8Array.of(0x61);
  const blob = new Blob([bytes]);
  bytes[0] = 0x62;
  assertEquals(await blob.text(), "a");
  const detached = new Uint8Array(4);
  detached.buffer.transfer();
  assertEquals(new Blob([detached, detached.buffer]).size, 0);
});

test("a type is in lower case, and empty where it is not printable ASCII", () => {
  for (const [given, type] of [
    ["Text/HTML; Charset=UTF-8", "text/html; charset=utf-8"],
    ["a", "a"],
    [" ~", " ~"],
    ["a\u007f", ""],
    ["a\u0000b", ""],
    ["\u00e9", ""],
    ["\u212a", ""],
    ["a\tb", ""],
    [null, "null"],
    [5, "5"],
    [undefined, ""],
  ]) {
    assertEquals(new Blob([], { type: given }).type, type);
    assertEquals(new Blob([]).slice(0, 0, given).type, type);
  }
});

test("endings are transparent or native", async () => {
  const text = "a\nb\r\nc\rd\r\n\r\n\r\r\ne";
  assertEquals(await new Blob([text]).text(), text);
  assertEquals(await new Blob([text], { endings: "transparent" }).text(), text);
  assertEquals(await new Blob([text], { endings: "native" }).text(), "a\nb\nc\nd\n\n\n\ne");
  assertEquals(await new Blob(["a\r", "\nb"], { endings: "native" }).text(), "a\n\nb");
  assertEquals(
    await new Blob([new TextEncoder().encode("\r\n"), new Blob(["\r\n"])], { endings: "native" }).text(),
    "\r\n\r\n",
  );
  for (const endings of ["", "Native", null, 5, {}]) assertThrows(TypeError, () => new Blob([], { endings }));
});

const BLOB = new Blob(["0123456789"], { type: "a/b" });
for (const [args, text] of [
  [[], "0123456789"],
  [[undefined, undefined], "0123456789"],
  [[2], "23456789"],
  [[2, 5], "234"],
  [[-3], "789"],
  [[-3, -1], "78"],
  [[5, 2], ""],
  [[0, 100], "0123456789"],
  [[-100, 2], "01"],
  [[20], ""],
  [[NaN, 3], "012"],
  [[null, null], ""],
  [["1", "3"], "12"],
  [[0.5, 1.5], "01"],
  [[1.5, 2.5], ""],
  [[Infinity], ""],
  [[-Infinity, Infinity], "0123456789"],
  [[2 ** 60], ""],
  [[-(2 ** 60), 2 ** 60], "0123456789"],
]) {
  test(`slice(${args.map(String).join()})`, async () => {
    const slice = BLOB.slice(...args);
    assertEquals(await slice.text(), text);
    assertEquals(slice.size, text.length);
    assertEquals(slice.type, "");
  });
}

test("slices of slices are parts of parts, and a slice of a file is a blob", async () => {
  assertEquals(await BLOB.slice(2, 8).slice(1, -1).slice(-2, 100).text(), "56");
  assertEquals(BLOB.slice(0, 1, "X/Y").type, "x/y");
  const slice = new File(["abc"], "n").slice(1);
  assertEquals(slice.constructor, Blob);
  assertThrows(TypeError, () => BLOB.slice(0n));
});

test("reads again and again, into memory of its own", async () => {
  const first = await BLOB.arrayBuffer();
  new Uint8Array(first).fill(0);
  assertEquals(await BLOB.text(), "0123456789");
  const bytes = await BLOB.bytes();
  assertEquals(Object.getPrototypeOf(bytes), Uint8Array.prototype);
  assertEquals(bytes.buffer.byteLength, 10);
  const slice = await BLOB.slice(3, 5).arrayBuffer();
  assertEquals(slice.byteLength, 2);
  assertNotEquals(await BLOB.arrayBuffer(), await BLOB.arrayBuffer());
});

test("text is UTF-8 without a byte order mark, whatever the type says", async () => {
  const blob = new Blob([Uint8Array.of(0xef, 0xbb, 0xbf, 0x61, 0xff)], { type: "text/plain;charset=utf-16" });
  assertEquals(await blob.text(), "a\ufffd");
});

test("stream is a byte stream of its bytes, another each time", async () => {
  const chunks = [];
  for await (const chunk of BLOB.stream()) {
    assertEquals(Object.getPrototypeOf(chunk), Uint8Array.prototype);
    chunks.push(...chunk);
  }
  assertEquals(String.fromCharCode(...chunks), "0123456789");
  assertNotEquals(BLOB.stream(), BLOB.stream());
  const reader = BLOB.stream().getReader({ mode: "byob" });
  const { value, done } = await reader.read(new Uint8Array(4));
  assertEquals(done, false);
  assertArrayEquals(value, [0x30, 0x31, 0x32, 0x33]);
  await reader.cancel();
  assertEquals((await new Blob().stream().getReader().read()).done, true);
});

test("members of others are refused", async () => {
  for (const receiver of [{}, Blob.prototype, Object.create(Blob.prototype), new Uint8Array(1)]) {
    for (const name of ["size", "type"])
      assertThrows(TypeError, () => Object.getOwnPropertyDescriptor(Blob.prototype, name).get.call(receiver), name);
    for (const name of ["slice", "stream"]) assertThrows(TypeError, () => Blob.prototype[name].call(receiver), name);
    for (const name of ["text", "arrayBuffer", "bytes"])
      await assertRejects(TypeError, Blob.prototype[name].call(receiver), name);
  }
});

test("what an app does to prototypes changes nothing", async () => {
  const { slice } = ArrayBuffer.prototype;
  ArrayBuffer.prototype.slice = () => new ArrayBuffer(0);
  Object.defineProperty(Object.prototype, "endings", { get: () => undefined, configurable: true });
  try {
    assertEquals(await new Blob(["abc"]).slice(1).text(), "bc");
  } finally {
    ArrayBuffer.prototype.slice = slice;
    delete Object.prototype.endings;
  }
});

test("parts that never end are ended by memory or time, and a thousand are joined", async () => {
  assertEquals(new Blob(new Array(1000).fill("ab")).size, 2000);
  const shared = new Blob(["x".repeat(1000)]);
  assertEquals(new Blob(new Array(100).fill(shared)).size, 100_000);
  assertTrue(shared.size === 1000);
});
