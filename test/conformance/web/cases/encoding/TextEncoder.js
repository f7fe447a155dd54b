// https://encoding.spec.whatwg.org/#interface-textencoder
import { assertArrayEquals, assertEquals, assertThrows, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

test("its encoding is UTF-8, whatever it is given", () => {
  assertEquals(new TextEncoder().encoding, "utf-8");
  assertEquals(new TextEncoder("utf-16").encoding, "utf-8");
  assertEquals(TextEncoder.length, 0);
  assertThrows(TypeError, () => TextEncoder());
});

test("members of others are refused", () => {
  const { prototype } = TextEncoder;
  const { get } = Object.getOwnPropertyDescriptor(prototype, "encoding");
  for (const receiver of [prototype, {}, new TextDecoder()]) {
    assertThrows(TypeError, () => get.call(receiver));
    assertThrows(TypeError, () => prototype.encode.call(receiver, "a"));
    assertThrows(TypeError, () => prototype.encodeInto.call(receiver, "a", new Uint8Array(1)));
  }
});

for (const [text, bytes] of [
  ["", []],
  ["a\u0000\u007f", [0x61, 0, 0x7f]],
  ["\u0080\u07ff", [0xc2, 0x80, 0xdf, 0xbf]],
  ["\u0800\uffff", [0xe0, 0xa0, 0x80, 0xef, 0xbf, 0xbf]],
  ["\u{10000}\u{10ffff}", [0xf0, 0x90, 0x80, 0x80, 0xf4, 0x8f, 0xbf, 0xbf]],
  ["\ufeff", [0xef, 0xbb, 0xbf]],
  ["\ud800", [0xef, 0xbf, 0xbd]],
  ["\udc00a", [0xef, 0xbf, 0xbd, 0x61]],
  ["a\ud800b", [0x61, 0xef, 0xbf, 0xbd, 0x62]],
  ["\udc00\ud800", [0xef, 0xbf, 0xbd, 0xef, 0xbf, 0xbd]],
  ["\ud83d\ud83d\ude00", [0xef, 0xbf, 0xbd, 0xf0, 0x9f, 0x98, 0x80]],
]) {
  test(`encodes ${JSON.stringify(text)}, small and within a long text`, () => {
    assertArrayEquals(new TextEncoder().encode(text), bytes);
    const long = new TextEncoder().encode("x".repeat(3000) + text + "x".repeat(3000));
    assertArrayEquals(long.subarray(3000, 3000 + bytes.length), bytes);
    assertEquals(long.length, 6000 + bytes.length);
  });
}

test("encode converts to a string, and has nothing of undefined", () => {
  const encoder = new TextEncoder();
  assertEquals(encoder.encode().length, 0);
  assertEquals(encoder.encode(undefined).length, 0);
  assertArrayEquals(encoder.encode(null), [0x6e, 0x75, 0x6c, 0x6c]);
  assertArrayEquals(encoder.encode(5), [0x35]);
  assertThrows(TypeError, () => encoder.encode(Symbol("a")));
});

test("encode answers a Uint8Array over a buffer of its own, of its length", () => {
  const first = new TextEncoder().encode("abc");
  assertEquals(Object.getPrototypeOf(first), Uint8Array.prototype);
  assertEquals(first.buffer.byteLength, 3);
  assertTrue(first.buffer !== new TextEncoder().encode("abc").buffer);
});

for (const [text, room, read, written, bytes] of [
  ["", 3, 0, 0, [0, 0, 0]],
  ["abc", 0, 0, 0, []],
  ["abc", 2, 2, 2, [0x61, 0x62]],
  ["é", 1, 0, 0, [0]],
  ["aé", 2, 1, 1, [0x61, 0]],
  ["€a", 3, 1, 3, [0xe2, 0x82, 0xac]],
  ["😀", 3, 0, 0, [0, 0, 0]],
  ["😀a", 4, 2, 4, [0xf0, 0x9f, 0x98, 0x80]],
  ["\ud800a", 4, 2, 4, [0xef, 0xbf, 0xbd, 0x61]],
  ["\udc00", 2, 0, 0, [0, 0]],
]) {
  test(`encodeInto writes of ${JSON.stringify(text)} what ${room} bytes have room for`, () => {
    const target = new Uint8Array(room);
    const result = new TextEncoder().encodeInto(text, target);
    assertEquals(result.read, read);
    assertEquals(result.written, written);
    assertArrayEquals(target, bytes);
    assertEquals(Object.keys(result).sort().join(), "read,written");
  });
}

test("encodeInto stays within a view", () => {
  const { buffer } = new Uint8Array(6);
  new TextEncoder().encodeInto("abcdef", new Uint8Array(buffer, 2, 2));
  assertArrayEquals(new Uint8Array(buffer), [0, 0, 0x61, 0x62, 0, 0]);
});

test("encodeInto refuses what is no Uint8Array, and a missing one", () => {
  const encoder = new TextEncoder();
  for (const target of [
    new ArrayBuffer(4),
    new DataView(new ArrayBuffer(4)),
    new Uint8ClampedArray(4),
    new Uint16Array(4),
    [],
    {},
    null,
  ]) {
    assertThrows(TypeError, () => encoder.encodeInto("a", target));
  }
  assertThrows(TypeError, () => encoder.encodeInto("a"));
  assertThrows(TypeError, () => encoder.encodeInto());
  assertThrows(TypeError, () => encoder.encodeInto("a", Object.create(new Uint8Array(4))));
});

test("encodeInto writes nothing to a buffer that was detached, also by the text", () => {
  const target = new Uint8Array(4);
  const text = {
    toString() {
      target.buffer.transfer();
      return "abc";
    },
  };
  const { read, written } = new TextEncoder().encodeInto(text, target);
  assertEquals(read, 0);
  assertEquals(written, 0);
});
