// https://dom.spec.whatwg.org/#interface-customevent
import { assertEquals, assertThrows, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

test("is an Event with a detail", () => {
  const detail = {};
  const event = new CustomEvent("kind", { detail, bubbles: true });
  assertTrue(event instanceof Event);
  assertEquals(event.type, "kind");
  assertEquals(event.detail, detail);
  assertEquals(event.bubbles, true);
});

test("has a detail of null where none is given", () => {
  assertEquals(new CustomEvent("kind").detail, null);
  assertEquals(new CustomEvent("kind", { detail: undefined }).detail, null);
});

test("wants a type, and new", () => {
  assertThrows(TypeError, () => new CustomEvent());
  assertThrows(TypeError, () => CustomEvent("kind"));
});

test("initCustomEvent sets all of them before it is dispatched, and nothing while it is", () => {
  const event = new CustomEvent("kind", { detail: 1 });
  event.initCustomEvent("other", true, true, 2);
  assertEquals(event.type, "other");
  assertEquals(event.cancelable, true);
  assertEquals(event.detail, 2);
  const target = new EventTarget();
  target.addEventListener("other", () => event.initCustomEvent("third", false, false, 3));
  target.dispatchEvent(event);
  assertEquals(event.type, "other");
  assertEquals(event.detail, 2);
});

test("detail is read from its instances alone", () => {
  const { get, set, enumerable } = Object.getOwnPropertyDescriptor(CustomEvent.prototype, "detail");
  assertEquals(set, undefined);
  assertEquals(enumerable, true);
  assertThrows(TypeError, () => get.call(new Event("kind")));
});
