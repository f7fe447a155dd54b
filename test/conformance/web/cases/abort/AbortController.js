// https://dom.spec.whatwg.org/#interface-abortcontroller
import { assertArrayEquals, assertEquals, assertFalse, assertThrows, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

test("has one signal, which is not aborted", () => {
  const controller = new AbortController();
  assertEquals(controller.signal, controller.signal);
  assertTrue(controller.signal instanceof AbortSignal);
  assertFalse(controller.signal.aborted);
  assertEquals(controller.signal.reason, undefined);
});

test("abort without a reason gives an AbortError", () => {
  const controller = new AbortController();
  assertEquals(controller.abort(), undefined);
  assertTrue(controller.signal.aborted);
  assertTrue(controller.signal.reason instanceof DOMException);
  assertEquals(controller.signal.reason.name, "AbortError");
});

test("abort keeps the reason, also null, and the first one", () => {
  const controller = new AbortController();
  controller.abort(null);
  controller.abort("second");
  assertEquals(controller.signal.reason, null);
});

test("abort tells once, after signal says so, and dependent signals before", () => {
  const controller = new AbortController();
  const told = [];
  const dependent = AbortSignal.any([controller.signal]);
  controller.signal.addEventListener("abort", (event) => {
    assertTrue(controller.signal.aborted);
    assertTrue(dependent.aborted);
    assertTrue(event.isTrusted);
    assertFalse(event.bubbles || event.cancelable);
    told.push("source");
  });
  dependent.addEventListener("abort", () => told.push("dependent"));
  controller.abort();
  controller.abort();
  assertArrayEquals(told, ["source", "dependent"]);
});

test("its members are for its instances, and it wants new", () => {
  assertThrows(TypeError, () => AbortController());
  assertThrows(TypeError, () => AbortController.prototype.abort.call({}));
  assertThrows(TypeError, () => Object.getOwnPropertyDescriptor(AbortController.prototype, "signal").get.call({}));
  const controller = new AbortController();
  assertThrows(TypeError, () => {
    controller.signal = null;
  });
});
