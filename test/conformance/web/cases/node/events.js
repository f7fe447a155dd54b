// biome-ignore-all lint/style/useNodejsImportProtocol: both names are shown
// https://nodejs.org/api/events.html
import EventEmitter, * as events from "node:events";
import { inherits } from "node:util";
import bare, { EventEmitter as Named, once } from "events";
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
  assertRejects,
  assertThrows,
  assertTrue,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

test("is one class under both names", () => {
  assertEquals(Named, EventEmitter);
  assertEquals(bare, EventEmitter);
  assertEquals(events.EventEmitter, EventEmitter);
  assertEquals(EventEmitter.EventEmitter, EventEmitter);
  assertEquals(new EventEmitter().constructor, EventEmitter);
});

test("calls listeners in order, with all arguments and itself as this", () => {
  const emitter = new EventEmitter();
  const seen = [];
  emitter.on("e", function (...args) {
    seen.push(this === emitter, ...args);
  });
  emitter.prependListener("e", () => seen.push("first"));
  assertTrue(emitter.emit("e", 1, 2, 3, 4));
  assertArrayEquals(seen, ["first", true, 1, 2, 3, 4]);
  assertFalse(emitter.emit("other"));
});

test("once, off and removeAllListeners", () => {
  const emitter = new EventEmitter();
  let count = 0;
  const listener = () => count++;
  emitter.once("e", listener);
  emitter.emit("e");
  emitter.emit("e");
  assertEquals(count, 1);
  emitter.on("e", listener).on("e", listener);
  emitter.off("e", listener);
  assertEquals(emitter.listenerCount("e"), 1);
  emitter.removeAllListeners("e");
  assertEquals(emitter.listenerCount("e"), 0);
  assertArrayEquals(emitter.eventNames(), []);
});

test("an error that nobody listens to is thrown", () => {
  const error = new RangeError("so");
  assertThrows(RangeError, () => new EventEmitter().emit("error", error));
  assertThrows(Error, () => new EventEmitter().emit("error", "text"));
  let seen;
  new EventEmitter().on("error", (reason) => (seen = reason)).emit("error", error);
  assertEquals(seen, error);
});

test("can be called, and inherited from, in the old way and the new", () => {
  function Old() {
    EventEmitter.call(this);
  }
  inherits(Old, EventEmitter);
  class New extends EventEmitter {}
  for (const emitter of [new Old(), new New()]) {
    let count = 0;
    emitter.on("e", () => count++);
    emitter.emit("e");
    assertEquals(count, 1);
    assertTrue(emitter instanceof EventEmitter);
  }
  const other = new Old();
  assertEquals(other.listenerCount("e"), 0);
});

test("a class that makes addListener of its own on does not call itself", () => {
  class Loud extends EventEmitter {
    on(name, listener) {
      return super.on(name, listener);
    }
  }
  Loud.prototype.addListener = Loud.prototype.on;
  assertEquals(new Loud().on("e", () => {}).listenerCount("e"), 1);
});

test("newListener and removeListener", () => {
  const emitter = new EventEmitter();
  const seen = [];
  emitter.on("newListener", (name) => seen.push(`+${name}`));
  emitter.on("removeListener", (name) => seen.push(`-${name}`));
  const listener = () => {};
  emitter.on("e", listener);
  emitter.off("e", listener);
  assertArrayEquals(seen, ["+removeListener", "+e", "-e"]);
});

test("a listener that is removed while others are called is still called", () => {
  const emitter = new EventEmitter();
  let count = 0;
  const second = () => count++;
  emitter.on("e", () => emitter.off("e", second));
  emitter.on("e", second);
  emitter.emit("e");
  emitter.emit("e");
  assertEquals(count, 1);
});

test("listeners that are no functions are refused", () => {
  assertThrows(TypeError, () => new EventEmitter().on("e", "listener"));
});

test("setMaxListeners and defaultMaxListeners", () => {
  const emitter = new EventEmitter();
  assertEquals(EventEmitter.defaultMaxListeners, 10);
  assertEquals(emitter.getMaxListeners(), 10);
  assertEquals(emitter.setMaxListeners(1), emitter);
  assertEquals(emitter.getMaxListeners(), 1);
  events.setMaxListeners(5, emitter);
  assertEquals(emitter.getMaxListeners(), 5);
});

test("once waits for an event, an error, or a signal", async () => {
  const emitter = new EventEmitter();
  const waits = once(emitter, "e");
  emitter.emit("e", 1, 2);
  assertArrayEquals(await waits, [1, 2]);
  const fails = once(emitter, "e");
  emitter.emit("error", new RangeError("so"));
  await assertRejects(RangeError, fails);
  const controller = new AbortController();
  const aborted = once(emitter, "e", { signal: controller.signal });
  controller.abort();
  const reason = await aborted.catch((error) => error);
  assertEquals(reason.name, "AbortError");
  assertEquals(reason.code, "ABORT_ERR");
  assertEquals(emitter.listenerCount("e"), 0);
});

test("once waits for an event of an EventTarget", async () => {
  const target = new EventTarget();
  const waits = once(target, "e");
  const event = new Event("e");
  target.dispatchEvent(event);
  assertEquals((await waits)[0], event);
});

test("on iterates over events until it is left", async () => {
  const emitter = new EventEmitter();
  queueMicrotask(() => {
    for (let i = 0; i < 3; i++) emitter.emit("e", i);
  });
  const seen = [];
  for await (const [value] of events.on(emitter, "e")) {
    seen.push(value);
    if (value === 2) break;
  }
  assertArrayEquals(seen, [0, 1, 2]);
  assertEquals(emitter.listenerCount("e"), 0);
});

test("errorMonitor hears of errors and does not handle them", () => {
  const emitter = new EventEmitter();
  let heard;
  emitter.on(events.errorMonitor, (error) => (heard = error));
  const error = new Error("so");
  assertThrows(Error, () => emitter.emit("error", error));
  assertEquals(heard, error);
});

test("captureRejections makes an error event of a rejection", async () => {
  const emitter = new EventEmitter({ captureRejections: true });
  const error = new Error("so");
  const heard = new Promise((resolve) => emitter.on("error", resolve));
  emitter.on("e", async () => {
    throw error;
  });
  emitter.emit("e");
  assertEquals(await heard, error);
});

test("getEventListeners and listenerCount of the module", () => {
  const emitter = new EventEmitter();
  const listener = () => {};
  emitter.on("e", listener);
  assertArrayEquals(events.getEventListeners(emitter, "e"), [listener]);
  assertEquals(events.listenerCount(emitter, "e"), 1);
  assertArrayEquals(emitter.rawListeners("e"), [listener]);
});

test("addAbortListener is called once, and can be taken away", () => {
  const controller = new AbortController();
  let count = 0;
  events.addAbortListener(controller.signal, () => count++);
  events.addAbortListener(controller.signal, () => count++)[Symbol.dispose]();
  controller.abort();
  assertEquals(count, 1);
});
