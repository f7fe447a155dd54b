// https://streams.spec.whatwg.org/#ts-default-controller-class
import {
  assertEquals,
  assertRejects,
  assertRejectsExactly,
  assertThrows,
  assertTrue,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

const failure = new Error("failed");

test("is made by a stream alone", () => {
  assertThrows(TypeError, () => new TransformStreamDefaultController());
});

test("desiredSize is that of the readable side", () => {
  const { controller } = open({ highWaterMark: 2 });
  assertEquals(controller.desiredSize, 2);
  controller.enqueue("a");
  assertEquals(controller.desiredSize, 1);
  controller.terminate();
  assertEquals(controller.desiredSize, 1);
  const failed = open().controller;
  failed.error(failure);
  assertEquals(failed.desiredSize, null);
});

test("enqueue gives chunks to the readable side, without a write too", async () => {
  const { controller, stream } = open();
  assertEquals(controller.enqueue("a"), undefined);
  assertEquals((await stream.readable.getReader().read()).value, "a");
});

test("enqueue is refused after terminate and after an error", () => {
  const terminated = open().controller;
  terminated.terminate();
  assertThrows(TypeError, () => terminated.enqueue("a"));
  const failed = open().controller;
  failed.error(failure);
  assertThrows(TypeError, () => failed.enqueue("a"));
});

test("a size that throws fails both sides", async () => {
  const { controller, stream } = open({
    size: () => {
      throw failure;
    },
  });
  try {
    controller.enqueue("a");
  } catch (thrown) {
    assertEquals(thrown, failure);
  }
  await assertRejectsExactly(failure, stream.readable.getReader().closed);
  await assertRejectsExactly(failure, stream.writable.getWriter().closed);
});

test("error fails both sides, with what is queued lost", async () => {
  const { controller, stream } = open();
  controller.enqueue("a");
  assertEquals(controller.error(failure), undefined);
  await assertRejectsExactly(failure, stream.readable.getReader().read());
  await assertRejectsExactly(failure, stream.writable.getWriter().closed);
});

test("terminate closes the readable side, and fails the writable one with a TypeError", async () => {
  const { controller, stream } = open();
  controller.enqueue("a");
  assertEquals(controller.terminate(), undefined);
  const reader = stream.readable.getReader();
  assertEquals((await reader.read()).value, "a");
  assertTrue((await reader.read()).done);
  await assertRejects(TypeError, stream.writable.getWriter().closed);
});

test("members of others are refused", () => {
  const { prototype } = TransformStreamDefaultController;
  for (const name of ["enqueue", "error", "terminate"]) assertThrows(TypeError, () => prototype[name].call({}), name);
  assertThrows(TypeError, () => Object.getOwnPropertyDescriptor(prototype, "desiredSize").get.call({}));
});

function open(readableStrategy) {
  let controller;
  const stream = new TransformStream(
    {
      start: (c) => {
        controller = c;
      },
    },
    undefined,
    readableStrategy,
  );
  return { stream, controller };
}
