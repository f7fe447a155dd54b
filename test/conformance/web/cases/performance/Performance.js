// https://w3c.github.io/hr-time/#sec-performance
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
  assertThrows,
  assertTrue,
  nextTask,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

test("is an EventTarget that cannot be made", () => {
  assertTrue(performance instanceof Performance);
  assertTrue(performance instanceof EventTarget);
  assertThrows(TypeError, () => new Performance());
});

test("now is a time since timeOrigin that does not go back", async () => {
  const before = performance.now();
  assertEquals(typeof before, "number");
  assertTrue(before >= 0);
  await nextTask();
  assertTrue(performance.now() >= before);
});

test("timeOrigin stays, and with now it is the time of day", () => {
  assertEquals(performance.timeOrigin, performance.timeOrigin);
  assertTrue(Math.abs(performance.timeOrigin + performance.now() - Date.now()) <= 2);
});

test("toJSON has its attributes", () => {
  const json = performance.toJSON();
  assertEquals(json.timeOrigin, performance.timeOrigin);
  assertEquals(JSON.parse(JSON.stringify(performance)).timeOrigin, performance.timeOrigin);
});

test("its members are for its instance", () => {
  assertThrows(TypeError, () => Performance.prototype.now.call({}));
  assertThrows(TypeError, () => Performance.prototype.toJSON.call({}));
  assertThrows(TypeError, () => Object.getOwnPropertyDescriptor(Performance.prototype, "timeOrigin").get.call({}));
  assertFalse(Object.hasOwn(performance, "now"));
  assertArrayEquals(Object.keys(performance), []);
});
