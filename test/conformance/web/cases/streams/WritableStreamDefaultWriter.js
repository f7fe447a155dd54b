// https://streams.spec.whatwg.org/#default-writer-class
import {
  assertEquals,
  assertFalse,
  assertNotEquals,
  assertRejects,
  assertRejectsExactly,
  assertThrows,
  assertThrowsExactly,
  assertTrue,
  nextTask,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

const failure = new Error("failed");

test("the constructor locks a stream that is free", () => {
  const stream = new WritableStream();
  new WritableStreamDefaultWriter(stream);
  assertTrue(stream.locked);
  assertThrows(TypeError, () => new WritableStreamDefaultWriter(stream));
  assertThrows(TypeError, () => new WritableStreamDefaultWriter());
  assertThrows(TypeError, () => new WritableStreamDefaultWriter({}));
});

test("desiredSize goes down with what is queued; it is 0 when closed, null when failed, and throws when released", async () => {
  const writer = new WritableStream({}, { highWaterMark: 3 }).getWriter();
  assertEquals(writer.desiredSize, 3);
  const write = writer.write("a");
  assertEquals(writer.desiredSize, 2);
  await write;
  assertEquals(writer.desiredSize, 3);
  await writer.close();
  assertEquals(writer.desiredSize, 0);
  writer.releaseLock();
  assertThrows(TypeError, () => writer.desiredSize);
  const failed = new WritableStream({ start: (c) => c.error(failure) }).getWriter();
  await nextTask();
  assertEquals(failed.desiredSize, null);
});

test("ready is resolved while there is room, and another promise when there is none", async () => {
  let finish;
  const writer = new WritableStream({
    write: () =>
      new Promise((resolve) => {
        finish = resolve;
      }),
  }).getWriter();
  await writer.ready;
  const { ready } = writer;
  writer.write("a");
  assertNotEquals(writer.ready, ready);
  let isReady = false;
  const waited = writer.ready.then(() => {
    isReady = true;
  });
  await nextTask();
  assertFalse(isReady);
  finish();
  await waited;
});

test("ready and closed fail as the stream does", async () => {
  const writer = new WritableStream({
    write: () => {
      throw failure;
    },
  }).getWriter();
  await assertRejectsExactly(failure, writer.write("a"));
  await assertRejectsExactly(failure, writer.ready);
  await assertRejectsExactly(failure, writer.closed);
  await assertRejectsExactly(failure, writer.write("b"));
});

test("closed is resolved when the stream is closed", async () => {
  const writer = new WritableStream().getWriter();
  const { closed } = writer;
  assertEquals(writer.closed, closed);
  writer.close();
  assertEquals(await closed, undefined);
});

test("write asks size, whose failure is the stream's", async () => {
  const writer = new WritableStream(
    {},
    {
      size: () => {
        throw failure;
      },
    },
  ).getWriter();
  await assertRejectsExactly(failure, writer.write("a"));
  await assertRejectsExactly(failure, writer.closed);
  await assertRejects(RangeError, new WritableStream({}, { size: () => -1 }).getWriter().write("a"));
});

test("write is refused after close, and of a writer that was released", async () => {
  const writer = new WritableStream().getWriter();
  const closed = writer.close();
  await assertRejects(TypeError, writer.write("a"));
  await closed;
  await assertRejects(TypeError, writer.write("a"));
  await assertRejects(TypeError, writer.close());
  writer.releaseLock();
  await assertRejects(TypeError, writer.write("a"));
});

test("abort gives the reason on, and answers the same promise's end to who asks twice", async () => {
  let reason;
  const writer = new WritableStream({
    abort: (r) => {
      reason = r;
    },
  }).getWriter();
  await Promise.all([writer.abort(failure), writer.abort("again")]);
  assertEquals(reason, failure);
  await assertRejectsExactly(failure, writer.closed);
});

test("releaseLock makes all of it useless, and leaves the stream as it is", async () => {
  const stream = new WritableStream();
  const writer = stream.getWriter();
  assertEquals(writer.releaseLock(), undefined);
  writer.releaseLock();
  assertFalse(stream.locked);
  await assertRejects(TypeError, writer.ready);
  await assertRejects(TypeError, writer.closed);
  await assertRejects(TypeError, writer.abort());
  await assertRejects(TypeError, writer.close());
  await stream.getWriter().write("a");
});

test("members of others are refused, promises by rejection", async () => {
  const { prototype } = WritableStreamDefaultWriter;
  const getter = (name) => Object.getOwnPropertyDescriptor(prototype, name).get;
  await assertRejects(TypeError, getter("closed").call({}));
  await assertRejects(TypeError, getter("ready").call({}));
  assertThrows(TypeError, () => getter("desiredSize").call({}));
  for (const name of ["abort", "close", "write"]) await assertRejects(TypeError, prototype[name].call({}), name);
  assertThrows(TypeError, () => prototype.releaseLock.call({}));
});

test("what size throws, it throws to nobody else", () => {
  assertThrowsExactly(
    failure,
    () =>
      new WritableStream(
        {},
        {
          get size() {
            throw failure;
          },
        },
      ),
  );
});
