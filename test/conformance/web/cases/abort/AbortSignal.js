// https://dom.spec.whatwg.org/#interface-AbortSignal
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
  assertThrows,
  assertThrowsExactly,
  assertTrue,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

test("cannot be made, and is an EventTarget", () => {
  assertThrows(TypeError, () => new AbortSignal());
  assertTrue(new AbortController().signal instanceof EventTarget);
});

test("AbortSignal.abort answers one that is aborted", () => {
  const signal = AbortSignal.abort();
  assertTrue(signal.aborted);
  assertEquals(signal.reason.name, "AbortError");
  assertEquals(AbortSignal.abort("why").reason, "why");
  assertEquals(AbortSignal.abort(undefined).reason.name, "AbortError");
});

test("throwIfAborted throws the reason, or nothing", () => {
  const reason = {};
  assertThrowsExactly(reason, () => AbortSignal.abort(reason).throwIfAborted());
  assertEquals(new AbortController().signal.throwIfAborted(), undefined);
});

test("AbortSignal.timeout aborts by itself, with a TimeoutError", async () => {
  const signal = AbortSignal.timeout(1);
  assertFalse(signal.aborted);
  const event = await new Promise((resolve) => signal.addEventListener("abort", resolve));
  assertEquals(event.target, signal);
  assertTrue(signal.aborted);
  assertEquals(signal.reason.name, "TimeoutError");
});

test("AbortSignal.timeout takes whole milliseconds from 0", () => {
  assertThrows(TypeError, () => AbortSignal.timeout());
  assertThrows(TypeError, () => AbortSignal.timeout(-1));
  assertThrows(TypeError, () => AbortSignal.timeout(Number.NaN));
  assertThrows(TypeError, () => AbortSignal.timeout(Number.POSITIVE_INFINITY));
  assertFalse(AbortSignal.timeout(0).aborted);
});

test("AbortSignal.any follows the first that aborts, with its reason", () => {
  const first = new AbortController();
  const second = new AbortController();
  const signal = AbortSignal.any([first.signal, second.signal]);
  assertFalse(signal.aborted);
  second.abort("second");
  first.abort("first");
  assertEquals(signal.reason, "second");
});

test("AbortSignal.any of one that is aborted is aborted, and of none never", () => {
  const reason = {};
  const signal = AbortSignal.any([new AbortController().signal, AbortSignal.abort(reason)]);
  assertTrue(signal.aborted);
  assertEquals(signal.reason, reason);
  assertFalse(AbortSignal.any([]).aborted);
});

test("AbortSignal.any of such signals follows their sources", () => {
  const controller = new AbortController();
  const chain = AbortSignal.any([AbortSignal.any([AbortSignal.any([controller.signal])])]);
  const told = [];
  chain.onabort = () => told.push(chain.reason);
  controller.abort(1);
  assertArrayEquals(told, [1]);
});

test("AbortSignal.any takes signals, in anything that iterates", () => {
  assertThrows(TypeError, () => AbortSignal.any());
  assertThrows(TypeError, () => AbortSignal.any([{}]));
  assertThrows(TypeError, () => AbortSignal.any([null]));
  assertFalse(AbortSignal.any(new Set([new AbortController().signal])).aborted);
});

test("onabort is one listener, which can be exchanged and taken away", () => {
  const controller = new AbortController();
  const told = [];
  assertEquals(controller.signal.onabort, null);
  controller.signal.onabort = () => told.push("first");
  controller.signal.addEventListener("abort", () => told.push("listener"));
  controller.signal.onabort = () => told.push("second");
  controller.abort();
  assertArrayEquals(told, ["second", "listener"]);
  controller.signal.onabort = 1;
  assertEquals(controller.signal.onabort, null);
});

test("one that aborts while a listener runs tells the rest all the same", () => {
  const controller = new AbortController();
  const told = [];
  controller.signal.addEventListener("abort", () => {
    told.push(1);
    controller.abort("again");
  });
  controller.signal.addEventListener("abort", () => told.push(2));
  controller.abort("once");
  assertArrayEquals(told, [1, 2]);
  assertEquals(controller.signal.reason, "once");
});

test("its members are for signals alone", () => {
  for (const name of ["aborted", "reason", "onabort"]) {
    const { get } = Object.getOwnPropertyDescriptor(AbortSignal.prototype, name);
    assertThrows(TypeError, () => get.call(new EventTarget()), name);
  }
  assertThrows(TypeError, () => AbortSignal.prototype.throwIfAborted.call({}));
});
