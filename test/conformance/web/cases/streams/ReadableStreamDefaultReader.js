// https://streams.spec.whatwg.org/#default-reader-class
import {
  assertEquals,
  assertFalse,
  assertNotEquals,
  assertRejects,
  assertRejectsExactly,
  assertThrows,
  assertTrue,
  nextTask,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

const failure = new Error("failed");

test("the constructor locks a stream that is free", () => {
  const stream = new ReadableStream();
  new ReadableStreamDefaultReader(stream);
  assertTrue(stream.locked);
  assertThrows(TypeError, () => new ReadableStreamDefaultReader(stream));
  assertThrows(TypeError, () => new ReadableStreamDefaultReader());
  assertThrows(TypeError, () => new ReadableStreamDefaultReader({}));
});

test("read answers what is there, what comes, and the end", async () => {
  let controller;
  const reader = new ReadableStream({
    start: (c) => {
      controller = c;
    },
  }).getReader();
  controller.enqueue("a");
  const first = await reader.read();
  assertEquals(JSON.stringify(first), JSON.stringify({ value: "a", done: false }));
  assertEquals(Object.getPrototypeOf(first), Object.prototype);
  const second = reader.read();
  const third = reader.read();
  controller.enqueue("b");
  controller.close();
  assertEquals((await second).value, "b");
  const end = await third;
  assertTrue(end.done);
  assertTrue("value" in end);
  assertEquals(end.value, undefined);
});

test("read fails as the stream does, and after its chunks are gone", async () => {
  const reader = new ReadableStream({
    start(c) {
      c.enqueue("a");
      c.error(failure);
    },
  }).getReader();
  await assertRejectsExactly(failure, reader.read());
  await assertRejectsExactly(failure, reader.closed);
});

test("a chunk that is a promise or has a then is read as it is", async () => {
  const thenable = {
    // biome-ignore lint/suspicious/noThenProperty: what this is about
    then() {
      throw failure;
    },
  };
  const reader = new ReadableStream({ start: (c) => c.enqueue(thenable) }).getReader();
  assertEquals((await reader.read()).value, thenable);
});

test("closed is resolved at the end, and one promise until the lock is given up", async () => {
  let controller;
  const stream = new ReadableStream({
    start: (c) => {
      controller = c;
    },
  });
  const reader = stream.getReader();
  const { closed } = reader;
  assertEquals(reader.closed, closed);
  controller.close();
  assertEquals(await closed, undefined);
  reader.releaseLock();
  assertNotEquals(reader.closed, closed);
  await assertRejects(TypeError, reader.closed);
});

test("cancel gives the reason on, and closes", async () => {
  let reason;
  const reader = new ReadableStream({
    cancel: (r) => {
      reason = r;
    },
  }).getReader();
  const read = reader.read();
  assertEquals(await reader.cancel("why"), undefined);
  assertEquals(reason, "why");
  assertTrue((await read).done);
  await reader.closed;
});

test("releaseLock rejects the reads that wait, and the reader is of no use after it", async () => {
  const stream = new ReadableStream();
  const reader = stream.getReader();
  const read = reader.read();
  assertEquals(reader.releaseLock(), undefined);
  reader.releaseLock();
  assertFalse(stream.locked);
  await assertRejects(TypeError, read, "read that waited");
  await assertRejects(TypeError, reader.read(), "read after");
  await assertRejects(TypeError, reader.cancel(), "cancel after");
  await assertRejects(TypeError, reader.closed, "closed after");
});

test("what one reader did not read, the next does", async () => {
  let controller;
  const stream = new ReadableStream({
    start: (c) => {
      controller = c;
    },
  });
  const first = stream.getReader();
  const lost = first.read();
  first.releaseLock();
  const second = stream.getReader();
  const read = second.read();
  controller.enqueue("a");
  assertEquals((await read).value, "a");
  await assertRejects(TypeError, lost);
});

test("members of others are refused, promises by rejection", async () => {
  const { prototype } = ReadableStreamDefaultReader;
  await assertRejects(TypeError, Object.getOwnPropertyDescriptor(prototype, "closed").get.call({}));
  await assertRejects(TypeError, prototype.read.call({}));
  await assertRejects(TypeError, prototype.cancel.call(new ReadableStream()));
  assertThrows(TypeError, () => prototype.releaseLock.call({}));
  await assertRejects(
    TypeError,
    prototype.read.call(new ReadableStream({ type: "bytes" }).getReader({ mode: "byob" })),
  );
});

test("a rejected closed that nobody looks at is no unhandled rejection", async () => {
  let seen;
  const listen = (event) => {
    seen = event.reason;
  };
  addEventListener("unhandledrejection", listen);
  new ReadableStream({ start: (c) => c.error(failure) }).getReader().releaseLock();
  await nextTask();
  removeEventListener("unhandledrejection", listen);
  assertEquals(seen, undefined);
});
