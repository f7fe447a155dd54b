// https://streams.spec.whatwg.org/#rs-transfer, #ws-transfer, #ts-transfer
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
  assertNotEquals,
  assertRejects,
  assertRejectsDom,
  assertThrowsDom,
  assertTrue,
  nextTask,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

const transferred = (stream) => structuredClone(stream, { transfer: [stream] });

test("a ReadableStream is another one after it, and the first is locked", async () => {
  const stream = ReadableStream.from(["a", { b: 1 }]);
  const other = transferred(stream);
  assertTrue(other instanceof ReadableStream);
  assertNotEquals(other, stream);
  assertTrue(stream.locked);
  assertFalse(other.locked);
  const chunks = [];
  for await (const chunk of other) chunks.push(chunk);
  assertEquals(chunks[0], "a");
  assertEquals(chunks[1].b, 1);
});

test("chunks are cloned", async () => {
  const chunk = { when: new Date(0), bytes: Uint8Array.of(1) };
  const other = transferred(ReadableStream.from([chunk]));
  const { value } = await other.getReader().read();
  assertNotEquals(value, chunk);
  assertEquals(value.when.getTime(), 0);
  assertArrayEquals(value.bytes, [1]);
  assertArrayEquals(chunk.bytes, [1]);
});

test("a chunk that cannot be cloned fails the reader, and cancels the source", async () => {
  let reason;
  const source = new ReadableStream({
    pull: (c) => c.enqueue(() => 1),
    cancel: (r) => {
      reason = r;
    },
  });
  await assertRejectsDom("DataCloneError", transferred(source).getReader().read());
  assertEquals(reason.name, "DataCloneError");
});

test("a failure crosses as a clone, and a cancel with its reason", async () => {
  const failure = new RangeError("failed");
  await assertRejects(
    RangeError,
    transferred(new ReadableStream({ start: (c) => c.error(failure) }))
      .getReader()
      .read(),
  );
  let reason;
  await transferred(
    new ReadableStream({
      cancel: (r) => {
        reason = r;
      },
    }),
  ).cancel({ why: 1 });
  assertEquals(reason.why, 1);
});

test("nothing is read before somebody reads", async () => {
  let pulls = 0;
  const other = transferred(new ReadableStream({ pull: (c) => c.enqueue(++pulls) }, { highWaterMark: 0 }));
  await nextTask();
  assertEquals(pulls, 0);
  const reader = other.getReader();
  assertEquals((await reader.read()).value, 1);
  await nextTask();
  assertEquals(pulls, 1);
});

test("a WritableStream writes to the first one, which is locked", async () => {
  const written = [];
  const stream = new WritableStream({
    write: (chunk) => {
      written.push(chunk);
    },
    close: () => {
      written.push("close");
    },
  });
  const other = transferred(stream);
  assertTrue(stream.locked);
  assertTrue(other instanceof WritableStream);
  const writer = other.getWriter();
  const chunk = { a: 1 };
  await writer.write(chunk);
  await writer.close();
  assertEquals(written[0].a, 1);
  assertNotEquals(written[0], chunk);
  assertEquals(written[1], "close");
});

test("the sink's failure fails it, and an abort gives its reason on", async () => {
  const writer = transferred(
    new WritableStream({
      write: () => {
        throw new RangeError("full");
      },
    }),
  ).getWriter();
  writer.write("a").catch(() => undefined);
  await assertRejects(RangeError, writer.closed);
  let reason;
  await transferred(
    new WritableStream({
      abort: (r) => {
        reason = r;
      },
    }),
  ).abort({ why: 2 });
  assertEquals(reason.why, 2);
  let failure;
  const other = transferred(
    new WritableStream({
      abort: (r) => {
        failure = r;
      },
    }),
  ).getWriter();
  await assertRejectsDom(
    "DataCloneError",
    other.write(() => 1),
  );
  assertEquals(failure.name, "DataCloneError");
});

test("a TransformStream goes with both of its sides", async () => {
  const stream = new TransformStream({ transform: (chunk, c) => c.enqueue(chunk + 1) });
  const other = transferred(stream);
  assertTrue(other instanceof TransformStream);
  assertTrue(stream.readable.locked && stream.writable.locked);
  assertEquals(other.readable, other.readable);
  const writer = other.writable.getWriter();
  writer.write(1);
  writer.close();
  const reader = other.readable.getReader();
  assertEquals((await reader.read()).value, 2);
  assertTrue((await reader.read()).done);
});

test("a locked stream is not transferred, and nothing else is that is listed with it", () => {
  const locked = [new ReadableStream(), new WritableStream(), new TransformStream(), new TransformStream()];
  locked[0].getReader();
  locked[1].getWriter();
  locked[2].readable.getReader();
  locked[3].writable.getWriter();
  for (const stream of locked) {
    const buffer = new ArrayBuffer(4);
    assertThrowsDom("DataCloneError", () => structuredClone(stream, { transfer: [buffer, stream] }));
    assertEquals(buffer.byteLength, 4);
  }
});

test("without being listed none is cloned, nor are their readers, writers and controllers", () => {
  let controller;
  const stream = new ReadableStream({
    start: (c) => {
      controller = c;
    },
  });
  for (const value of [
    stream,
    new WritableStream(),
    new TransformStream(),
    controller,
    stream.getReader(),
    new WritableStream().getWriter(),
    new CountQueuingStrategy({ highWaterMark: 1 }),
  ]) {
    assertThrowsDom("DataCloneError", () => structuredClone(value), Object.prototype.toString.call(value));
    if (!(value instanceof WritableStream) && !(value instanceof TransformStream))
      assertThrowsDom("DataCloneError", () => structuredClone(1, { transfer: [value] }));
  }
});

test("goes through a MessagePort", async () => {
  const { port1, port2 } = new MessageChannel();
  const stream = ReadableStream.from(["a"]);
  const received = new Promise((resolve) => {
    port2.onmessage = ({ data }) => resolve(data);
  });
  port1.postMessage({ stream }, [stream]);
  const other = (await received).stream;
  assertEquals((await other.getReader().read()).value, "a");
  port1.close();
});

test("can be transferred again", async () => {
  const other = transferred(transferred(transferred(ReadableStream.from(["a"]))));
  assertEquals((await other.getReader().read()).value, "a");
});
