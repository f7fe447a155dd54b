// https://html.spec.whatwg.org/#promiserejectionevent
import { assertEquals, assertThrows, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

test("has its promise and its reason", () => {
  const promise = Promise.resolve();
  const event = new PromiseRejectionEvent("unhandledrejection", { promise, reason: "why", cancelable: true });
  assertTrue(event instanceof Event);
  assertEquals(event.promise, promise);
  assertEquals(event.reason, "why");
  assertTrue(event.cancelable);
});

test("reason may be left out, the promise may not", () => {
  const promise = Promise.resolve();
  assertEquals(new PromiseRejectionEvent("kind", { promise }).reason, undefined);
  assertThrows(TypeError, () => new PromiseRejectionEvent("kind", {}));
  assertThrows(TypeError, () => new PromiseRejectionEvent("kind"));
  assertThrows(TypeError, () => new PromiseRejectionEvent("kind", { promise: 1 }));
});

test("its members are for its instances", () => {
  for (const name of ["promise", "reason"]) {
    const { get } = Object.getOwnPropertyDescriptor(PromiseRejectionEvent.prototype, name);
    assertThrows(TypeError, () => get.call(new Event("kind")), name);
  }
});
