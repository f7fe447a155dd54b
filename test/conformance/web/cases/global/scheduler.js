// https://developers.cloudflare.com/workers/runtime-apis/scheduler/; its shape as Web IDL has it
import {
  assertEquals,
  assertFalse,
  assertRejects,
  assertRejectsDom,
  assertRejectsExactly,
  assertThrows,
  assertTrue,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

test("is a replaceable attribute of the global, the same object each time", () => {
  const first = scheduler;
  assertEquals(scheduler, first);
  const { get, set, enumerable, configurable } = Object.getOwnPropertyDescriptor(globalThis, "scheduler");
  assertEquals(get.name, "get scheduler");
  assertEquals(get.call(undefined), first);
  assertTrue(enumerable && configurable);
  assertEquals(typeof set, "function");
  assertThrows(TypeError, () => get.call({}));
});

test("is a Scheduler, which cannot be made", () => {
  assertTrue(scheduler instanceof Scheduler);
  assertEquals(Object.prototype.toString.call(scheduler), "[object Scheduler]");
  assertThrows(TypeError, () => new Scheduler());
  assertThrows(TypeError, () => Scheduler());
  const { enumerable, writable, configurable } = Object.getOwnPropertyDescriptor(globalThis, "Scheduler");
  assertFalse(enumerable);
  assertTrue(writable && configurable);
});

test("wait is an operation of the prototype", () => {
  const { value, enumerable, writable, configurable } = Object.getOwnPropertyDescriptor(Scheduler.prototype, "wait");
  assertEquals(value.name, "wait");
  assertEquals(value.length, 1);
  assertTrue(enumerable && writable && configurable);
  assertFalse("prototype" in value);
});

test("wait rejects, and does not throw, what it is called with wrongly", async () => {
  const { wait } = Scheduler.prototype;
  await assertRejects(TypeError, wait.call({}, 0), "on an object");
  await assertRejects(TypeError, wait.call(undefined, 0), "on nothing");
  await assertRejects(TypeError, scheduler.wait(), "without a delay");
  await assertRejects(TypeError, scheduler.wait(Symbol()), "with a symbol");
  await assertRejects(TypeError, scheduler.wait(1n), "with a bigint");
  await assertRejects(TypeError, scheduler.wait(0, 1), "options of a number");
  await assertRejects(TypeError, scheduler.wait(0, { signal: {} }), "a signal that is none");
  await assertRejects(TypeError, scheduler.wait(0, { signal: null }), "a signal of null");
});

test("wait resolves with undefined, once its time is over", async () => {
  const before = performance.now();
  assertEquals(await scheduler.wait(20), undefined);
  assertTrue(performance.now() - before >= 19);
});

test("waits end in the order of their times, not before a promise that is there", async () => {
  const order = [];
  const waits = [
    scheduler.wait(30).then(() => order.push(30)),
    scheduler.wait(1).then(() => order.push(1)),
    Promise.resolve().then(() => order.push("promise")),
  ];
  await Promise.all(waits);
  assertEquals(order.join(), "promise,1,30");
});

test("a delay is converted as a number, and what is none, or below it, is 0", async () => {
  for (const delay of [undefined, null, NaN, -5, -Infinity, "0", { valueOf: () => 0 }, [], false]) {
    assertEquals(await scheduler.wait(delay), undefined, String(delay));
  }
  const thrown = new RangeError();
  const poisoned = {
    valueOf() {
      throw thrown;
    },
  };
  await assertRejectsExactly(thrown, scheduler.wait(poisoned));
});

test("options of null or undefined, and a signal of undefined, are none", async () => {
  await scheduler.wait(0, null);
  await scheduler.wait(0, undefined);
  await scheduler.wait(0, {});
  await scheduler.wait(0, { signal: undefined });
});

test("a signal that was aborted rejects at once, with its reason", async () => {
  await assertRejectsDom("AbortError", scheduler.wait(100_000, { signal: AbortSignal.abort() }));
  const reason = { mine: true };
  await assertRejectsExactly(reason, scheduler.wait(100_000, { signal: AbortSignal.abort(reason) }));
  await assertRejectsExactly(undefined, scheduler.wait(100_000, { signal: abortedWith(undefined) }).catch(undefinedOr));
});

test("a signal that aborts meanwhile rejects with its reason", async () => {
  const controller = new AbortController();
  const waiting = scheduler.wait(100_000, { signal: controller.signal });
  const reason = new RangeError("enough");
  controller.abort(reason);
  await assertRejectsExactly(reason, waiting);
  const other = new AbortController();
  const second = scheduler.wait(100_000, { signal: other.signal });
  other.abort();
  await assertRejectsDom("AbortError", second);
});

test("a signal of a timeout ends a wait", async () => {
  await assertRejectsDom("TimeoutError", scheduler.wait(100_000, { signal: AbortSignal.timeout(5) }));
});

test("a signal that aborts afterwards changes nothing", async () => {
  const controller = new AbortController();
  const waiting = scheduler.wait(0, { signal: controller.signal });
  assertEquals(await waiting, undefined);
  controller.abort();
  assertEquals(await waiting, undefined);
});

test("what reads the options throws is what it rejects with", async () => {
  const thrown = new RangeError();
  const options = {
    get signal() {
      throw thrown;
    },
  };
  await assertRejectsExactly(thrown, scheduler.wait(0, options));
});

test("does not depend on timers, promises and signals that the app changed", async () => {
  const { setTimeout: before } = globalThis;
  const { then } = Promise.prototype;
  globalThis.setTimeout = () => {
    throw new Error("poison");
  };
  // biome-ignore lint/suspicious/noThenProperty: what the test is about
  Promise.prototype.then = () => {
    throw new Error("poison");
  };
  let waiting;
  try {
    waiting = scheduler.wait(0, { signal: new AbortController().signal });
  } finally {
    globalThis.setTimeout = before;
    // biome-ignore lint/suspicious/noThenProperty: what the test is about
    Promise.prototype.then = then;
  }
  assertEquals(await waiting, undefined);
});

test("waits are bounded as timers are: one too many rejects, and an abort makes room", async () => {
  const controller = new AbortController();
  let refused = null;
  const waits = [];
  for (let i = 0; i < 100_000 && refused === null; i++) {
    const waiting = scheduler.wait(1_000_000, { signal: controller.signal });
    waits.push(waiting.catch((reason) => (refused = reason)));
    if (i % 1000 === 999) await Promise.resolve();
  }
  assertTrue(refused instanceof Error, "refused");
  assertTrue(refused.message.includes("scheduler.wait"), refused.message);
  controller.abort();
  await Promise.all(waits);
  assertEquals(await scheduler.wait(0), undefined);
});

function abortedWith(reason) {
  const controller = new AbortController();
  controller.abort(reason);
  return controller.signal;
}

/** A reason of undefined is an AbortError. */
function undefinedOr(reason) {
  assertEquals(reason.name, "AbortError");
  throw undefined;
}
