/**
 * Has an app's Promise carry contexts (async-context.ts).
 *
 * I1 A reaction runs with the frame in which it was added.
 * I2 The Promise that is changed is the app's. This package goes on with what it took before (primordials.ts).
 */
import { captureFrame, carryContexts, type Frame, replaceFrame } from "./async-context.ts";
import { AsyncLocalStorage, AsyncResource } from "./async-hooks.ts";
import { defineProperty } from "./define-property.ts";
import { setEntryHook } from "./entry.ts";
import { carryThenable } from "./generator-steps.ts";
import { runAsync } from "./lowered-function.ts";
import { delegatesOf, generatorsOf } from "./lowered-generator.ts";
import { PromiseCtor, PromisePrototypeThen, ReflectApply } from "./primordials.ts";

type Reaction = (value: unknown) => unknown;

const resolveUnbound = PromiseCtor.resolve;

/** What a lowered bundle asks for, first of all: from then on its contexts are carried. */
export function loadAsyncHooks() {
  carryContexts();
  setEntryHook(setOutermost);
  // The top level began before there was a hook.
  setOutermost(true);
  defineProperty(PromiseCtor.prototype, "then", operations.then, false);
  defineProperty(PromiseCtor, "resolve", operations.resolve, false);
  return { AsyncLocalStorage, AsyncResource, delegatesOf, generatorsOf, runAsync };
}

/** An entry begins with no store, and ends before the microtasks that it left. */
function setOutermost(isInside: boolean): void {
  replaceFrame(isInside ? undefined : null);
}

const operations = {
  // biome-ignore lint/suspicious/noThenProperty: it is the app's Promise.prototype.then
  then(this: Promise<unknown>, onFulfilled: unknown, onRejected: unknown): Promise<unknown> {
    const frame = captureFrame();
    return PromisePrototypeThen(this, carryReaction(frame, onFulfilled), carryReaction(frame, onRejected));
  },
  resolve(this: typeof Promise, value: unknown): Promise<unknown> {
    return ReflectApply(resolveUnbound, this, [carryThenable(value)]) as Promise<unknown>;
  },
};

function carryReaction(frame: Frame, reaction: unknown): Reaction | undefined {
  if (typeof reaction !== "function") return undefined;
  return (value) => {
    const outer = replaceFrame(frame);
    try {
      return carryThenable(ReflectApply(reaction as Reaction, undefined, [value]));
    } finally {
      replaceFrame(outer);
    }
  };
}
