// https://html.spec.whatwg.org/#errorevent
import { assertEquals, assertThrows, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

test("is an Event with what an error is told by", () => {
  const error = new Error("wrong");
  const event = new ErrorEvent("error", {
    message: "wrong",
    filename: "app.js",
    lineno: 3,
    colno: 7,
    error,
    cancelable: true,
  });
  assertTrue(event instanceof Event);
  assertEquals(event.message, "wrong");
  assertEquals(event.filename, "app.js");
  assertEquals(event.lineno, 3);
  assertEquals(event.colno, 7);
  assertEquals(event.error, error);
  assertTrue(event.cancelable);
});

test("has empty texts, zeros and undefined where nothing was said", () => {
  const event = new ErrorEvent("error");
  assertEquals(event.message, "");
  assertEquals(event.filename, "");
  assertEquals(event.lineno, 0);
  assertEquals(event.colno, 0);
  assertEquals(event.error, undefined);
});

test("lines and columns are unsigned long: they wrap around", () => {
  const event = new ErrorEvent("error", { lineno: 2 ** 32 + 1, colno: -1 });
  assertEquals(event.lineno, 1);
  assertEquals(event.colno, 2 ** 32 - 1);
});

test("error may be any value", () => {
  assertEquals(new ErrorEvent("error", { error: null }).error, null);
  assertEquals(new ErrorEvent("error", { error: 1 }).error, 1);
});

test("its members are for its instances, and it wants a type", () => {
  for (const name of ["message", "filename", "lineno", "colno", "error"]) {
    const { get } = Object.getOwnPropertyDescriptor(ErrorEvent.prototype, name);
    assertThrows(TypeError, () => get.call(new Event("error")), name);
  }
  assertThrows(TypeError, () => new ErrorEvent());
});
