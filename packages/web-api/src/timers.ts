/**
 * setTimeout and setInterval, kept by the host: the guest holds the callbacks.
 *
 * I1 The host bounds how many timers there are; a refused one throws.
 */
import { carry } from "./async-context.ts";
import { HostOp } from "./boundary.ts";
import { callHost, forgetTimersLeft } from "./host.ts";
import {
  ErrorCtor,
  MapCtor,
  MapPrototypeDelete,
  MapPrototypeForEach,
  MapPrototypeGet,
  MapPrototypeSet,
  ReflectApply,
  TypeErrorCtor,
} from "./primordials.ts";
import { reportError } from "./report-error.ts";

interface Timer {
  readonly callback: (...args: unknown[]) => unknown;
  readonly args: unknown[];
  readonly delayMs: number;
  readonly repeats: boolean;
}

const timers = new MapCtor<number, Timer>();
let lastId = 0;

export const timerOperations = {
  setTimeout(callback: unknown, delay: unknown = undefined, ...args: unknown[]): number {
    return startFromScript("setTimeout", false, callback, delay, args);
  },
  setInterval(callback: unknown, delay: unknown = undefined, ...args: unknown[]): number {
    return startFromScript("setInterval", true, callback, delay, args);
  },
  clearTimeout(id: unknown = undefined): void {
    stopTimer(id);
  },
  clearInterval(id: unknown = undefined): void {
    stopTimer(id);
  },
};

/** Runs the callback of a timer that the host says is due. What it throws is reported, as the standard says. */
export function fireTimer(id: number): void {
  const timer = MapPrototypeGet(timers, id);
  if (timer === undefined) return;
  if (!timer.repeats) MapPrototypeDelete(timers, id);
  try {
    ReflectApply(timer.callback, globalThis, timer.args);
  } catch (reason) {
    reportError(reason);
  }
  if (timer.repeats && MapPrototypeGet(timers, id) === timer) {
    if (callHost(HostOp.TIMER_SET, id, timer.delayMs, true) === false) MapPrototypeDelete(timers, id);
  }
}

/** Tells the host of requests of the timers that are left of init: their time begins with the first request. One that it refuses is gone. */
export function setTimersAgain(): void {
  forgetTimersLeft();
  MapPrototypeForEach(timers, (timer, id) => {
    if (callHost(HostOp.TIMER_SET, id, timer.delayMs, timer.repeats, true) === false) MapPrototypeDelete(timers, id);
  });
}

/** Runs a callback once, after a delay. @param name the API that asks. @throws Error where the app has too many timers */
export function startTimer(delayMs: number, callback: () => void, name = "AbortSignal.timeout"): number {
  return addTimer(name, { callback, args: [], delayMs, repeats: false });
}

/** Of `startTimer`. One that has fired is gone already. */
export function cancelTimer(id: number): void {
  stopTimer(id);
}

function startFromScript(name: string, repeats: boolean, callback: unknown, delay: unknown, args: unknown[]): number {
  if (typeof callback !== "function") throw new TypeErrorCtor(`${name}: the callback is not a function`);
  // A "long" of Web IDL: it wraps around, and what is not a number is 0.
  const longMs = (delay as number) | 0;
  const delayMs = Math.max(longMs, 0);
  return addTimer(name, { callback: carry(callback as Timer["callback"]), args, delayMs, repeats });
}

function addTimer(name: string, timer: Timer): number {
  const id = lastId + 1;
  if (callHost(HostOp.TIMER_SET, id, timer.delayMs, timer.repeats) === false) {
    throw new ErrorCtor(`${name}: the app has too many timers`);
  }
  lastId = id;
  MapPrototypeSet(timers, id, timer);
  return id;
}

function stopTimer(id: unknown): void {
  const key = (id as number) | 0;
  if (MapPrototypeDelete(timers, key)) callHost(HostOp.TIMER_CLEAR, key);
}
