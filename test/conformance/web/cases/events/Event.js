// https://dom.spec.whatwg.org/#interface-event
import { assertArrayEquals, assertEquals, assertFalse, assertThrows, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

test("has what it was made with, and defaults for the rest", () => {
  const event = new Event("kind");
  assertEquals(event.type, "kind");
  assertFalse(event.bubbles);
  assertFalse(event.cancelable);
  assertFalse(event.composed);
  assertFalse(event.defaultPrevented);
  assertFalse(event.isTrusted);
  assertEquals(event.target, null);
  assertEquals(event.currentTarget, null);
  assertEquals(event.srcElement, null);
  assertEquals(event.eventPhase, Event.NONE);
  const full = new Event("kind", { bubbles: true, cancelable: true, composed: true });
  assertTrue(full.bubbles && full.cancelable && full.composed);
});

test("wants a type and new, and takes options that are an object", () => {
  assertThrows(TypeError, () => new Event());
  assertThrows(TypeError, () => Event("kind"));
  assertThrows(TypeError, () => new Event("kind", 1));
  assertThrows(TypeError, () => new Event(Symbol("kind")));
  assertEquals(new Event(undefined).type, "undefined");
  assertEquals(new Event("kind", null).bubbles, false);
});

test("its phases are constants, on the class and on instances", () => {
  const phases = { NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 };
  for (const [name, value] of Object.entries(phases)) {
    assertEquals(Event[name], value, name);
    assertEquals(new Event("kind")[name], value, name);
  }
});

test("has the path while it is dispatched, and none before and after", () => {
  const target = new EventTarget();
  const event = new Event("kind");
  let path;
  target.addEventListener("kind", () => {
    path = event.composedPath();
    assertEquals(event.eventPhase, Event.AT_TARGET);
    assertEquals(event.target, target);
    assertEquals(event.currentTarget, target);
  });
  assertArrayEquals(event.composedPath(), []);
  target.dispatchEvent(event);
  assertArrayEquals(path, [target]);
  assertArrayEquals(event.composedPath(), []);
  assertEquals(event.currentTarget, null);
  assertEquals(event.target, target);
  assertEquals(event.eventPhase, Event.NONE);
});

test("preventDefault cancels what is cancelable, and nothing else", () => {
  const event = new Event("kind", { cancelable: true });
  event.preventDefault();
  assertTrue(event.defaultPrevented);
  assertFalse(event.returnValue);
  const fixed = new Event("kind");
  fixed.preventDefault();
  assertFalse(fixed.defaultPrevented);
  assertTrue(fixed.returnValue);
});

test("returnValue set to false cancels, and to true does nothing", () => {
  const event = new Event("kind", { cancelable: true });
  event.returnValue = true;
  assertTrue(event.returnValue);
  event.returnValue = false;
  assertTrue(event.defaultPrevented);
  event.returnValue = true;
  assertTrue(event.defaultPrevented);
});

test("stopPropagation shows in cancelBubble, which can stop and not undo", () => {
  const event = new Event("kind");
  assertFalse(event.cancelBubble);
  event.cancelBubble = false;
  assertFalse(event.cancelBubble);
  event.cancelBubble = true;
  assertTrue(event.cancelBubble);
  event.cancelBubble = false;
  assertTrue(event.cancelBubble);
  const other = new Event("kind");
  other.stopPropagation();
  assertTrue(other.cancelBubble);
});

test("stopImmediatePropagation keeps further listeners from it", () => {
  const target = new EventTarget();
  const heard = [];
  target.addEventListener("kind", (event) => {
    heard.push(1);
    event.stopImmediatePropagation();
  });
  target.addEventListener("kind", () => heard.push(2));
  target.dispatchEvent(new Event("kind"));
  assertArrayEquals(heard, [1]);
});

test("initEvent makes it another, unless it is dispatched", () => {
  const event = new Event("kind", { cancelable: true });
  event.preventDefault();
  event.initEvent("other", true, false);
  assertEquals(event.type, "other");
  assertTrue(event.bubbles);
  assertFalse(event.cancelable);
  assertFalse(event.defaultPrevented);
  const target = new EventTarget();
  target.addEventListener("other", () => event.initEvent("third"));
  target.dispatchEvent(event);
  assertEquals(event.type, "other");
  assertThrows(TypeError, () => event.initEvent());
});

test("timeStamp is a time that does not go back", () => {
  const first = new Event("kind").timeStamp;
  assertEquals(typeof first, "number");
  assertTrue(new Event("kind").timeStamp >= first);
});

test("isTrusted is an own accessor that nobody can change", () => {
  const descriptor = Object.getOwnPropertyDescriptor(new Event("kind"), "isTrusted");
  assertEquals(typeof descriptor.get, "function");
  assertEquals(descriptor.set, undefined);
  assertTrue(descriptor.enumerable);
  assertFalse(descriptor.configurable);
  assertEquals(Object.getOwnPropertyDescriptor(new Event("other"), "isTrusted").get, descriptor.get);
});

test("its members are for events alone", () => {
  for (const name of ["type", "target", "timeStamp", "defaultPrevented", "cancelBubble"]) {
    const { get } = Object.getOwnPropertyDescriptor(Event.prototype, name);
    assertThrows(TypeError, () => get.call({}), name);
  }
  assertThrows(TypeError, () => Event.prototype.preventDefault.call({}));
});

test("a class that extends it is an event", () => {
  class Own extends Event {
    constructor() {
      super("own", { cancelable: true });
      this.more = 1;
    }
  }
  const target = new EventTarget();
  let heard;
  target.addEventListener("own", (event) => {
    heard = event;
  });
  assertTrue(target.dispatchEvent(new Own()));
  assertTrue(heard instanceof Own);
  assertEquals(heard.more, 1);
});
