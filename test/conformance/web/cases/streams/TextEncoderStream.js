// https://encoding.spec.whatwg.org/#interface-textencoderstream
import {
  assertArrayEquals,
  assertEquals,
  assertRejects,
  assertRejectsExactly,
  assertThrows,
  assertTrue,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

const REPLACEMENT = [0xef, 0xbf, 0xbd];

test("encoding is utf-8, and readable and writable are a pair", () => {
  const stream = new TextEncoderStream();
  assertEquals(stream.encoding, "utf-8");
  assertTrue(stream.readable instanceof ReadableStream);
  assertTrue(stream.writable instanceof WritableStream);
  assertEquals(stream.readable, stream.readable);
  assertThrows(TypeError, () => TextEncoderStream());
});

test("members of others are refused", () => {
  for (const name of ["encoding", "readable", "writable"]) {
    const { get } = Object.getOwnPropertyDescriptor(TextEncoderStream.prototype, name);
    for (const receiver of [TextEncoderStream.prototype, {}, new TextDecoderStream(), new TransformStream()])
      assertThrows(TypeError, () => get.call(receiver), name);
  }
});

for (const [what, chunks, bytes] of [
  ["text", ["aé", "€😀"], [0x61, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80]],
  ["a pair split over two chunks", ["\ud83d", "\ude00"], [0xf0, 0x9f, 0x98, 0x80]],
  ["a pair split, with an empty chunk between", ["\ud83d", "", "\ude00"], [0xf0, 0x9f, 0x98, 0x80]],
  ["a high surrogate at the end", ["a\ud83d"], [0x61, ...REPLACEMENT]],
  ["a high surrogate and something else", ["\ud83d", "a"], [...REPLACEMENT, 0x61]],
  ["two high surrogates and a low one", ["\ud83d", "\ud83d", "\ude00"], [...REPLACEMENT, 0xf0, 0x9f, 0x98, 0x80]],
  ["a low surrogate alone", ["\ude00", "a"], [...REPLACEMENT, 0x61]],
  ["a byte order mark", ["\ufeffa"], [0xef, 0xbb, 0xbf, 0x61]],
  [
    "what is converted to a string",
    [5, null, undefined, {}],
    [..."5nullundefined[object Object]"].map((c) => c.charCodeAt(0)),
  ],
]) {
  test(`encodes ${what}`, async () => assertArrayEquals(await encode(chunks), bytes));
}

test("empty chunks and half pairs give no chunk", async () => {
  const stream = new TextEncoderStream();
  const writer = stream.writable.getWriter();
  writer.write("");
  writer.write("\ud83d");
  writer.write("\ude00");
  writer.close();
  const reader = stream.readable.getReader();
  assertEquals((await reader.read()).value.length, 4);
  assertTrue((await reader.read()).done);
});

test("a chunk that cannot be a string fails both sides", async () => {
  for (const [chunk, check] of [[Symbol(), (promise) => assertRejects(TypeError, promise)]]) {
    const stream = new TextEncoderStream();
    const read = stream.readable.getReader().read();
    await Promise.all([check(stream.writable.getWriter().write(chunk)), check(read)]);
  }
  const failure = new Error("failed");
  const stream = new TextEncoderStream();
  const read = stream.readable.getReader().read();
  const chunk = {
    toString: () => {
      throw failure;
    },
  };
  await Promise.all([
    assertRejectsExactly(failure, stream.writable.getWriter().write(chunk)),
    assertRejectsExactly(failure, read),
  ]);
});

test("chunks are Uint8Arrays", async () => {
  const stream = new TextEncoderStream();
  stream.writable.getWriter().write("a");
  const { value } = await stream.readable.getReader().read();
  assertEquals(value.constructor, Uint8Array);
});

test("the marks are those of a transform: 1 and 0", async () => {
  const { writable } = new TextEncoderStream();
  assertEquals(writable.getWriter().desiredSize, 1);
});

async function encode(chunks) {
  const bytes = [];
  for await (const chunk of ReadableStream.from(chunks).pipeThrough(new TextEncoderStream())) bytes.push(...chunk);
  return bytes;
}
