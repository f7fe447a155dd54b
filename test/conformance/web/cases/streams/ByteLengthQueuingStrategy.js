// https://streams.spec.whatwg.org/#blqs-class
import { assertEquals, assertThrows, assertThrowsExactly, test } from "../../testharness.js";

export { default } from "../../testharness.js";

test("highWaterMark is the number that it was made with, unchecked", () => {
  for (const highWaterMark of [0, 1.5, -1, Infinity])
    assertEquals(new ByteLengthQueuingStrategy({ highWaterMark }).highWaterMark, highWaterMark);
  assertEquals(new ByteLengthQueuingStrategy({ highWaterMark: "3" }).highWaterMark, 3);
  assertEquals(new ByteLengthQueuingStrategy({ highWaterMark: "text" }).highWaterMark, NaN);
});

test("the constructor wants an init with a mark", () => {
  for (const init of [undefined, null, {}, 5, "text"])
    assertThrows(TypeError, () => new ByteLengthQueuingStrategy(init), String(init));
  assertThrows(TypeError, () => new ByteLengthQueuingStrategy());
  const failure = new Error("failed");
  assertThrowsExactly(
    failure,
    () =>
      new ByteLengthQueuingStrategy({
        get highWaterMark() {
          throw failure;
        },
      }),
  );
});

test("size is the byteLength of anything, one function for all, without a receiver", () => {
  const { size } = new ByteLengthQueuingStrategy({ highWaterMark: 1 });
  assertEquals(size, new ByteLengthQueuingStrategy({ highWaterMark: 2 }).size);
  assertEquals(size.name, "size");
  assertEquals(size.length, 1);
  assertEquals("prototype" in size, false);
  assertThrows(TypeError, () => size());
  assertEquals(size.call(null, { byteLength: 5 }), 5);
});

test("it is taken as a strategy", () => {
  const stream = new WritableStream({}, new ByteLengthQueuingStrategy({ highWaterMark: 4 }));
  assertEquals(stream.getWriter().desiredSize, 4);
  assertThrows(RangeError, () => new WritableStream({}, new ByteLengthQueuingStrategy({ highWaterMark: -4 })));
});

test("members of others are refused", () => {
  for (const name of ["highWaterMark", "size"]) {
    const { get } = Object.getOwnPropertyDescriptor(ByteLengthQueuingStrategy.prototype, name);
    assertThrows(TypeError, () => get.call(new CountQueuingStrategy({ highWaterMark: 1 })), name);
  }
});
