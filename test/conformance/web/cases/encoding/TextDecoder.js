// https://encoding.spec.whatwg.org/#interface-textdecoder
import { assertEquals, assertFalse, assertThrows, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

const MARK = [0xef, 0xbb, 0xbf];

test("fatal and ignoreBOM are what was given, as booleans", () => {
  const plain = new TextDecoder();
  assertFalse(plain.fatal);
  assertFalse(plain.ignoreBOM);
  const given = new TextDecoder("utf-8", { fatal: 1, ignoreBOM: "no" });
  assertTrue(given.fatal);
  assertTrue(given.ignoreBOM);
  new TextDecoder("utf-8", null);
  assertThrows(TypeError, () => new TextDecoder("utf-8", 5));
  assertThrows(TypeError, () => TextDecoder());
});

test("members of others are refused", () => {
  const { prototype } = TextDecoder;
  for (const name of ["encoding", "fatal", "ignoreBOM"]) {
    const { get } = Object.getOwnPropertyDescriptor(prototype, name);
    for (const receiver of [prototype, {}, new TextEncoder()]) assertThrows(TypeError, () => get.call(receiver), name);
  }
  assertThrows(TypeError, () => prototype.decode.call({}, new Uint8Array(1)));
});

test("options are read before the label is looked at, and in order", () => {
  const reads = [];
  const options = {
    get fatal() {
      return reads.push("fatal");
    },
    get ignoreBOM() {
      return reads.push("ignoreBOM");
    },
  };
  new TextDecoder("utf-8", options);
  assertEquals(reads.join(), "fatal,ignoreBOM");
  const label = {
    toString() {
      reads.push("label");
      return "none";
    },
  };
  reads.length = 0;
  assertThrows(RangeError, () => new TextDecoder(label, options));
  assertEquals(reads.join(), "label,fatal,ignoreBOM");
});

test("takes buffers, views of every kind, and nothing", () => {
  const { buffer } = Uint8Array.of(0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68);
  const decoder = new TextDecoder();
  assertEquals(decoder.decode(), "");
  assertEquals(decoder.decode(undefined, undefined), "");
  assertEquals(decoder.decode(buffer), "abcdefgh");
  assertEquals(decoder.decode(new DataView(buffer, 1, 2)), "bc");
  for (const View of [Int8Array, Uint8ClampedArray, Uint16Array, Int32Array, Float32Array, BigInt64Array]) {
    assertEquals(decoder.decode(new View(buffer)), "abcdefgh", View.name);
  }
  assertEquals(decoder.decode(new Uint8Array(buffer, 3, 2)), "de");
});

test("what is no buffer is refused", () => {
  for (const input of [null, 5, "text", {}, [65], { buffer: new ArrayBuffer(1), byteLength: 1 }]) {
    assertThrows(TypeError, () => new TextDecoder().decode(input));
  }
  assertThrows(TypeError, () => new TextDecoder().decode(new Uint8Array(1), 5));
});

test("a buffer that was detached has no bytes", () => {
  const bytes = Uint8Array.of(0x61);
  bytes.buffer.transfer();
  assertEquals(new TextDecoder().decode(bytes), "");
  assertEquals(new TextDecoder().decode(bytes.buffer), "");
});

test("one that an option's getter detaches, neither", () => {
  const bytes = Uint8Array.of(0x61, 0x62);
  const text = new TextDecoder().decode(bytes, {
    get stream() {
      bytes.buffer.transfer();
      return false;
    },
  });
  assertTrue(text === "" || text === "ab");
});

for (const [what, bytes, text] of [
  ["a lone trail", [0x80], "\ufffd"],
  ["overlong forms", [0xc0, 0x80, 0xe0, 0x80, 0x80, 0xf0, 0x80, 0x80, 0x80], "\ufffd".repeat(9)],
  ["a surrogate", [0xed, 0xa0, 0x80], "\ufffd\ufffd\ufffd"],
  ["beyond Unicode", [0xf4, 0x90, 0x80, 0x80], "\ufffd\ufffd\ufffd\ufffd"],
  ["a sequence cut short by ASCII", [0xe2, 0x82, 0x41], "\ufffdA"],
  ["a sequence cut short by a lead", [0xf0, 0x9f, 0xc3, 0xa9], "\ufffdé"],
  ["a sequence cut short by the end", [0xf0, 0x9f, 0x98], "\ufffd"],
  ["bytes that are never there", [0xfe, 0xff, 0xf8], "\ufffd\ufffd\ufffd"],
]) {
  test(`malformed UTF-8: ${what}`, () => {
    const input = Uint8Array.from(bytes);
    assertEquals(new TextDecoder().decode(input), text);
    assertThrows(TypeError, () => new TextDecoder("utf-8", { fatal: true }).decode(input));
    // Long enough for the host's decoder.
    const long = new Uint8Array(5000).fill(0x61);
    long.set(input, 2000);
    assertEquals(new TextDecoder().decode(long), "a".repeat(2000) + text + "a".repeat(3000 - bytes.length));
    assertThrows(TypeError, () => new TextDecoder("utf-8", { fatal: true }).decode(long));
  });
}

test("a decoder that failed decodes the next text", () => {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  assertThrows(TypeError, () => decoder.decode(Uint8Array.of(0xff)));
  assertEquals(decoder.decode(Uint8Array.of(0x61)), "a");
});

for (const [label, mark, letter] of [
  ["utf-8", MARK, [0x61]],
  ["utf-16le", [0xff, 0xfe], [0x61, 0]],
  ["utf-16be", [0xfe, 0xff], [0, 0x61]],
]) {
  test(`the mark of ${label} is dropped, kept where it is to be, and the second is text`, () => {
    const bytes = Uint8Array.from([...mark, ...letter, ...mark]);
    assertEquals(new TextDecoder(label).decode(bytes), "a\ufeff");
    assertEquals(new TextDecoder(label, { ignoreBOM: true }).decode(bytes), "\ufeffa\ufeff");
    const twice = Uint8Array.from([...mark, ...mark]);
    assertEquals(new TextDecoder(label).decode(twice), "\ufeff");
  });

  test(`the mark of ${label} is found however it is split, once per text`, () => {
    const bytes = [...mark, ...letter, ...mark, ...letter];
    const decoder = new TextDecoder(label);
    for (let round = 0; round < 2; round++) {
      let text = "";
      for (const byte of bytes) text += decoder.decode(Uint8Array.of(byte), { stream: true });
      assertEquals(text + decoder.decode(), "a\ufeffa");
    }
  });
}

test("the mark of one encoding is no mark of another", () => {
  assertEquals(new TextDecoder("utf-8").decode(Uint8Array.of(0xff, 0xfe, 0x61)), "\ufffd\ufffda");
  assertEquals(new TextDecoder("windows-1252").decode(Uint8Array.from(MARK)), "ï»¿");
  assertEquals(new TextDecoder("utf-16be").decode(Uint8Array.of(0xff, 0xfe)), "\ufffe");
});

test("a text in chunks is the text, however it is cut", () => {
  const text = "zß水🎉\u0000\uffff\u{10ffff}";
  const bytes = new TextEncoder().encode(text);
  for (let size = 1; size <= bytes.length; size++) {
    for (const fatal of [false, true]) {
      const decoder = new TextDecoder("utf-8", { fatal });
      let found = "";
      for (let at = 0; at < bytes.length; at += size) {
        found += decoder.decode(bytes.subarray(at, at + size), { stream: true });
      }
      assertEquals(found + decoder.decode(), text, `size ${size}`);
    }
  }
});

test("a text that is not flushed is ended by the next call without stream", () => {
  const decoder = new TextDecoder();
  assertEquals(decoder.decode(Uint8Array.of(0xe2, 0x82), { stream: true }), "");
  assertEquals(decoder.decode(Uint8Array.of(0xac)), "€");
  assertEquals(decoder.decode(Uint8Array.of(0xe2, 0x82), { stream: true }), "");
  assertEquals(decoder.decode(), "\ufffd");
  assertEquals(decoder.decode(Uint8Array.of(0xac)), "\ufffd");
});

test("fatal, a sequence that ends with the text is malformed only then", () => {
  for (const [label, bytes] of [
    ["utf-8", [0xe2, 0x82]],
    ["utf-16le", [0x61]],
    ["utf-16le", [0x00, 0xd8]],
    ["utf-16be", [0xd8, 0x00]],
  ]) {
    const decoder = new TextDecoder(label, { fatal: true });
    assertEquals(decoder.decode(Uint8Array.from(bytes), { stream: true }), "", label);
    assertThrows(TypeError, () => decoder.decode(), label);
    assertThrows(TypeError, () => decoder.decode(Uint8Array.from(bytes)), label);
  }
});

for (const [what, units, text] of [
  ["a high surrogate alone", [0xd800], "\ufffd"],
  ["a low surrogate alone", [0xdc00], "\ufffd"],
  ["surrogates the wrong way round", [0xdc00, 0xd800], "\ufffd\ufffd"],
  ["a high surrogate before a letter", [0xd800, 0x61], "\ufffda"],
  ["two high surrogates and a low one", [0xd83d, 0xd83d, 0xde00], "\ufffd😀"],
]) {
  test(`malformed UTF-16: ${what}`, () => {
    const little = Uint8Array.from(units.flatMap((unit) => [unit & 0xff, unit >> 8]));
    const big = Uint8Array.from(units.flatMap((unit) => [unit >> 8, unit & 0xff]));
    assertEquals(new TextDecoder("utf-16le").decode(little), text);
    assertEquals(new TextDecoder("utf-16be").decode(big), text);
    assertThrows(TypeError, () => new TextDecoder("utf-16le", { fatal: true }).decode(little));
    for (const [label, bytes] of [
      ["utf-16le", little],
      ["utf-16be", big],
    ]) {
      const decoder = new TextDecoder(label);
      let found = "";
      for (const byte of bytes) found += decoder.decode(Uint8Array.of(byte), { stream: true });
      assertEquals(found + decoder.decode(), text, `${label}, byte by byte`);
    }
  });
}

test("an odd byte ends UTF-16 with U+FFFD", () => {
  assertEquals(new TextDecoder("utf-16le").decode(Uint8Array.of(0x61, 0, 0x62)), "a\ufffd");
  assertEquals(new TextDecoder("utf-16le").decode(Uint8Array.of(0x00, 0xd8, 0x62)), "\ufffd");
});

test("what a page did to prototypes changes nothing", () => {
  const kept = Object.getOwnPropertyDescriptor(Object.prototype, "stream");
  Object.prototype.stream = true;
  try {
    assertEquals(new TextDecoder().decode(Uint8Array.of(0xe2), {}), "");
    assertEquals(new TextDecoder().decode(Uint8Array.of(0xe2)), "\ufffd");
  } finally {
    delete Object.prototype.stream;
    if (kept !== undefined) Object.defineProperty(Object.prototype, "stream", kept);
  }
});
