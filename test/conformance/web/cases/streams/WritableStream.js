// https://streams.spec.whatwg.org/#ws-class
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

test("the constructor takes what a sink may be, and nothing else", () => {
  new WritableStream();
  new WritableStream({});
  for (const sink of [null, 5, "text"]) assertThrows(TypeError, () => new WritableStream(sink), String(sink));
  for (const type of ["bytes", "", null]) assertThrows(RangeError, () => new WritableStream({ type }), String(type));
  new WritableStream({ type: undefined });
  for (const name of ["start", "write", "close", "abort"])
    assertThrows(TypeError, () => new WritableStream({ [name]: 3 }), name);
  assertThrows(RangeError, () => new WritableStream({}, { highWaterMark: -1 }));
  assertThrows(TypeError, () => new WritableStream({}, { size: 5 }));
  assertThrows(TypeError, () => WritableStream());
});

test("start throws out of the constructor; its rejection is the stream's failure", async () => {
  assertThrowsExactly(
    failure,
    () =>
      new WritableStream({
        start: () => {
          throw failure;
        },
      }),
  );
  await assertRejectsExactly(failure, new WritableStream({ start: () => Promise.reject(failure) }).getWriter().closed);
});

test("start, write, close and abort are called on the sink, with what they are for", async () => {
  const calls = [];
  const sink = {
    start(controller) {
      calls.push(["start", this === sink, controller instanceof WritableStreamDefaultController]);
    },
    write(chunk, controller) {
      calls.push(["write", this === sink, chunk, controller instanceof WritableStreamDefaultController]);
    },
    close(...args) {
      calls.push(["close", this === sink, args.length]);
    },
    abort(reason) {
      calls.push(["abort", this === sink, reason]);
    },
  };
  const writer = new WritableStream(sink).getWriter();
  writer.write("a");
  await writer.close();
  await new WritableStream(sink).abort("why");
  assertEquals(
    JSON.stringify(calls),
    JSON.stringify([
      ["start", true, true],
      ["write", true, "a", true],
      ["close", true, 0],
      ["start", true, true],
      ["abort", true, "why"],
    ]),
  );
});

test("locked says whether there is a writer", () => {
  const stream = new WritableStream();
  assertFalse(stream.locked);
  const writer = stream.getWriter();
  assertTrue(stream.locked);
  assertThrows(TypeError, () => stream.getWriter());
  writer.releaseLock();
  assertFalse(stream.locked);
});

test("getWriter answers a writer", () => {
  assertTrue(new WritableStream().getWriter() instanceof WritableStreamDefaultWriter);
});

test("abort throws away what is queued, once what is under way is done", async () => {
  const written = [];
  let finish;
  const stream = new WritableStream({
    write: (chunk) => {
      written.push(chunk);
      return new Promise((resolve) => {
        finish = resolve;
      });
    },
    abort: () => {
      written.push("abort");
    },
  });
  const writer = stream.getWriter();
  await writer.ready;
  const first = writer.write("a");
  const second = writer.write("b");
  const aborted = writer.abort(failure);
  await nextTask();
  assertArrayEquals(written, ["a"]);
  finish();
  await first;
  await assertRejectsExactly(failure, second);
  assertEquals(await aborted, undefined);
  assertArrayEquals(written, ["a", "abort"]);
});

test("abort is refused of a locked stream, and fails as the sink's does", async () => {
  const locked = new WritableStream();
  locked.getWriter();
  await assertRejects(TypeError, locked.abort());
  await assertRejectsExactly(
    failure,
    new WritableStream({
      abort: () => {
        throw failure;
      },
    }).abort("why"),
  );
});

test("abort of a stream that is closed or failed does nothing", async () => {
  const stream = new WritableStream({
    abort: () => {
      throw failure;
    },
  });
  await stream.close();
  assertEquals(await stream.abort(), undefined);
  const failed = new WritableStream({ start: (c) => c.error(failure) });
  await nextTask();
  assertEquals(await failed.abort(), undefined);
});

test("close waits for what is queued, and is refused twice and of a locked stream", async () => {
  const written = [];
  const stream = new WritableStream({
    write: async (chunk) => {
      await nextTask();
      written.push(chunk);
    },
    close: () => {
      written.push("close");
    },
  });
  const writer = stream.getWriter();
  writer.write("a");
  writer.releaseLock();
  const closed = stream.close();
  await assertRejects(TypeError, stream.close());
  assertEquals(await closed, undefined);
  assertArrayEquals(written, ["a", "close"]);
  const locked = new WritableStream();
  locked.getWriter();
  await assertRejects(TypeError, locked.close());
});

test("close fails as the sink's does", async () => {
  await assertRejectsExactly(failure, new WritableStream({ close: () => Promise.reject(failure) }).close());
});

test("writes go to the sink one at a time, in order", async () => {
  const events = [];
  const stream = new WritableStream({
    async write(chunk) {
      events.push(`begin ${chunk}`);
      await nextTask();
      events.push(`end ${chunk}`);
    },
  });
  const writer = stream.getWriter();
  await Promise.all([writer.write(1), writer.write(2)]);
  assertArrayEquals(events, ["begin 1", "end 1", "begin 2", "end 2"]);
});

test("members of others are refused, promises by rejection", async () => {
  const { prototype } = WritableStream;
  assertThrows(TypeError, () => Object.getOwnPropertyDescriptor(prototype, "locked").get.call({}));
  assertThrows(TypeError, () => prototype.getWriter.call(new ReadableStream()));
  await assertRejects(TypeError, prototype.abort.call({}));
  await assertRejects(TypeError, prototype.close.call({}));
});
