// https://encoding.spec.whatwg.org/#interface-textdecoderstream
import { assertArrayEquals, assertEquals, assertRejects, assertThrows, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

test("encoding, fatal and ignoreBOM are those of its decoder", () => {
  const plain = new TextDecoderStream();
  assertEquals(plain.encoding, "utf-8");
  assertEquals(plain.fatal, false);
  assertEquals(plain.ignoreBOM, false);
  const given = new TextDecoderStream("  Shift-JIS ", { fatal: 1, ignoreBOM: "yes" });
  assertEquals(given.encoding, "shift_jis");
  assertEquals(given.fatal, true);
  assertEquals(given.ignoreBOM, true);
  assertTrue(plain.readable instanceof ReadableStream);
  assertTrue(plain.writable instanceof WritableStream);
});

test("the constructor refuses labels and options that are none", () => {
  assertThrows(RangeError, () => new TextDecoderStream("text"));
  assertThrows(RangeError, () => new TextDecoderStream("replacement"));
  assertThrows(RangeError, () => new TextDecoderStream(null));
  assertThrows(TypeError, () => new TextDecoderStream("utf-8", 5));
  assertThrows(TypeError, () => TextDecoderStream());
  new TextDecoderStream(undefined, null);
});

test("members of others are refused", () => {
  for (const name of ["encoding", "fatal", "ignoreBOM", "readable", "writable"]) {
    const { get } = Object.getOwnPropertyDescriptor(TextDecoderStream.prototype, name);
    for (const receiver of [TextDecoderStream.prototype, {}, new TextEncoderStream(), new TextDecoder()])
      assertThrows(TypeError, () => get.call(receiver), name);
  }
});

const FACE = [0xf0, 0x9f, 0x98, 0x80];
for (const [what, label, chunks, text] of [
  ["a character split over chunks", "utf-8", [[0xf0], [0x9f, 0x98], [0x80]], "😀"],
  ["a character split, with an empty chunk between", "utf-8", [FACE.slice(0, 2), [], FACE.slice(2)], "😀"],
  ["a character that never ends", "utf-8", [[0x61, 0xf0, 0x9f]], "a\ufffd"],
  ["a mark that is split", "utf-8", [[0xef], [0xbb, 0xbf], [0x61]], "a"],
  ["UTF-16, split in units and pairs", "utf-16le", [[0x3d], [0xd8, 0x00], [0xde]], "😀"],
  ["UTF-16BE", "utf-16be", [[0xd8, 0x3d, 0xde], [0x00]], "😀"],
  ["half a unit of UTF-16", "utf-16le", [[0x61, 0, 0x62]], "a\ufffd"],
  ["a legacy encoding of one byte", "windows-1252", [[0x80], [0xe9]], "€é"],
  ["Shift_JIS, split", "shift_jis", [[0x82], [0xa0, 0x82], [0xa2]], "あい"],
  ["EUC-JP, split", "euc-jp", [[0xa4], [0xa2]], "あ"],
  [
    "ISO-2022-JP, split within its escapes",
    "iso-2022-jp",
    [[0x1b, 0x24], [0x42, 0x24], [0x22, 0x1b, 0x28, 0x42], [0x61]],
    "あa",
  ],
  ["GB18030, split", "gb18030", [[0x81], [0x30, 0x81], [0x30]], "\u0080"],
  ["Big5, split", "big5", [[0xa4], [0xa4]], "中"],
  ["EUC-KR, split", "euc-kr", [[0xb0], [0xa1]], "가"],
]) {
  test(`decodes ${what}`, async () => assertEquals((await decode(chunks, label)).join(""), text));
}

test("a mark is kept where it is to be, and only the first is dropped", async () => {
  const bytes = [0xef, 0xbb, 0xbf, 0x61, 0xef, 0xbb, 0xbf];
  assertEquals((await decode([bytes], "utf-8", { ignoreBOM: true })).join(""), "\ufeffa\ufeff");
  assertEquals((await decode([bytes], "utf-8")).join(""), "a\ufeff");
});

test("takes buffers and views of every kind", async () => {
  const { buffer } = Uint8Array.of(0x61, 0x62, 0x63, 0x64);
  const stream = new TextDecoderStream();
  const writer = stream.writable.getWriter();
  writer.write(buffer);
  writer.write(new DataView(buffer, 1, 2));
  writer.write(new Uint16Array(buffer, 2, 1));
  writer.close();
  let text = "";
  for await (const chunk of stream.readable) text += chunk;
  assertEquals(text, "abcdbccd");
});

test("malformed bytes fail both sides where fatal", async () => {
  for (const chunks of [[[0xff]], [[0xf0, 0x9f]]]) {
    const stream = new TextDecoderStream("utf-8", { fatal: true });
    const writer = stream.writable.getWriter();
    const reads = (async () => {
      for await (const _ of stream.readable);
    })();
    const writes = Promise.all([...chunks.map((chunk) => writer.write(Uint8Array.from(chunk))), writer.close()]);
    await Promise.all([assertRejects(TypeError, reads, "read"), assertRejects(TypeError, writes, "write")]);
  }
});

for (const chunk of [undefined, null, 5, "text", {}, [65]]) {
  test(`a chunk that is ${JSON.stringify(chunk)} fails both sides with a TypeError`, async () => {
    const stream = new TextDecoderStream();
    const read = stream.readable.getReader().read();
    await Promise.all([
      assertRejects(TypeError, stream.writable.getWriter().write(chunk)),
      assertRejects(TypeError, read),
    ]);
  });
}

test("text of a legacy encoding comes with the chunk that ends it, of a source without end", async () => {
  for (const [label, chunk, text] of [
    ["shift_jis", [0x82, 0xa0, 0x82], "あ"],
    ["gb18030", [0xd6, 0xd0, 0x81, 0x30], "中"],
    ["iso-2022-jp", [0x1b, 0x24, 0x42, 0x24, 0x22, 0x24], "あ"],
    ["windows-1251", [0xc0], "А"],
  ]) {
    const source = new ReadableStream({ start: (controller) => controller.enqueue(Uint8Array.from(chunk)) });
    const reader = source.pipeThrough(new TextDecoderStream(label)).getReader();
    assertEquals((await reader.read()).value, text, label);
    await reader.cancel();
  }
});

test("empty chunks give no text", async () => {
  assertArrayEquals(await decode([[], [0x61], []], "utf-8"), ["a"]);
});

async function decode(chunks, label, options) {
  const texts = [];
  const source = ReadableStream.from(chunks.map((chunk) => Uint8Array.from(chunk)));
  for await (const text of source.pipeThrough(new TextDecoderStream(label, options))) texts.push(text);
  return texts;
}
