// https://streams.spec.whatwg.org/#rs-byob-request-class
import { assertArrayEquals, assertEquals, assertThrows, assertTrue, nextTask, test } from "../../testharness.js";

export { default } from "../../testharness.js";

test("is made by a controller alone", () => {
  assertThrows(TypeError, () => new ReadableStreamBYOBRequest());
});

test("view is the memory of the reader, moved", async () => {
  const { reader, controller } = open();
  const given = new Uint8Array(new ArrayBuffer(8), 2, 4);
  reader.read(given);
  const { view } = controller().byobRequest;
  assertTrue(view instanceof Uint8Array);
  assertEquals(view.byteOffset, 2);
  assertEquals(view.byteLength, 4);
  assertEquals(given.byteLength, 0);
});

test("respond answers the read with so many bytes, and the request is over", async () => {
  const { reader, controller } = open();
  const read = reader.read(new Uint8Array(4));
  const request = controller().byobRequest;
  request.view[0] = 7;
  request.respond(1);
  assertArrayEquals((await read).value, [7]);
  assertEquals(request.view, null);
  assertEquals(controller().byobRequest, null);
  assertThrows(TypeError, () => request.respond(1));
  assertThrows(TypeError, () => request.respondWithNewView(new Uint8Array(1)));
});

test("respond refuses more than there is room for, nothing, and what is no number of bytes", () => {
  const { reader, controller } = open();
  reader.read(new Uint8Array(4));
  const { byobRequest } = controller();
  assertThrows(RangeError, () => byobRequest.respond(5));
  assertThrows(TypeError, () => byobRequest.respond(0));
  for (const bytes of [undefined, -1, NaN, Infinity, "text"])
    assertThrows(TypeError, () => byobRequest.respond(bytes), String(bytes));
  assertThrows(TypeError, () => byobRequest.respond());
});

test("after close, respond takes 0 alone", async () => {
  const { reader, controller } = open();
  const read = reader.read(new Uint8Array(4));
  const { byobRequest } = controller();
  controller().close();
  assertThrows(TypeError, () => byobRequest.respond(1));
  byobRequest.respond(0);
  assertTrue((await read).done);
});

test("respond refuses memory that was moved away", () => {
  const { reader, controller } = open();
  reader.read(new Uint8Array(4));
  const { byobRequest } = controller();
  byobRequest.view.buffer.transfer();
  assertThrows(TypeError, () => byobRequest.respond(1));
});

test("respondWithNewView answers with the same memory in another buffer", async () => {
  const { reader, controller } = open();
  const read = reader.read(new Uint8Array(4));
  const { byobRequest } = controller();
  const moved = byobRequest.view.buffer.transfer();
  const view = new Uint8Array(moved, 0, 2);
  view[1] = 9;
  byobRequest.respondWithNewView(view);
  assertArrayEquals((await read).value, [0, 9]);
});

test("respondWithNewView refuses other memory", () => {
  const { reader, controller } = open();
  reader.read(new Uint8Array(new ArrayBuffer(8), 2, 4));
  const { byobRequest } = controller();
  const { buffer } = byobRequest.view;
  assertThrows(TypeError, () => byobRequest.respondWithNewView());
  assertThrows(TypeError, () => byobRequest.respondWithNewView({}));
  assertThrows(RangeError, () => byobRequest.respondWithNewView(new Uint8Array(buffer, 0, 4)), "offset");
  assertThrows(RangeError, () => byobRequest.respondWithNewView(new Uint8Array(buffer, 2, 5)), "length");
  assertThrows(RangeError, () => byobRequest.respondWithNewView(new Uint8Array(new ArrayBuffer(9), 2, 4)), "buffer");
  assertThrows(TypeError, () => byobRequest.respondWithNewView(new Uint8Array(buffer, 2, 0)), "empty");
});

test("a request is made for reads without memory where the source asks for it", async () => {
  let view;
  const stream = new ReadableStream({
    type: "bytes",
    autoAllocateChunkSize: 16,
    pull({ byobRequest }) {
      ({ view } = byobRequest);
      view[0] = 1;
      byobRequest.respond(1);
    },
  });
  await nextTask();
  const { value } = await stream.getReader().read();
  assertArrayEquals(value, [1]);
  assertEquals(value.buffer.byteLength, 16);
});

/** `controller()`: it is known once the stream is made. */
function open() {
  let controller;
  const stream = new ReadableStream({
    type: "bytes",
    start: (c) => {
      controller = c;
    },
  });
  return { reader: stream.getReader({ mode: "byob" }), controller: () => controller };
}
