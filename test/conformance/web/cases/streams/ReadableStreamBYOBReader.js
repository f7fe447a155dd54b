// https://streams.spec.whatwg.org/#byob-reader-class
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
  assertRejects,
  assertRejectsExactly,
  assertThrows,
  assertTrue,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

const failure = new Error("failed");

test("the constructor locks a byte stream that is free", () => {
  const stream = new ReadableStream({ type: "bytes" });
  new ReadableStreamBYOBReader(stream);
  assertTrue(stream.locked);
  assertThrows(TypeError, () => new ReadableStreamBYOBReader(stream));
  assertThrows(TypeError, () => new ReadableStreamBYOBReader(new ReadableStream()));
  assertThrows(TypeError, () => new ReadableStreamBYOBReader({}));
});

test("read fills the given memory, and takes it away from its owner", async () => {
  const reader = bytes(1, 2, 3).getReader({ mode: "byob" });
  const given = new Uint8Array(8);
  const { buffer } = given;
  const { value, done } = await reader.read(given);
  assertFalse(done);
  assertArrayEquals(value, [1, 2, 3]);
  assertEquals(value.buffer.byteLength, 8);
  assertEquals(buffer.byteLength, 0);
  assertEquals(given.byteLength, 0);
});

test("read answers a view of the kind that it was given", async () => {
  for (const View of [Int8Array, Uint8ClampedArray, DataView]) {
    const { value } = await bytes(1, 2, 3, 4)
      .getReader({ mode: "byob" })
      .read(new View(new ArrayBuffer(8), 2, 3));
    assertEquals(value.constructor, View);
    assertEquals(value.byteOffset, 2);
    assertEquals(value.byteLength, 3);
  }
  const wide = await bytes(1, 0, 2, 0, 3).getReader({ mode: "byob" }).read(new Uint16Array(4));
  assertEquals(wide.value.byteLength, 4);
});

test("read refuses what it cannot fill", async () => {
  const reader = bytes(1).getReader({ mode: "byob" });
  for (const view of [
    undefined,
    null,
    {},
    new ArrayBuffer(1),
    new Uint8Array(0),
    new Uint8Array(new ArrayBuffer(8), 0, 0),
  ]) {
    await assertRejects(TypeError, reader.read(view), Object.prototype.toString.call(view));
  }
  const detached = new Uint8Array(4);
  detached.buffer.transfer();
  await assertRejects(TypeError, reader.read(detached), "detached");
});

test("min has it wait for so many elements", async () => {
  let controller;
  const reader = new ReadableStream({
    type: "bytes",
    start: (c) => {
      controller = c;
    },
  }).getReader({ mode: "byob" });
  let isRead = false;
  const read = reader.read(new Uint8Array(8), { min: 3 }).then((result) => {
    isRead = true;
    return result;
  });
  controller.enqueue(Uint8Array.of(1, 2));
  await Promise.resolve();
  await Promise.resolve();
  assertFalse(isRead);
  controller.enqueue(Uint8Array.of(3, 4));
  assertArrayEquals((await read).value, [1, 2, 3, 4]);
});

test("min counts elements, and is refused where the view has no room for it", async () => {
  const reader = bytes(1, 2, 3, 4).getReader({ mode: "byob" });
  await assertRejects(TypeError, reader.read(new Uint8Array(2), { min: 0 }), "0");
  await assertRejects(RangeError, reader.read(new Uint8Array(2), { min: 3 }), "3 of 2");
  await assertRejects(RangeError, reader.read(new Uint16Array(1), { min: 2 }), "2 of 1");
  await assertRejects(TypeError, reader.read(new Uint8Array(2), { min: -1 }), "-1");
  await assertRejects(TypeError, reader.read(new Uint8Array(2), { min: NaN }), "NaN");
  const { value } = await reader.read(new Uint16Array(2), { min: 2 });
  assertEquals(value.length, 2);
});

test("at the end min answers what there is", async () => {
  let controller;
  const stream = new ReadableStream({
    type: "bytes",
    start: (c) => {
      controller = c;
    },
  });
  const reader = stream.getReader({ mode: "byob" });
  const read = reader.read(new Uint8Array(4), { min: 3 });
  controller.enqueue(Uint8Array.of(1));
  controller.close();
  controller.byobRequest.respond(0);
  const { value, done } = await read;
  assertTrue(done);
  assertArrayEquals(value, [1]);
});

test("min of a stream that is to be closed with less in its queue fails it", async () => {
  await assertRejects(TypeError, bytes(1).getReader({ mode: "byob" }).read(new Uint8Array(4), { min: 3 }));
});

test("read at the end gives the memory back, empty", async () => {
  const stream = new ReadableStream({ type: "bytes", start: (c) => c.close() });
  const { value, done } = await stream.getReader({ mode: "byob" }).read(new Uint8Array(4));
  assertTrue(done);
  assertEquals(value.length, 0);
  assertEquals(value.buffer.byteLength, 4);
});

test("after cancel a read answers no memory", async () => {
  const reader = new ReadableStream({ type: "bytes" }).getReader({ mode: "byob" });
  const read = reader.read(new Uint8Array(4));
  assertEquals(await reader.cancel(), undefined);
  const { value, done } = await read;
  assertTrue(done);
  assertEquals(value, undefined);
});

test("read and closed fail as the stream does", async () => {
  const reader = new ReadableStream({ type: "bytes", start: (c) => c.error(failure) }).getReader({ mode: "byob" });
  await assertRejectsExactly(failure, reader.read(new Uint8Array(1)));
  await assertRejectsExactly(failure, reader.closed);
});

test("releaseLock rejects the reads that wait", async () => {
  const stream = new ReadableStream({ type: "bytes" });
  const reader = stream.getReader({ mode: "byob" });
  const read = reader.read(new Uint8Array(1));
  reader.releaseLock();
  assertFalse(stream.locked);
  await assertRejects(TypeError, read, "read that waited");
  await assertRejects(TypeError, reader.read(new Uint8Array(1)), "read after");
  await assertRejects(TypeError, reader.cancel(), "cancel after");
  await assertRejects(TypeError, reader.closed, "closed after");
});

test("members of others are refused by rejection", async () => {
  const { prototype } = ReadableStreamBYOBReader;
  await assertRejects(TypeError, prototype.read.call({}, new Uint8Array(1)));
  await assertRejects(TypeError, prototype.cancel.call(new ReadableStream().getReader()));
  assertThrows(TypeError, () => prototype.releaseLock.call({}));
});

function bytes(...values) {
  return new ReadableStream({
    type: "bytes",
    start(controller) {
      controller.enqueue(Uint8Array.from(values));
      controller.close();
    },
  });
}
