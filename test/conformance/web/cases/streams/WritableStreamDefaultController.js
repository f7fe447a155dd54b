// https://streams.spec.whatwg.org/#ws-default-controller-class
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
  assertRejectsExactly,
  assertThrows,
  assertTrue,
  nextTask,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

const failure = new Error("failed");

test("is made by a stream alone", () => {
  assertThrows(TypeError, () => new WritableStreamDefaultController());
});

test("error fails the stream; a second one does nothing", async () => {
  const { controller, stream } = open();
  assertEquals(controller.error(failure), undefined);
  controller.error(new Error("another"));
  await assertRejectsExactly(failure, stream.getWriter().closed);
});

test("error after close does nothing", async () => {
  const { controller, stream } = open();
  await stream.close();
  controller.error(failure);
  await stream.getWriter().closed;
});

test("signal is an AbortSignal, the same each time", () => {
  const { controller } = open();
  assertTrue(controller.signal instanceof AbortSignal);
  assertEquals(controller.signal, controller.signal);
  assertFalse(controller.signal.aborted);
});

test("signal aborts with the reason when the stream is aborted, while a write is under way", async () => {
  const order = [];
  let signal;
  const stream = new WritableStream({
    write(_chunk, controller) {
      ({ signal } = controller);
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          order.push("signal");
          reject(signal.reason);
        });
      });
    },
    abort: () => {
      order.push("abort");
    },
  });
  const writer = stream.getWriter();
  const write = writer.write("a");
  await nextTask();
  await writer.abort(failure);
  assertEquals(signal.reason, failure);
  await assertRejectsExactly(failure, write);
  assertArrayEquals(order, ["signal", "abort"]);
});

test("signal that is read after the abort is aborted with its reason", async () => {
  const { controller, stream } = open();
  await stream.abort(failure);
  assertTrue(controller.signal.aborted);
  assertEquals(controller.signal.reason, failure);
});

test("signal of an abort without a reason has an AbortError", async () => {
  const { controller, stream } = open();
  await stream.abort();
  assertEquals(controller.signal.reason.name, "AbortError");
});

test("signal does not abort by an error or a close", async () => {
  const failed = open();
  failed.controller.error(failure);
  assertFalse(failed.controller.signal.aborted);
  const closed = open();
  await closed.stream.close();
  assertFalse(closed.controller.signal.aborted);
  await closed.stream.abort();
  assertFalse(closed.controller.signal.aborted);
});

test("members of others are refused", () => {
  const { prototype } = WritableStreamDefaultController;
  assertThrows(TypeError, () => prototype.error.call({}));
  assertThrows(TypeError, () => Object.getOwnPropertyDescriptor(prototype, "signal").get.call({}));
});

function open() {
  let controller;
  const stream = new WritableStream({
    start: (c) => {
      controller = c;
    },
  });
  return { stream, controller };
}
