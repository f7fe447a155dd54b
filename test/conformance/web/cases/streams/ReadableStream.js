// https://streams.spec.whatwg.org/#rs-class
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
  assertNotEquals,
  assertRejects,
  assertRejectsDom,
  assertRejectsExactly,
  assertThrows,
  assertThrowsExactly,
  assertTrue,
  nextTask,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

const failure = new Error("the source failed");

test("the constructor takes what a source may be, and nothing else", () => {
  new ReadableStream();
  new ReadableStream({});
  new ReadableStream(undefined, undefined);
  for (const source of [null, 5, "text"]) assertThrows(TypeError, () => new ReadableStream(source), String(source));
  assertThrows(TypeError, () => new ReadableStream({ type: "text" }));
  assertThrows(TypeError, () => new ReadableStream({ type: null }));
  for (const name of ["start", "pull", "cancel"])
    assertThrows(TypeError, () => new ReadableStream({ [name]: 3 }), name);
  assertThrows(RangeError, () => new ReadableStream({ type: "bytes" }, { size: () => 1 }));
  assertThrows(TypeError, () => new ReadableStream({ type: "bytes", autoAllocateChunkSize: 0 }));
  assertThrows(TypeError, () => ReadableStream());
});

test("the constructor takes a strategy", () => {
  for (const highWaterMark of [-1, NaN, "text", -Infinity]) {
    assertThrows(RangeError, () => new ReadableStream({}, { highWaterMark }), String(highWaterMark));
  }
  assertThrows(TypeError, () => new ReadableStream({}, { size: 5 }));
  new ReadableStream({}, { highWaterMark: Infinity });
  new ReadableStream({}, { highWaterMark: "7" });
});

test("start throws out of the constructor; what it returns is waited for", async () => {
  assertThrowsExactly(
    failure,
    () =>
      new ReadableStream({
        start: () => {
          throw failure;
        },
      }),
  );
  let isStarted;
  const started = new Promise((resolve) => {
    isStarted = resolve;
  });
  let pulls = 0;
  new ReadableStream({
    start: () => started,
    pull: () => {
      pulls++;
    },
  });
  await nextTask();
  assertEquals(pulls, 0);
  isStarted();
  await nextTask();
  assertEquals(pulls, 1);
});

test("start, pull and cancel are called on the source, with the controller or the reason", async () => {
  const calls = [];
  class Source {
    start(...args) {
      calls.push(["start", this === source, args.length, args[0] instanceof ReadableStreamDefaultController]);
    }
    pull(...args) {
      calls.push(["pull", this === source, args.length]);
    }
    cancel(...args) {
      calls.push(["cancel", this === source, ...args]);
    }
  }
  const source = new Source();
  const stream = new ReadableStream(source);
  await nextTask();
  await stream.cancel("why");
  assertEquals(
    JSON.stringify(calls),
    JSON.stringify([
      ["start", true, 1, true],
      ["pull", true, 1],
      ["cancel", true, "why"],
    ]),
  );
});

test("locked says whether there is a reader", () => {
  const stream = new ReadableStream();
  assertFalse(stream.locked);
  const reader = stream.getReader();
  assertTrue(stream.locked);
  reader.releaseLock();
  assertFalse(stream.locked);
});

test("getReader answers a reader of the kind that is asked for", () => {
  assertTrue(new ReadableStream().getReader() instanceof ReadableStreamDefaultReader);
  assertTrue(new ReadableStream().getReader({ mode: undefined }) instanceof ReadableStreamDefaultReader);
  assertTrue(new ReadableStream({ type: "bytes" }).getReader({ mode: "byob" }) instanceof ReadableStreamBYOBReader);
  assertThrows(TypeError, () => new ReadableStream().getReader({ mode: "byob" }));
  assertThrows(TypeError, () => new ReadableStream().getReader({ mode: "other" }));
  assertThrows(TypeError, () => new ReadableStream().getReader({ mode: null }));
  const stream = new ReadableStream();
  stream.getReader();
  assertThrows(TypeError, () => stream.getReader());
});

test("cancel closes, empties the queue, and gives the reason to the source", async () => {
  let reason;
  const stream = new ReadableStream({
    start: (c) => c.enqueue("a"),
    cancel: (r) => {
      reason = r;
    },
  });
  assertEquals(await stream.cancel("why"), undefined);
  assertEquals(reason, "why");
  assertTrue((await stream.getReader().read()).done);
});

test("cancel fails with what the source's cancel throws, of a locked stream, and of one that failed", async () => {
  await assertRejectsExactly(
    failure,
    new ReadableStream({
      cancel: () => {
        throw failure;
      },
    }).cancel(),
  );
  await assertRejectsExactly(failure, new ReadableStream({ cancel: () => Promise.reject(failure) }).cancel());
  const locked = new ReadableStream();
  locked.getReader();
  await assertRejects(TypeError, locked.cancel());
  await assertRejectsExactly(failure, new ReadableStream({ start: (c) => c.error(failure) }).cancel());
  assertEquals(await new ReadableStream({ start: (c) => c.close() }).cancel(), undefined);
});

test("is iterated to its end, and unlocked after it", async () => {
  const stream = source("a", "b", "c");
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  assertArrayEquals(chunks, ["a", "b", "c"]);
  assertFalse(stream.locked);
});

test("leaving an iteration cancels, but with preventCancel", async () => {
  let cancelled = 0;
  const make = () =>
    new ReadableStream({
      pull: (c) => c.enqueue("a"),
      cancel: () => {
        cancelled++;
      },
    });
  const first = make();
  for await (const _ of first) break;
  assertEquals(cancelled, 1);
  assertFalse(first.locked);
  const second = make();
  for await (const _ of second.values({ preventCancel: true })) break;
  assertEquals(cancelled, 1);
  assertEquals((await second.getReader().read()).value, "a");
  const third = make();
  try {
    for await (const _ of third) throw failure;
  } catch (thrown) {
    assertEquals(thrown, failure);
  }
  assertEquals(cancelled, 2);
});

test("an iteration fails as the stream does", async () => {
  const stream = new ReadableStream({ pull: (c) => c.error(failure) });
  await assertRejectsExactly(
    failure,
    (async () => {
      for await (const _ of stream);
    })(),
  );
  assertFalse(stream.locked);
});

test("values and Symbol.asyncIterator are one function, and its iterators inherit from %AsyncIteratorPrototype%", () => {
  assertEquals(ReadableStream.prototype[Symbol.asyncIterator], ReadableStream.prototype.values);
  const { enumerable, writable, configurable } = Object.getOwnPropertyDescriptor(
    ReadableStream.prototype,
    Symbol.asyncIterator,
  );
  assertArrayEquals([enumerable, writable, configurable], [false, true, true]);
  const prototype = Object.getPrototypeOf(new ReadableStream().values());
  const inherited = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype);
  assertEquals(Object.getPrototypeOf(prototype), inherited);
  assertArrayEquals(Reflect.ownKeys(prototype), ["next", "return"]);
  for (const name of ["next", "return"]) {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
    assertArrayEquals([descriptor.enumerable, descriptor.writable, descriptor.configurable], [true, true, true]);
    assertEquals(descriptor.value.name, name);
  }
  assertEquals(prototype.next.length, 0);
  assertEquals(prototype.return.length, 1);
});

test("an iterator of another object is refused by a rejection", async () => {
  const prototype = Object.getPrototypeOf(new ReadableStream().values());
  await assertRejects(TypeError, prototype.next.call({}));
  await assertRejects(TypeError, prototype.return.call({}));
});

test("next is called again before the one before is done: answers come in order", async () => {
  const iterator = source(1, 2).values();
  const calls = [iterator.next(), iterator.next(), iterator.next(), iterator.return("end"), iterator.next()];
  const results = await Promise.all(calls);
  assertArrayEquals(
    results.map(({ value }) => value),
    [1, 2, undefined, "end", undefined],
  );
  assertArrayEquals(
    results.map(({ done }) => done),
    [false, false, true, true, true],
  );
});

test("return answers its argument, and next after it is done", async () => {
  const stream = source(1, 2);
  const iterator = stream.values();
  const { done, value } = await iterator.return("mine");
  assertTrue(done);
  assertEquals(value, "mine");
  assertTrue((await iterator.next()).done);
  assertFalse(stream.locked);
});

test("from takes arrays, generators, strings as iterables, and streams", async () => {
  assertArrayEquals(await collect(ReadableStream.from(["a", "b"])), ["a", "b"]);
  assertArrayEquals(await collect(ReadableStream.from("xy")), ["x", "y"]);
  assertArrayEquals(await collect(ReadableStream.from(new Set([1, 2]))), [1, 2]);
  assertArrayEquals(
    await collect(
      ReadableStream.from(
        (function* () {
          yield 1;
          yield 2;
        })(),
      ),
    ),
    [1, 2],
  );
  assertArrayEquals(
    await collect(
      ReadableStream.from(
        (async function* () {
          yield 1;
          yield Promise.resolve(2);
        })(),
      ),
    ),
    [1, 2],
  );
  assertArrayEquals(await collect(ReadableStream.from(source("s"))), ["s"]);
  assertArrayEquals(await collect(ReadableStream.from([Promise.resolve("p")])), ["p"]);
  for (const value of [null, undefined, 0, NaN, true, {}, () => 1, Symbol()]) {
    assertThrows(TypeError, () => ReadableStream.from(value), String(value));
  }
  assertThrows(TypeError, () => ReadableStream.from({ [Symbol.iterator]: () => 5 }));
  assertThrowsExactly(failure, () =>
    ReadableStream.from({
      get [Symbol.asyncIterator]() {
        throw failure;
      },
    }),
  );
});

test("from asks for one at a time, and only when somebody reads", async () => {
  let asked = 0;
  const stream = ReadableStream.from({
    [Symbol.asyncIterator]: () => ({ next: async () => ({ done: false, value: ++asked }) }),
  });
  await nextTask();
  assertEquals(asked, 0);
  const reader = stream.getReader();
  assertEquals((await reader.read()).value, 1);
  await nextTask();
  assertEquals(asked, 1);
});

test("from calls return when it is cancelled, and fails as the iterator does", async () => {
  let given;
  const make = (result) =>
    ReadableStream.from({
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: 1 }),
        return: async (reason) => {
          given = reason;
          return result;
        },
      }),
    });
  await make({ done: true }).cancel("why");
  assertEquals(given, "why");
  await assertRejects(TypeError, make(5).cancel());
  await assertRejectsExactly(
    failure,
    ReadableStream.from({
      [Symbol.asyncIterator]: () => ({
        next: () => {
          throw failure;
        },
      }),
    })
      .getReader()
      .read(),
  );
  await assertRejects(
    TypeError,
    ReadableStream.from({ [Symbol.asyncIterator]: () => ({ next: async () => 5 }) })
      .getReader()
      .read(),
  );
});

test("tee gives each branch all chunks, and cancels the source when both are", async () => {
  let reasons;
  const stream = new ReadableStream({
    start(c) {
      c.enqueue("a");
      c.enqueue("b");
      c.close();
    },
  });
  const [left, right] = stream.tee();
  assertTrue(stream.locked);
  assertArrayEquals(await collect(left), ["a", "b"]);
  assertArrayEquals(await collect(right), ["a", "b"]);
  const [first, second] = new ReadableStream({
    cancel: (r) => {
      reasons = r;
    },
  }).tee();
  const ended = first.cancel("one");
  await nextTask();
  assertEquals(reasons, undefined);
  await second.cancel("two");
  await ended;
  assertArrayEquals(reasons, ["one", "two"]);
});

test("tee of a stream that fails fails both branches; of a locked one it throws", async () => {
  let controller;
  const [left, right] = new ReadableStream({
    start: (c) => {
      controller = c;
    },
  }).tee();
  const reads = [left.getReader().read(), right.getReader().read()];
  controller.error(failure);
  for (const read of reads) await assertRejectsExactly(failure, read);
  const locked = new ReadableStream();
  locked.getReader();
  assertThrows(TypeError, () => locked.tee());
});

test("tee of a byte stream gives byte streams whose chunks have buffers of their own", async () => {
  const [left, right] = new ReadableStream({
    type: "bytes",
    start(c) {
      c.enqueue(Uint8Array.of(1, 2));
      c.close();
    },
  }).tee();
  const a = (await left.getReader({ mode: "byob" }).read(new Uint8Array(8))).value;
  const b = (await right.getReader().read()).value;
  assertArrayEquals(a, [1, 2]);
  assertArrayEquals(b, [1, 2]);
  assertNotEquals(a.buffer, b.buffer);
});

test("pipeTo writes all, closes, and unlocks both", async () => {
  const written = [];
  const from = source("a", "b");
  const to = new WritableStream({
    write: (chunk) => {
      written.push(chunk);
    },
    close: () => {
      written.push("closed");
    },
  });
  const piped = from.pipeTo(to);
  assertTrue(from.locked);
  assertTrue(to.locked);
  assertEquals(await piped, undefined);
  assertArrayEquals(written, ["a", "b", "closed"]);
  assertFalse(from.locked);
  assertFalse(to.locked);
});

test("pipeTo rejects what it cannot pipe", async () => {
  await assertRejects(TypeError, new ReadableStream().pipeTo());
  await assertRejects(TypeError, new ReadableStream().pipeTo({}));
  await assertRejects(TypeError, ReadableStream.prototype.pipeTo.call({}, new WritableStream()));
  await assertRejects(TypeError, new ReadableStream().pipeTo(new WritableStream(), 5));
  const lockedFrom = new ReadableStream();
  lockedFrom.getReader();
  await assertRejects(TypeError, lockedFrom.pipeTo(new WritableStream()));
  const lockedTo = new WritableStream();
  lockedTo.getWriter();
  await assertRejects(TypeError, new ReadableStream().pipeTo(lockedTo));
  for (const signal of [null, "text", {}, { aborted: true, addEventListener() {} }]) {
    await assertRejects(TypeError, new ReadableStream().pipeTo(new WritableStream(), { signal }), "signal");
  }
});

test("pipeTo carries a failure of the source to the sink, but with preventAbort", async () => {
  let aborted;
  const sink = () =>
    new WritableStream({
      abort: (reason) => {
        aborted = reason;
      },
    });
  await assertRejectsExactly(failure, new ReadableStream({ start: (c) => c.error(failure) }).pipeTo(sink()));
  assertEquals(aborted, failure);
  aborted = undefined;
  const kept = sink();
  await assertRejectsExactly(
    failure,
    new ReadableStream({ start: (c) => c.error(failure) }).pipeTo(kept, { preventAbort: true }),
  );
  assertEquals(aborted, undefined);
  await kept.getWriter().write("still writable");
});

test("pipeTo carries a failure of the sink to the source, but with preventCancel", async () => {
  let cancelled;
  const from = () =>
    new ReadableStream({
      pull: (c) => c.enqueue("a"),
      cancel: (reason) => {
        cancelled = reason;
      },
    });
  const to = () =>
    new WritableStream({
      write: () => {
        throw failure;
      },
    });
  await assertRejectsExactly(failure, from().pipeTo(to()));
  assertEquals(cancelled, failure);
  cancelled = undefined;
  await assertRejectsExactly(failure, from().pipeTo(to(), { preventCancel: true }));
  assertEquals(cancelled, undefined);
});

test("pipeTo leaves the sink open with preventClose, and fails where the sink is closed", async () => {
  const to = new WritableStream();
  await source("a").pipeTo(to, { preventClose: true });
  await to.getWriter().close();
  await assertRejects(
    TypeError,
    source("b")
      .pipeTo(to, {})
      .catch(async () => {
        throw new TypeError();
      }),
  );
});

test("pipeTo ends with the reason of its signal, on both sides", async () => {
  const ends = [];
  const from = new ReadableStream({
    cancel: (reason) => {
      ends.push(reason);
    },
  });
  const to = new WritableStream({
    abort: (reason) => {
      ends.push(reason);
    },
  });
  const controller = new AbortController();
  const piped = from.pipeTo(to, { signal: controller.signal });
  await nextTask();
  controller.abort(failure);
  await assertRejectsExactly(failure, piped);
  assertArrayEquals(ends, [failure, failure]);
  assertFalse(from.locked);
  await assertRejectsDom(
    "AbortError",
    new ReadableStream().pipeTo(new WritableStream(), { signal: AbortSignal.abort() }),
  );
});

test("pipeTo with a signal leaves what preventAbort and preventCancel keep", async () => {
  const ends = [];
  const from = new ReadableStream({
    cancel: () => {
      ends.push("cancel");
    },
  });
  const to = new WritableStream({
    abort: () => {
      ends.push("abort");
    },
  });
  const options = { signal: AbortSignal.abort(failure), preventAbort: true, preventCancel: true };
  await assertRejectsExactly(failure, from.pipeTo(to, options));
  assertEquals(ends.length, 0);
});

test("pipeTo reads as the sink has room, and no further", async () => {
  let pulled = 0;
  const from = new ReadableStream({ pull: (c) => c.enqueue(++pulled) }, { highWaterMark: 0 });
  const to = new WritableStream({ write: () => new Promise(() => undefined) }, { highWaterMark: 2 });
  from.pipeTo(to);
  await nextTask();
  await nextTask();
  assertEquals(pulled, 2);
});

test("pipeThrough answers the readable side, and pipes into the writable one", async () => {
  const pair = new TransformStream({ transform: (chunk, c) => c.enqueue(chunk * 2) });
  const out = source(1, 2).pipeThrough(pair);
  assertEquals(out, pair.readable);
  assertArrayEquals(await collect(out), [2, 4]);
  assertEquals(source().pipeThrough({ readable: out, writable: new WritableStream() }), out);
});

test("pipeThrough throws for what is no pair, and marks the pipe's failure as handled", () => {
  const { readable, writable } = new TransformStream();
  assertThrows(TypeError, () => source().pipeThrough());
  assertThrows(TypeError, () => source().pipeThrough({}));
  assertThrows(TypeError, () => source().pipeThrough({ readable: {}, writable }));
  assertThrows(TypeError, () => source().pipeThrough({ readable, writable: {} }));
  assertThrows(TypeError, () => source().pipeThrough({ readable, writable }, { signal: 5 }));
  const locked = source();
  locked.getReader();
  assertThrows(TypeError, () => locked.pipeThrough({ readable, writable }));
  writable.getWriter();
  assertThrows(TypeError, () => source().pipeThrough({ readable, writable }));
});

test("a then that Promise.prototype is given is not called by a read", async () => {
  const { then } = Promise.prototype;
  const reader = source("a").getReader();
  let calls = 0;
  const patch = (value) =>
    // biome-ignore lint/suspicious/noThenProperty: what this is about
    Object.defineProperty(Promise.prototype, "then", { configurable: true, writable: true, value });
  patch(function (...args) {
    calls++;
    return Reflect.apply(then, this, args);
  });
  let read;
  try {
    read = reader.read();
  } finally {
    patch(then);
  }
  assertEquals(calls, 0);
  assertEquals((await read).value, "a");
});

function source(...chunks) {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

async function collect(stream) {
  const chunks = [];
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return chunks;
    chunks.push(value);
  }
}
