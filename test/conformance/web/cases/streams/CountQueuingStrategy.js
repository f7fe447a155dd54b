// https://streams.spec.whatwg.org/#cqs-class
import { assertEquals, assertThrows, assertThrowsExactly, test } from "../../testharness.js";

export { default } from "../../testharness.js";

test("highWaterMark is the number that it was made with, unchecked", () => {
  for (const highWaterMark of [0, 1.5, -1, Infinity])
    assertEquals(new CountQueuingStrategy({ highWaterMark }).highWaterMark, highWaterMark);
  assertEquals(new CountQueuingStrategy({ highWaterMark: "3" }).highWaterMark, 3);
  assertEquals(new CountQueuingStrategy({ highWaterMark: "text" }).highWaterMark, NaN);
});

test("the constructor wants an init with a mark", () => {
  for (const init of [undefined, null, {}, 5, "text"])
    assertThrows(TypeError, () => new CountQueuingStrategy(init), String(init));
  assertThrows(TypeError, () => new CountQueuingStrategy());
  const failure = new Error("failed");
  assertThrowsExactly(
    failure,
    () =>
      new CountQueuingStrategy({
        get highWaterMark() {
          throw failure;
        },
      }),
  );
});

test("size is 1 of anything, one function for all, without a receiver", () => {
  const { size } = new CountQueuingStrategy({ highWaterMark: 1 });
  assertEquals(size, new CountQueuingStrategy({ highWaterMark: 2 }).size);
  assertEquals(size.name, "size");
  assertEquals(size.length, 0);
  assertEquals("prototype" in size, false);
  assertEquals(size(), 1);
  assertEquals(size.call(null, { byteLength: 5 }), 1);
});

test("it is taken as a strategy", () => {
  const stream = new WritableStream({}, new CountQueuingStrategy({ highWaterMark: 4 }));
  assertEquals(stream.getWriter().desiredSize, 4);
  assertThrows(RangeError, () => new WritableStream({}, new CountQueuingStrategy({ highWaterMark: -4 })));
});

test("members of others are refused", () => {
  for (const name of ["highWaterMark", "size"]) {
    const { get } = Object.getOwnPropertyDescriptor(CountQueuingStrategy.prototype, name);
    assertThrows(TypeError, () => get.call(new ByteLengthQueuingStrategy({ highWaterMark: 1 })), name);
  }
});
