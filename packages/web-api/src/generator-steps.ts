/** What lowered async functions and async generators (lowered-function.ts, lowered-generator.ts) share: their steps, and their waits. */
import { captureFrame, runInFrame } from "./async-context.ts";
import {
  ObjectPrototypeIsPrototypeOf,
  PromiseCtor,
  PromisePrototypeThen,
  PromiseResolve,
  uncurryThis,
} from "./primordials.ts";

export type Steps = Generator<unknown, unknown, unknown>;
export type Body = (...args: never[]) => Steps;
export type Resume = (steps: Steps, value: unknown) => IteratorResult<unknown, unknown>;

const prototype = Object.getPrototypeOf(function* () {}.prototype) as Steps;
export const resumeNext = uncurryThis(prototype.next) as Resume;
export const resumeThrow = uncurryThis(prototype.throw) as Resume;
export const resumeReturn = uncurryThis(prototype.return) as Resume;

/** As `await` waits. @throws what a promise with a hostile constructor throws */
export function waitFor(
  awaited: unknown,
  onFulfilled: (value: unknown) => void,
  onRejected: (reason: unknown) => void,
): void {
  PromisePrototypeThen(PromiseResolve(carryThenable(awaited)), onFulfilled, onRejected);
}

/** A thenable is called by the engine, later: with the frame of now. What throws when it is looked at does so again, there. */
export function carryThenable(value: unknown): unknown {
  const frame = captureFrame();
  if (frame === undefined || value === null || (typeof value !== "object" && typeof value !== "function")) return value;
  try {
    if (ObjectPrototypeIsPrototypeOf(PromiseCtor.prototype, value)) return value;
    const { then } = value as { then?: unknown };
    if (typeof then !== "function") return value;
    const call = (resolve: unknown, reject: unknown) => runInFrame(frame, then as () => void, value, [resolve, reject]);
    // biome-ignore lint/suspicious/noThenProperty: it stands for a thenable
    return { __proto__: null, then: call };
  } catch {
    return value;
  }
}
