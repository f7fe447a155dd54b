// https://streams.spec.whatwg.org/#rbs-controller-class
import {
  assertArrayEquals,
  assertEquals,
  assertRejects,
  assertRejectsExactly,
  assertThrows,
  assertTrue,
  nextTask,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

const failure = new Error("failed");

test("is made by a stream of type bytes alone", () => {
  assertThrows(TypeError, () => new ReadableByteStreamController());
  assertTrue(open().controller instanceof ReadableByteStreamController);
});

test("desiredSize counts bytes, and begins at the mark, by default 0", () => {
  assertEquals(open().controller.desiredSize, 0);
  const { controller } = open({ highWaterMark: 8 });
  controller.enqueue(new Uint8Array(3));
  assertEquals(controller.desiredSize, 5);
  controller.close();
  assertEquals(controller.desiredSize, 5);
  const failed = open({ highWaterMark: 8 }).controller;
  failed.error(failure);
  assertEquals(failed.desiredSize, null);
});

test("enqueue moves the chunk's memory, and refuses what is no chunk of bytes", () => {
  const { controller } = open();
  const chunk = new Uint8Array(4);
  controller.enqueue(chunk);
  assertEquals(chunk.byteLength, 0);
  for (const value of [
    undefined,
    null,
    {},
    "text",
    new ArrayBuffer(1),
    new Uint8Array(0),
    new Uint8Array(new ArrayBuffer(4), 0, 0),
  ]) {
    assertThrows(TypeError, () => controller.enqueue(value), Object.prototype.toString.call(value));
  }
  assertThrows(TypeError, () => controller.enqueue(chunk), "a chunk that was moved");
  controller.close();
  assertThrows(TypeError, () => controller.enqueue(new Uint8Array(1)), "after close");
});

test("chunks are read as Uint8Arrays, whatever view they came as", async () => {
  const { controller, stream } = open();
  controller.enqueue(new Uint16Array([1, 2]));
  controller.enqueue(new DataView(new ArrayBuffer(3), 1));
  const reader = stream.getReader();
  assertEquals((await reader.read()).value.constructor, Uint8Array);
  assertEquals((await reader.read()).value.byteLength, 2);
});

test("one chunk is read in pieces, and several at once, by who brings memory", async () => {
  const { controller, stream } = open();
  controller.enqueue(Uint8Array.of(1, 2, 3));
  controller.enqueue(Uint8Array.of(4));
  const reader = stream.getReader({ mode: "byob" });
  assertArrayEquals((await reader.read(new Uint8Array(2))).value, [1, 2]);
  assertArrayEquals((await reader.read(new Uint8Array(8))).value, [3, 4]);
});

test("close with a read that waits for more elements than came fails", async () => {
  const { controller, stream } = open();
  const reader = stream.getReader({ mode: "byob" });
  const read = reader.read(new Uint16Array(2));
  controller.enqueue(Uint8Array.of(1));
  assertThrows(TypeError, () => controller.close());
  await assertRejects(TypeError, read);
});

test("close and error are refused as of any stream", async () => {
  const { controller, stream } = open();
  assertEquals(controller.close(), undefined);
  assertThrows(TypeError, () => controller.close());
  assertEquals(controller.error(failure), undefined);
  assertTrue((await stream.getReader().read()).done);
  const failed = open();
  failed.controller.error(failure);
  await assertRejectsExactly(failure, failed.stream.getReader().read());
});

test("byobRequest is null where nobody brings memory, and one object until it is answered", () => {
  const { controller, stream } = open();
  assertEquals(controller.byobRequest, null);
  stream.getReader({ mode: "byob" }).read(new Uint8Array(2));
  const request = controller.byobRequest;
  assertTrue(request instanceof ReadableStreamBYOBRequest);
  assertEquals(controller.byobRequest, request);
});

test("enqueue answers a read that brought memory", async () => {
  const { controller, stream } = open();
  const read = stream.getReader({ mode: "byob" }).read(new Uint8Array(4));
  controller.enqueue(Uint8Array.of(5, 6));
  const { value } = await read;
  assertArrayEquals(value, [5, 6]);
  assertEquals(value.buffer.byteLength, 4);
});

test("a read that was given up leaves its request, and what it is answered is the next one's", async () => {
  const { controller, stream } = open();
  const reader = stream.getReader({ mode: "byob" });
  const lost = reader.read(new Uint8Array(4));
  const { byobRequest } = controller;
  reader.releaseLock();
  await assertRejects(TypeError, lost);
  byobRequest.view[0] = 8;
  byobRequest.respond(1);
  const { value } = await stream.getReader().read();
  assertArrayEquals(value, [8]);
});

test("pull is called when bytes are wanted", async () => {
  let pulls = 0;
  const stream = new ReadableStream({
    type: "bytes",
    pull(controller) {
      pulls++;
      controller.enqueue(Uint8Array.of(pulls));
    },
  });
  await nextTask();
  assertEquals(pulls, 0);
  const reader = stream.getReader();
  await reader.read();
  assertArrayEquals((await reader.read()).value, [2]);
});

test("members of others are refused", () => {
  const { prototype } = ReadableByteStreamController;
  const other = {
    start: (controller) => {
      other.controller = controller;
    },
  };
  new ReadableStream(other);
  for (const name of ["close", "enqueue", "error"])
    assertThrows(TypeError, () => prototype[name].call(other.controller, new Uint8Array(1)), name);
  for (const name of ["desiredSize", "byobRequest"]) {
    assertThrows(TypeError, () => Object.getOwnPropertyDescriptor(prototype, name).get.call(other.controller), name);
  }
});

function open(strategy) {
  let controller;
  const stream = new ReadableStream(
    {
      type: "bytes",
      start: (c) => {
        controller = c;
      },
    },
    strategy,
  );
  return { stream, controller };
}
