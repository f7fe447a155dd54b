// https://html.spec.whatwg.org/#report-the-exception
import { assertArrayEquals, assertEquals, assertThrows, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

function reported(value) {
  const events = [];
  const listener = (event) => {
    event.preventDefault();
    events.push(event);
  };
  addEventListener("error", listener);
  try {
    reportError(value);
  } finally {
    removeEventListener("error", listener);
  }
  return events;
}

test("fires an error event at once, with the value", () => {
  const error = new TypeError("wrong");
  const [event, ...others] = reported(error);
  assertArrayEquals(others, []);
  assertTrue(event instanceof ErrorEvent);
  assertEquals(event.error, error);
  assertEquals(event.message, "Uncaught TypeError: wrong");
  assertTrue(event.cancelable);
  assertTrue(event.isTrusted);
});

test("any value may be reported", () => {
  for (const value of [null, undefined, 1, "text", {}]) assertEquals(reported(value)[0].error, value);
});

test("onerror hears message, place and value, and cancels by true", () => {
  const heard = [];
  const error = new Error("wrong");
  globalThis.onerror = (...args) => {
    heard.push(args);
    return true;
  };
  reportError(error);
  globalThis.onerror = null;
  const [[message, filename, lineno, colno, value]] = heard;
  assertEquals(message, "Uncaught Error: wrong");
  assertEquals(typeof filename, "string");
  assertEquals(typeof lineno, "number");
  assertEquals(typeof colno, "number");
  assertEquals(value, error);
});

test("wants a value", () => {
  assertThrows(TypeError, () => reportError());
});
