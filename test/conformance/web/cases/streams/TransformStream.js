// https://streams.spec.whatwg.org/#ts-class
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
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

test("the constructor takes what a transformer may be, and nothing else", () => {
  new TransformStream();
  for (const transformer of [null, 5, "text"])
    assertThrows(TypeError, () => new TransformStream(transformer), String(transformer));
  for (const name of ["start", "transform", "flush", "cancel"])
    assertThrows(TypeError, () => new TransformStream({ [name]: 3 }), name);
  assertThrows(RangeError, () => new TransformStream({ readableType: "bytes" }));
  assertThrows(RangeError, () => new TransformStream({ writableType: "bytes" }));
  assertThrows(RangeError, () => new TransformStream({}, { highWaterMark: -1 }));
  assertThrows(RangeError, () => new TransformStream({}, {}, { highWaterMark: NaN }));
  assertThrowsExactly(
    failure,
    () =>
      new TransformStream({
        start: () => {
          throw failure;
        },
      }),
  );
});

test("readable and writable are a pair, the same each time", () => {
  const stream = new TransformStream();
  assertTrue(stream.readable instanceof ReadableStream);
  assertTrue(stream.writable instanceof WritableStream);
  assertEquals(stream.readable, stream.readable);
  assertEquals(stream.writable, stream.writable);
});

test("without a transformer chunks go on as they are", async () => {
  const { readable, writable } = new TransformStream();
  const chunk = {};
  const writer = writable.getWriter();
  writer.write(chunk);
  writer.close();
  const reader = readable.getReader();
  assertEquals((await reader.read()).value, chunk);
  assertTrue((await reader.read()).done);
});

test("start, transform and flush are called on the transformer, with the controller", async () => {
  const calls = [];
  const transformer = {
    start(c) {
      calls.push("start", this === transformer, c instanceof TransformStreamDefaultController);
    },
    transform(chunk, c) {
      calls.push(chunk, this === transformer, c instanceof TransformStreamDefaultController);
      c.enqueue(chunk);
    },
    flush(c) {
      calls.push("flush", this === transformer, c instanceof TransformStreamDefaultController);
      c.enqueue("last");
    },
  };
  const { readable, writable } = new TransformStream(transformer);
  const writer = writable.getWriter();
  writer.write("a");
  writer.close();
  const chunks = [];
  for await (const chunk of readable) chunks.push(chunk);
  assertArrayEquals(chunks, ["a", "last"]);
  assertArrayEquals(calls, ["start", true, true, "a", true, true, "flush", true, true]);
});

test("the marks are 1 for the writable side and 0 for the readable one, and those that are given", () => {
  const plain = new TransformStream();
  assertEquals(plain.writable.getWriter().desiredSize, 1);
  let controller;
  new TransformStream({
    start: (c) => {
      controller = c;
    },
  });
  assertEquals(controller.desiredSize, 0);
  const given = new TransformStream(
    {
      start: (c) => {
        controller = c;
      },
    },
    { highWaterMark: 5 },
    { highWaterMark: 7 },
  );
  assertEquals(given.writable.getWriter().desiredSize, 5);
  assertEquals(controller.desiredSize, 7);
});

test("a write waits until somebody reads", async () => {
  const { readable, writable } = new TransformStream();
  const writer = writable.getWriter();
  let isWritten = false;
  const write = writer.write("a").then(() => {
    isWritten = true;
  });
  await nextTask();
  assertFalse(isWritten);
  await readable.getReader().read();
  await write;
});

test("what transform throws fails both sides", async () => {
  for (const transform of [
    () => {
      throw failure;
    },
    () => Promise.reject(failure),
  ]) {
    const { readable, writable } = new TransformStream({ transform });
    const writer = writable.getWriter();
    const read = readable.getReader().read();
    await assertRejectsExactly(failure, writer.write("a"));
    await assertRejectsExactly(failure, read);
    await assertRejectsExactly(failure, writer.closed);
  }
});

test("what flush throws fails the readable side and the close", async () => {
  const { readable, writable } = new TransformStream({
    flush: () => {
      throw failure;
    },
  });
  const closed = writable.getWriter().close();
  await assertRejectsExactly(failure, closed);
  await assertRejectsExactly(failure, readable.getReader().read());
});

test("cancel of the readable side calls cancel, and fails the writable one with the reason", async () => {
  let given;
  const { readable, writable } = new TransformStream({
    cancel: (reason) => {
      given = reason;
    },
  });
  await readable.cancel(failure);
  assertEquals(given, failure);
  await assertRejectsExactly(failure, writable.getWriter().closed);
});

test("abort of the writable side calls cancel, and fails the readable one with the reason", async () => {
  let given;
  const { readable, writable } = new TransformStream({
    cancel: (reason) => {
      given = reason;
    },
  });
  await writable.abort(failure);
  assertEquals(given, failure);
  await assertRejectsExactly(failure, readable.getReader().closed);
});

test("what cancel throws is what cancel and abort fail with", async () => {
  const make = () =>
    new TransformStream({
      cancel: () => {
        throw failure;
      },
    });
  const first = make();
  await assertRejectsExactly(failure, first.readable.cancel("why"));
  await assertRejectsExactly(failure, first.writable.getWriter().closed);
  await assertRejectsExactly(failure, make().writable.abort("why"));
});

test("cancel of the transformer is not called where flush was", async () => {
  let calls = 0;
  const { readable, writable } = new TransformStream({
    cancel: () => {
      calls++;
    },
    flush: () => nextTask(),
  });
  const closed = writable.close();
  await nextTask();
  await readable.cancel().catch(() => undefined);
  await closed.catch(() => undefined);
  assertEquals(calls, 0);
});

test("members of others are refused", () => {
  for (const name of ["readable", "writable"]) {
    assertThrows(
      TypeError,
      () => Object.getOwnPropertyDescriptor(TransformStream.prototype, name).get.call(new CompressionStream("gzip")),
      name,
    );
  }
});

test("closing twice is refused", async () => {
  const { writable } = new TransformStream();
  const closed = writable.close();
  await assertRejects(TypeError, writable.close());
  await closed;
});
