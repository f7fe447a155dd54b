// https://websockets.spec.whatwg.org/#the-closeevent-interface
import { assertEquals, assertThrows, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

test("has what it was made with", () => {
  const event = new CloseEvent("close", { wasClean: true, code: 4000, reason: "done" });
  assertTrue(event instanceof Event);
  assertEquals(event.wasClean, true);
  assertEquals(event.code, 4000);
  assertEquals(event.reason, "done");
});

test("has false, 0 and an empty reason where nothing was said", () => {
  const event = new CloseEvent("close");
  assertEquals(event.wasClean, false);
  assertEquals(event.code, 0);
  assertEquals(event.reason, "");
});

test("code is an unsigned short, and reason has no lone surrogates", () => {
  assertEquals(new CloseEvent("close", { code: 2 ** 16 + 5 }).code, 5);
  assertEquals(new CloseEvent("close", { reason: "a\ud800" }).reason, "a\ufffd");
});

test("its members are for its instances, and it wants a type", () => {
  for (const name of ["wasClean", "code", "reason"]) {
    const { get } = Object.getOwnPropertyDescriptor(CloseEvent.prototype, name);
    assertThrows(TypeError, () => get.call(new Event("close")), name);
  }
  assertThrows(TypeError, () => new CloseEvent());
});
