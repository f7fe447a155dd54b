// https://streams.spec.whatwg.org/#rs-default-controller-class
import {
  assertArrayEquals,
  assertEquals,
  assertRejectsExactly,
  assertThrows,
  assertThrowsExactly,
  assertTrue,
  nextTask,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

const failure = new Error("failed");

test("is made by a stream alone", () => {
  assertThrows(TypeError, () => new ReadableStreamDefaultController());
  assertThrows(TypeError, () => new ReadableStreamDefaultController(new ReadableStream()));
});

test("desiredSize goes down with what is queued, is 0 when closed and null when failed", () => {
  const { controller } = open({ highWaterMark: 2 });
  assertEquals(controller.desiredSize, 2);
  controller.enqueue("a");
  assertEquals(controller.desiredSize, 1);
  controller.enqueue("b");
  controller.enqueue("c");
  assertEquals(controller.desiredSize, -1);
  const closed = open({}).controller;
  closed.close();
  assertEquals(closed.desiredSize, 0);
  const failed = open({}).controller;
  failed.error(failure);
  assertEquals(failed.desiredSize, null);
});

test("enqueue asks size, which may fail the stream", async () => {
  const sizes = [];
  const { controller } = open({
    highWaterMark: 10,
    size: (chunk) => {
      sizes.push(chunk);
      return 4;
    },
  });
  controller.enqueue("a");
  assertEquals(controller.desiredSize, 6);
  assertArrayEquals(sizes, ["a"]);
  const thrower = open({
    size: () => {
      throw failure;
    },
  });
  assertThrowsExactly(failure, () => thrower.controller.enqueue("a"));
  await assertRejectsExactly(failure, thrower.stream.getReader().closed);
  for (const size of [-1, NaN, Infinity, -Infinity])
    assertThrows(RangeError, () => open({ size: () => size }).controller.enqueue("a"), String(size));
});

test("enqueue answers undefined, and is refused after close and after an error", () => {
  const { controller } = open({});
  assertEquals(controller.enqueue(), undefined);
  controller.close();
  assertThrows(TypeError, () => controller.enqueue("b"));
  const failed = open({}).controller;
  failed.error(failure);
  assertThrows(TypeError, () => failed.enqueue("b"));
});

test("close lets the queue be read, and is refused the second time", async () => {
  const { controller, stream } = open({});
  controller.enqueue("a");
  assertEquals(controller.close(), undefined);
  assertThrows(TypeError, () => controller.close());
  const reader = stream.getReader();
  assertEquals((await reader.read()).value, "a");
  assertTrue((await reader.read()).done);
});

test("error throws the queue away; a second one does nothing", async () => {
  const { controller, stream } = open({});
  controller.enqueue("a");
  assertEquals(controller.error(failure), undefined);
  controller.error(new Error("another"));
  await assertRejectsExactly(failure, stream.getReader().read());
});

test("pull is called while there is room, one at a time, and its failure is the stream's", async () => {
  let running = 0;
  let pulls = 0;
  let overlapped = false;
  new ReadableStream(
    {
      async pull(controller) {
        overlapped ||= running > 0;
        running++;
        pulls++;
        await nextTask();
        controller.enqueue(pulls);
        running--;
      },
    },
    { highWaterMark: 3 },
  );
  for (let i = 0; i < 8; i++) await nextTask();
  assertEquals(pulls, 3);
  assertEquals(overlapped, false);
  const failing = new ReadableStream({ pull: () => Promise.reject(failure) });
  await assertRejectsExactly(failure, failing.getReader().read());
});

test("with a high-water mark of 0, pull is called for a read alone", async () => {
  let pulls = 0;
  const stream = new ReadableStream(
    {
      pull: (c) => {
        pulls++;
        c.enqueue(pulls);
      },
    },
    { highWaterMark: 0 },
  );
  await nextTask();
  assertEquals(pulls, 0);
  const reader = stream.getReader();
  assertEquals((await reader.read()).value, 1);
  await nextTask();
  assertEquals(pulls, 1);
});

test("members of others are refused", () => {
  const { prototype } = ReadableStreamDefaultController;
  for (const name of ["close", "enqueue", "error"]) assertThrows(TypeError, () => prototype[name].call({}), name);
  assertThrows(TypeError, () => Object.getOwnPropertyDescriptor(prototype, "desiredSize").get.call({}));
});

function open(strategy) {
  let controller;
  const stream = new ReadableStream(
    {
      start: (c) => {
        controller = c;
      },
    },
    strategy,
  );
  return { stream, controller };
}
