import { expect, test } from "vitest";
import { GuestEvent, HostOp } from "../src/boundary.ts";
import { openGuest } from "./harness.ts";

test("a timeout fires once, with its arguments", async () => {
  using guest = await openGuest({
    app: `exports.default = { fetch: () => new Promise((resolve) =>
      setTimeout((a, b) => resolve(new Response(a + b)), 20, "x", "y")) };`,
  });
  guest.request();
  const [timer] = guest.of(HostOp.TIMER_SET);
  expect(timer?.args).toEqual([20, false]);
  guest.enter(GuestEvent.TIMER, timer?.id ?? 0);
  guest.enter(GuestEvent.TIMER, timer?.id ?? 0);
  expect(guest.answer().body).toBe("xy");
});

test("an interval asks for its next turn until it is cleared", async () => {
  using guest = await openGuest({
    app: `exports.default = { fetch: () => new Promise((resolve) => {
      let count = 0;
      const id = setInterval(() => { if (++count === 3) { clearInterval(id); resolve(new Response("" + count)); } }, 5);
    }) };`,
  });
  guest.request();
  const id = guest.of(HostOp.TIMER_SET)[0]?.id ?? 0;
  for (let i = 0; i < 3; i++) guest.enter(GuestEvent.TIMER, id);
  expect(guest.answer().body).toBe("3");
  expect(guest.of(HostOp.TIMER_SET)).toHaveLength(3);
  expect(guest.of(HostOp.TIMER_CLEAR).map((call) => call.id)).toEqual([id]);
});

test("a cleared timeout does not fire", async () => {
  using guest = await openGuest({
    app: `exports.default = { fetch() {
      const id = setTimeout(() => console.log("fired"), 0);
      clearTimeout(id); clearTimeout(id); clearTimeout(); clearTimeout("x");
      return new Response(typeof id);
    } };`,
  });
  guest.request();
  expect(guest.answer().body).toBe("number");
  guest.enter(GuestEvent.TIMER, guest.of(HostOp.TIMER_SET)[0]?.id ?? 0);
  expect(guest.of(HostOp.LOG)).toEqual([]);
  expect(guest.of(HostOp.TIMER_CLEAR)).toHaveLength(1);
});

test.each([
  ["undefined", 0],
  ["-5", 0],
  [`"7"`, 7],
  ["NaN", 0],
])("a delay of %s is %d ms", async (delay, delayMs) => {
  using guest = await openGuest({
    app: `exports.default = { fetch() { setTimeout(() => {}, ${delay}); return new Response(); } };`,
  });
  guest.request();
  expect(guest.of(HostOp.TIMER_SET)[0]?.args).toEqual([delayMs, false]);
});

test("one timer too many throws", async () => {
  using guest = await openGuest({
    app: `exports.default = { fetch() { setTimeout(() => {}, 1); return new Response(); } };`,
    answers: (code) => (code === HostOp.TIMER_SET ? false : undefined),
  });
  guest.request();
  expect(guest.of(HostOp.THREW)[0]?.args[1]).toBe("setTimeout: the app has too many timers");
});

test("what a callback or microtask throws is a line of the log", async () => {
  using guest = await openGuest({
    app: `exports.default = { fetch() {
      setTimeout(() => { throw new Error("in a timer"); }, 0);
      queueMicrotask(() => { throw new Error("in a microtask"); });
      reportError(new Error("reported"));
      return new Response();
    } };`,
  });
  guest.request();
  guest.enter(GuestEvent.TIMER, guest.of(HostOp.TIMER_SET)[0]?.id ?? 0);
  expect(guest.of(HostOp.LOG).map((call) => String(call.args[1]).split("\n")[0])).toEqual([
    "Uncaught Error: reported",
    "Uncaught Error: in a microtask",
    "Uncaught Error: in a timer",
  ]);
});
