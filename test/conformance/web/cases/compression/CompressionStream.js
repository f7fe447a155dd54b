// https://compression.spec.whatwg.org/#compression-stream
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
  assertRejects,
  assertRejectsExactly,
  assertThrows,
  assertTrue,
  nextTask,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

const FORMATS = ["gzip", "deflate", "deflate-raw", "brotli"];

test("is on the global as an interface is", () => {
  // Made when it is first touched, an accessor until then.
  assertEquals(typeof CompressionStream, "function");
  const { enumerable, writable, configurable } = Object.getOwnPropertyDescriptor(globalThis, "CompressionStream");
  assertArrayEquals([enumerable, writable, configurable], [false, true, true]);
  assertEquals(CompressionStream.name, "CompressionStream");
  assertEquals(CompressionStream.length, 1);
  assertEquals(Object.prototype.toString.call(new CompressionStream("gzip")), "[object CompressionStream]");
  assertArrayEquals(Reflect.ownKeys(new CompressionStream("gzip")), []);
});

test("wants new, and a format that it knows", () => {
  assertThrows(TypeError, () => CompressionStream("gzip"));
  assertThrows(TypeError, () => new CompressionStream());
  for (const format of ["a", "GZIP", "", "zstd", undefined, null, {}])
    assertThrows(TypeError, () => new CompressionStream(format));
  assertEquals(new CompressionStream({ toString: () => "gzip" }) instanceof CompressionStream, true);
  const thrown = new Error("mine");
  try {
    new CompressionStream({
      toString: () => {
        throw thrown;
      },
    });
  } catch (reason) {
    assertEquals(reason, thrown);
  }
});

for (const name of ["readable", "writable"]) {
  test(`${name} is read from its instances alone, and is always the same`, () => {
    const { get, set, enumerable, configurable } = Object.getOwnPropertyDescriptor(CompressionStream.prototype, name);
    assertEquals(set, undefined);
    assertEquals(enumerable, true);
    assertEquals(configurable, true);
    assertEquals(get.name, `get ${name}`);
    for (const receiver of [CompressionStream.prototype, {}, new DecompressionStream("gzip"), undefined]) {
      assertThrows(TypeError, () => get.call(receiver));
    }
    const stream = new CompressionStream("gzip");
    assertEquals(stream[name], stream[name]);
    assertTrue(stream[name] instanceof (name === "readable" ? ReadableStream : WritableStream));
  });
}

for (const format of FORMATS) {
  test(`${format}: what it makes is text again`, async () => {
    const packed = await collect(compress(format, ["some text ", "", "and more of it"]));
    assertEquals(await unpack(format, packed), "some text and more of it");
  });

  test(`${format}: nothing written makes a stream that is complete`, async () => {
    const packed = await collect(compress(format, []));
    assertTrue(packed.length > 0);
    assertEquals(await unpack(format, packed), "");
  });

  test(`${format}: takes large chunks and views of every kind`, async () => {
    const large = new Uint8Array(300_000);
    for (let i = 0; i < large.length; i++) large[i] = (i * i) >> 3;
    const buffer = large.buffer.slice(0, 64);
    const chunks = [
      large,
      buffer,
      new DataView(buffer, 3, 10),
      new Uint16Array(buffer, 2, 4),
      new Float64Array(buffer, 8, 1),
      large.subarray(7, 9),
    ];
    const packed = await collect(compress(format, chunks));
    const unpacked = await collect(new Response(packed).body.pipeThrough(new DecompressionStream(format)));
    const expected = await new Blob(chunks).arrayBuffer();
    assertArrayEquals(unpacked, new Uint8Array(expected));
    assertTrue(packed.length < expected.byteLength);
  });
}

test("gzip, deflate and brotli begin as their formats say, and gzip ends with its length", async () => {
  const gzip = await collect(compress("gzip", ["hello"]));
  assertArrayEquals(gzip.subarray(0, 3), [0x1f, 0x8b, 8]);
  assertArrayEquals(gzip.subarray(-4), [5, 0, 0, 0]);
  const deflate = await collect(compress("deflate", ["hello"]));
  assertEquals(deflate[0] & 0x0f, 8);
  assertEquals(((deflate[0] << 8) | deflate[1]) % 31, 0);
});

test("its chunks are instances of Uint8Array with buffers of their own", async () => {
  const stream = new CompressionStream("deflate");
  const writer = stream.writable.getWriter();
  writer.write(new Uint8Array(10));
  writer.close();
  const { value } = await stream.readable.getReader().read();
  assertTrue(value instanceof Uint8Array);
  assertEquals(value.byteLength, value.buffer.byteLength);
});

for (const chunk of [undefined, null, 3, "text", {}, [65], { length: 2 }, Symbol.iterator]) {
  test(`a chunk that is ${typeof chunk === "object" ? JSON.stringify(chunk) : String(chunk)} fails both sides with a TypeError`, async () => {
    const stream = new CompressionStream("gzip");
    const writer = stream.writable.getWriter();
    const reader = stream.readable.getReader();
    const read = reader.read();
    await Promise.all([
      assertRejects(TypeError, writer.write(chunk), "write"),
      assertRejects(TypeError, read, "read"),
      assertRejects(TypeError, writer.closed, "closed of the writer"),
      assertRejects(TypeError, reader.closed, "closed of the reader"),
    ]);
  });
}

test("a cancelled readable side fails the writable one with the reason", async () => {
  const stream = new CompressionStream("gzip");
  const reason = new Error("enough");
  const writer = stream.writable.getWriter();
  const written = writer.write(new Uint8Array(1));
  await stream.readable.cancel(reason);
  await assertRejectsExactly(reason, written);
  await assertRejectsExactly(reason, writer.write(new Uint8Array(1)));
  await assertRejectsExactly(reason, writer.closed);
});

test("an aborted writable side fails the readable one with the reason", async () => {
  const stream = new CompressionStream("gzip");
  const reason = new Error("no more");
  const read = stream.readable.getReader().read();
  await stream.writable.getWriter().abort(reason);
  await assertRejectsExactly(reason, read);
});

test("it has room for a chunk, which is written when its output is read", async () => {
  const { writable, readable } = new CompressionStream("gzip");
  const writer = writable.getWriter();
  assertEquals(writer.desiredSize, 1);
  let isWritten = false;
  const written = writer.write(new Uint8Array(8)).then(() => {
    isWritten = true;
  });
  assertEquals(writer.desiredSize, 0);
  await nextTask();
  assertFalse(isWritten);
  const reader = readable.getReader();
  const rest = readToEnd(reader);
  await written;
  assertEquals(writer.desiredSize, 1);
  await writer.close();
  await rest;
});

test("many at once keep their content apart", async () => {
  const texts = Array.from({ length: 12 }, (_, i) => `text ${i} `.repeat(1000));
  const packed = await Promise.all(texts.map((text, i) => collect(compress(FORMATS[i % 3], [text]))));
  const unpacked = await Promise.all(packed.map((bytes, i) => unpack(FORMATS[i % 3], bytes)));
  assertArrayEquals(unpacked, texts);
});

test("what was patched on the global and on prototypes is not asked", async () => {
  const { slice } = ArrayBuffer.prototype;
  const { get } = Map.prototype;
  try {
    ArrayBuffer.prototype.slice = Map.prototype.get = () => {
      throw new Error("called");
    };
    const packed = await collect(compress("gzip", ["kept"]));
    assertEquals(packed[0], 0x1f);
  } finally {
    ArrayBuffer.prototype.slice = slice;
    Map.prototype.get = get;
  }
});

function compress(format, chunks) {
  const encoder = new TextEncoder();
  const source = ReadableStream.from(
    chunks.map((chunk) => (typeof chunk === "string" ? encoder.encode(chunk) : chunk)),
  );
  return source.pipeThrough(new CompressionStream(format));
}

async function unpack(format, packed) {
  const stream = new DecompressionStream(format);
  const writer = stream.writable.getWriter();
  writer.write(packed);
  writer.close();
  return new TextDecoder().decode(await collect(stream.readable));
}

async function collect(readable) {
  const chunks = [];
  for await (const chunk of readable) chunks.push(chunk);
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

async function readToEnd(reader) {
  while (!(await reader.read()).done);
}
