// https://html.spec.whatwg.org/#event-handler-attributes, of the global: onerror, onrejectionhandled and onunhandledrejection.
import { assertArrayEquals, assertEquals, assertThrows, assertTrue, nextTask, test } from "../../testharness.js";

export { default } from "../../testharness.js";

const NAMES = ["onerror", "onrejectionhandled", "onunhandledrejection"];

for (const name of NAMES) {
  test(`${name} is null, takes objects, and is null again after anything else`, () => {
    assertEquals(globalThis[name], null);
    const handler = () => undefined;
    const object = {};
    try {
      globalThis[name] = handler;
      assertEquals(globalThis[name], handler);
      globalThis[name] = object;
      assertEquals(globalThis[name], object);
      globalThis[name] = "text";
      assertEquals(globalThis[name], null);
    } finally {
      globalThis[name] = null;
    }
  });

  test(`${name} is an accessor of the global alone`, () => {
    void globalThis[name];
    const { get, set } = Object.getOwnPropertyDescriptor(globalThis, name);
    assertEquals(get.call(undefined), null);
    assertThrows(TypeError, () => get.call({}));
    assertThrows(TypeError, () => set.call({}, null));
  });
}

test("onerror is told what an uncaught exception is", async () => {
  const seen = [];
  const reason = new RangeError("mine");
  globalThis.onerror = (...parts) => {
    seen.push(...parts);
    return true;
  };
  try {
    reportError(reason);
    setTimeout(() => {
      throw reason;
    }, 0);
    await nextTask();
    await nextTask();
  } finally {
    globalThis.onerror = null;
  }
  assertEquals(seen.length, 10);
  assertEquals(seen[0], "Uncaught RangeError: mine");
  assertEquals(typeof seen[1], "string");
  assertTrue(seen[2] > 0 && seen[3] > 0);
  assertEquals(seen[4], reason);
  assertEquals(seen[9], reason);
});

test("onerror prevents by true, and by nothing else", () => {
  const prevented = [];
  for (const answer of [true, false, undefined, 1]) {
    globalThis.onerror = () => answer;
    const event = new ErrorEvent("error", { cancelable: true });
    prevented.push(!dispatchEvent(event));
  }
  globalThis.onerror = null;
  assertArrayEquals(prevented, [true, false, false, false]);
});

test("onerror takes an event that is no ErrorEvent as other handlers do", () => {
  let given;
  globalThis.onerror = (...args) => {
    given = args;
  };
  const event = new Event("error");
  dispatchEvent(event);
  globalThis.onerror = null;
  assertArrayEquals(given, [event]);
});

test("a handler is one of the listeners, in the order in which it was first set", () => {
  const order = [];
  const first = () => order.push("first");
  addEventListener("unhandledrejection", first);
  globalThis.onunhandledrejection = () => order.push("replaced");
  addEventListener("unhandledrejection", () => order.push("last"), { once: true });
  globalThis.onunhandledrejection = () => order.push("handler");
  dispatchEvent(new PromiseRejectionEvent("unhandledrejection", { promise: Promise.resolve() }));
  globalThis.onunhandledrejection = null;
  removeEventListener("unhandledrejection", first);
  assertArrayEquals(order, ["first", "handler", "last"]);
});

test("false of other handlers prevents", () => {
  globalThis.onunhandledrejection = () => false;
  const event = new PromiseRejectionEvent("unhandledrejection", { promise: Promise.resolve(), cancelable: true });
  assertEquals(dispatchEvent(event), false);
  globalThis.onunhandledrejection = null;
});
