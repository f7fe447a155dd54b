/**
 * Which stores of AsyncLocalStorage the running code sees. An app that imports no `node:async_hooks` never sets one.
 *
 * I1 A frame is never changed: whoever adds a store makes another.
 * I2 Whoever replaces the frame puts the earlier one back before it returns, so that what nothing was carried to sees no store of others.
 */
import { ReflectApply } from "./primordials.ts";

/** Stores by the key of their AsyncLocalStorage; undefined: none. */
export type Frame = Map<object, unknown> | undefined;

let isCarried = false;
/** Null where nobody would put back what is set: a microtask of the engine or of this package. */
let current: Frame | null = null;

/** From here on callbacks are carried: the app imports `node:async_hooks`. */
export function carryContexts(): void {
  isCarried = true;
}

/** What code that is started now, and runs later, should see. */
export function captureFrame(): Frame {
  return current ?? undefined;
}

/** Answers what to put back. */
export function replaceFrame(frame: Frame | null): Frame | null {
  const outer = current;
  current = frame;
  return outer;
}

/** Changes the frame for what follows, where somebody will put the earlier one back. */
export function extendFrame(frame: Frame): void {
  if (current !== null) current = frame;
}

/** Runs a callback with a frame. */
export function runInFrame(
  frame: Frame,
  callback: (...args: never[]) => unknown,
  self: unknown,
  args: unknown[],
): unknown {
  const outer = replaceFrame(frame);
  try {
    return ReflectApply(callback, self, args);
  } finally {
    current = outer;
  }
}

/** The callback, with the frame that there is now. Itself in an app that carries none. */
export function carry<Callback extends (...args: never[]) => unknown>(callback: Callback): Callback {
  if (!isCarried) return callback;
  const frame = captureFrame();
  return function (this: unknown, ...args: unknown[]): unknown {
    return runInFrame(frame, callback, this, args);
  } as unknown as Callback;
}

/** Of a listener that is added now: null in an app that carries none. */
export function listenerFrame(): Frame | null {
  return isCarried ? captureFrame() : null;
}
