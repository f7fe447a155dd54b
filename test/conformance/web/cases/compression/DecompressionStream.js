// https://compression.spec.whatwg.org/#decompression-stream
import {
  assertArrayEquals,
  assertEquals,
  assertRejects,
  assertRejectsExactly,
  assertThrows,
  assertTrue,
  nextTask,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

const EXPECTED = "expected output";
const PACKED = {
  gzip: [
    31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 75, 173, 40, 72, 77, 46, 73, 77, 81, 200, 47, 45, 41, 40, 45, 1, 0, 176, 1, 57,
    179, 15, 0, 0, 0,
  ],
  deflate: [120, 156, 75, 173, 40, 72, 77, 46, 73, 77, 81, 200, 47, 45, 41, 40, 45, 1, 0, 48, 173, 6, 36],
  "deflate-raw": [75, 173, 40, 72, 77, 46, 73, 77, 81, 200, 47, 45, 41, 40, 45, 1, 0],
  brotli: [33, 56, 0, 4, 101, 120, 112, 101, 99, 116, 101, 100, 32, 111, 117, 116, 112, 117, 116, 3],
};

test("is on the global as an interface is", () => {
  // Made when it is first touched, an accessor until then.
  assertEquals(typeof DecompressionStream, "function");
  const { enumerable, writable, configurable } = Object.getOwnPropertyDescriptor(globalThis, "DecompressionStream");
  assertArrayEquals([enumerable, writable, configurable], [false, true, true]);
  assertEquals(DecompressionStream.name, "DecompressionStream");
  assertEquals(DecompressionStream.length, 1);
  assertEquals(Object.prototype.toString.call(new DecompressionStream("gzip")), "[object DecompressionStream]");
});

test("wants new, and a format that it knows", () => {
  assertThrows(TypeError, () => DecompressionStream("gzip"));
  assertThrows(TypeError, () => new DecompressionStream());
  for (const format of ["a", "GZIP", "", "zstd", undefined, null, {}])
    assertThrows(TypeError, () => new DecompressionStream(format));
});

for (const name of ["readable", "writable"]) {
  test(`${name} is read from its instances alone`, () => {
    const { get, set, enumerable } = Object.getOwnPropertyDescriptor(DecompressionStream.prototype, name);
    assertEquals(set, undefined);
    assertEquals(enumerable, true);
    for (const receiver of [DecompressionStream.prototype, {}, new CompressionStream("gzip")])
      assertThrows(TypeError, () => get.call(receiver));
    const stream = new DecompressionStream("gzip");
    assertEquals(get.call(stream), get.call(stream));
  });
}

for (const [format, packed] of Object.entries(PACKED)) {
  test(`${format}: is read whole`, async () => {
    assertEquals(await text(unpack(format, [packed])), EXPECTED);
  });

  test(`${format}: is read byte by byte, with empty chunks between`, async () => {
    assertEquals(
      await text(
        unpack(
          format,
          packed.flatMap((byte) => [[byte], []]),
        ),
      ),
      EXPECTED,
    );
  });

  test(`${format}: is read from buffers and views alike`, async () => {
    const bytes = new Uint8Array([0, ...packed, 0]);
    const { writable, readable } = new DecompressionStream(format);
    const writer = writable.getWriter();
    writer.write(new DataView(bytes.buffer, 1, 4));
    writer.write(new Int8Array(bytes.buffer, 5, 3));
    writer.write(bytes.buffer.slice(8, -1));
    writer.close();
    assertEquals(await text(readable), EXPECTED);
  });

  test(`${format}: nothing at all is a TypeError`, async () => {
    const { writable, readable } = new DecompressionStream(format);
    const reader = readable.getReader();
    const read = reader.read();
    await Promise.all([
      assertRejects(TypeError, writable.getWriter().close(), "close"),
      assertRejects(TypeError, read, "read"),
    ]);
  });

  test(`${format}: what is cut short is a TypeError, after what it holds`, async () => {
    const { writable, readable } = new DecompressionStream(format);
    const reader = readable.getReader();
    const writer = writable.getWriter();
    writer.write(new Uint8Array(packed.slice(0, -1))).catch(() => undefined);
    const closed = assertRejects(TypeError, writer.close(), "close");
    await assertRejects(TypeError, readToEnd(reader), "read");
    await closed;
  });

  test(`${format}: more behind its end is a TypeError, after the output`, async () => {
    for (const chunks of [[[...packed, 0]], [packed, [1, 2]], [[...packed, ...packed]]]) {
      const { writable, readable } = new DecompressionStream(format);
      const writer = writable.getWriter();
      const writes = Promise.allSettled(chunks.map((chunk) => writer.write(new Uint8Array(chunk))));
      const reader = readable.getReader();
      const { value } = await reader.read();
      assertEquals(new TextDecoder().decode(value), EXPECTED);
      await assertRejects(TypeError, reader.read(), "second read");
      await assertRejects(TypeError, writer.closed, "closed");
      assertEquals((await writes).at(-1).status, "rejected");
    }
  });

  test(`${format}: bytes of nothing are a TypeError`, async () => {
    const { writable, readable } = new DecompressionStream(format);
    const reader = readable.getReader();
    const writer = writable.getWriter();
    writer.write(new Uint8Array(64).fill(0xff)).catch(() => undefined);
    writer.close().catch(() => undefined);
    await assertRejects(TypeError, readToEnd(reader), "read");
    await assertRejects(TypeError, writer.closed, "closed");
  });
}

test("gzip: a wrong checksum, a wrong length, a wrong magic number are TypeErrors", async () => {
  for (const place of [0, 2, PACKED.gzip.length - 8, PACKED.gzip.length - 4]) {
    const packed = PACKED.gzip.with(place, PACKED.gzip[place] ^ 1);
    await assertRejects(TypeError, text(unpack("gzip", [packed])), `byte ${place}`);
  }
});

test("gzip: a header with name, comment and extra fields is passed over", async () => {
  const { gzip } = PACKED;
  const header = [31, 139, 8, 4 | 8 | 16, 0, 0, 0, 0, 0, 3, 2, 0, 9, 9, 97, 0, 98, 0];
  assertEquals(await text(unpack("gzip", [[...header, ...gzip.slice(10)]])), EXPECTED);
});

test("deflate: a wrong checksum is a TypeError", async () => {
  const { deflate } = PACKED;
  await assertRejects(TypeError, text(unpack("deflate", [deflate.with(-1, deflate.at(-1) ^ 1)])));
});

for (const chunk of [undefined, null, 3, "text", {}, [65]]) {
  test(`a chunk that is ${JSON.stringify(chunk)} fails both sides with a TypeError`, async () => {
    const stream = new DecompressionStream("gzip");
    const writer = stream.writable.getWriter();
    const read = stream.readable.getReader().read();
    await Promise.all([assertRejects(TypeError, writer.write(chunk), "write"), assertRejects(TypeError, read, "read")]);
  });
}

test("a small input of a huge output comes in pieces, and only as it is read", async () => {
  const zeros = new Uint8Array(1024 * 1024);
  const packed = new CompressionStream("gzip");
  const packing = new Response(packed.readable).arrayBuffer();
  const packer = packed.writable.getWriter();
  for (let i = 0; i < 8; i++) await packer.write(zeros);
  await packer.close();
  const bomb = new Uint8Array(await packing);
  const { writable, readable } = new DecompressionStream("gzip");
  const writer = writable.getWriter();
  let isWritten = false;
  writer.write(bomb).then(() => {
    isWritten = true;
  });
  writer.close();
  const reader = readable.getReader();
  let total = 0;
  for (let i = 0; i < 4; i++) {
    const { value } = await reader.read();
    total += value.length;
    assertTrue(value.length <= 64 * 1024, "size of a chunk");
    await nextTask();
  }
  assertEquals(isWritten, false, "whether the chunk was taken");
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    total += value.length;
  }
  assertEquals(total, 8 * zeros.length);
});

test("a cancelled readable side fails a write that waits for it", async () => {
  const { writable, readable } = new DecompressionStream("deflate");
  const packed = new CompressionStream("deflate");
  const packer = packed.writable.getWriter();
  packer.write(new Uint8Array(1024 * 1024));
  packer.close();
  const bytes = new Uint8Array(await new Response(packed.readable).arrayBuffer());
  const writer = writable.getWriter();
  const write = writer.write(bytes);
  const reader = readable.getReader();
  await reader.read();
  const reason = new Error("enough");
  await reader.cancel(reason);
  await assertRejectsExactly(reason, write);
  await assertRejectsExactly(reason, writer.closed);
  assertEquals((await reader.read()).done, true);
});

test("an aborted writable side fails the readable one with the reason", async () => {
  const { writable, readable } = new DecompressionStream("gzip");
  const reason = new Error("no more");
  const reader = readable.getReader();
  await writable.abort(reason);
  await assertRejectsExactly(reason, reader.read());
  await assertRejectsExactly(reason, reader.closed);
});

function unpack(format, chunks) {
  return ReadableStream.from(chunks.map((chunk) => new Uint8Array(chunk))).pipeThrough(new DecompressionStream(format));
}

async function text(readable) {
  let result = "";
  const decoder = new TextDecoder();
  for await (const chunk of readable) result += decoder.decode(chunk, { stream: true });
  return result;
}

async function readToEnd(reader) {
  while (!(await reader.read()).done);
}
