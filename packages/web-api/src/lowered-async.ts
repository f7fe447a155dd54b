/**
 * What `async` functions of an app become where the bundler lowered them to generators, and the app's own Promise, so that contexts
 * (async-context.ts) are there after each wait.
 *
 * I1 The frame of a wait is the one in which it began; whatever ran in between, its store is back, and is gone again afterwards.
 * I2 The Promise that is changed is the app's. This package goes on with what it took before (primordials.ts).
 */
import { captureFrame, carryContexts, type Frame, replaceFrame, runInFrame } from "./async-context.ts";
import { AsyncLocalStorage, AsyncResource } from "./async-hooks.ts";
import { setEntryHook } from "./entry.ts";
import {
  ObjectDefineProperty,
  ObjectPrototypeIsPrototypeOf,
  ObjectSetPrototypeOf,
  PromiseCtor,
  PromisePrototypeThen,
  PromiseResolve,
  ReflectApply,
  ReflectDeleteProperty,
  SymbolAsyncIterator,
  uncurryThis,
} from "./primordials.ts";

type Body = (...args: never[]) => Generator<unknown, unknown, unknown>;
type Callback = (value: unknown) => unknown;
type Resume = (generator: Generator<unknown, unknown, unknown>, value: unknown) => IteratorResult<unknown, unknown>;

const GeneratorPrototype = Object.getPrototypeOf(function* () {}.prototype) as Generator<unknown, unknown, unknown>;
const AsyncGeneratorPrototype = Object.getPrototypeOf(async function* () {}.prototype) as object;
const GeneratorPrototypeNext: Resume = /* @__PURE__ */ uncurryThis(GeneratorPrototype.next) as never;
const GeneratorPrototypeThrow: Resume = /* @__PURE__ */ uncurryThis(GeneratorPrototype.throw) as never;
const resolveUnbound = PromiseCtor.resolve;

/** What a lowered bundle asks for, first of all: from then on its contexts are carried. */
export function loadAsyncHooks() {
  carryContexts();
  setEntryHook(setOutermost);
  // The top level began before there was a hook.
  setOutermost(true);
  define(PromiseCtor.prototype, "then", operations.then);
  define(PromiseCtor, "resolve", operations.resolve);
  return { AsyncLocalStorage, AsyncResource, brandGenerator, runAsync };
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
  resolve(this: typeof Promise, value?: unknown): Promise<unknown> {
    return ReflectApply(resolveUnbound, this, [carryThenable(value)]) as Promise<unknown>;
  },
};

function carryReaction(frame: Frame, reaction: unknown): Callback | undefined {
  if (typeof reaction !== "function") return undefined;
  return (value) => {
    const outer = replaceFrame(frame);
    try {
      return carryThenable(ReflectApply(reaction as Callback, undefined, [value]));
    } finally {
      replaceFrame(outer);
    }
  };
}

/** An async function's body, run as far as it goes. @param args null where the body reads no `arguments` */
export function runAsync(self: unknown, args: unknown[] | null, body: Body): Promise<unknown> {
  return new PromiseCtor((resolve, reject) => {
    const generator = ReflectApply(body, self, args ?? []);
    let frame: Frame;
    const advance = (resume: Resume, value: unknown): void => {
      for (;;) {
        let step: IteratorResult<unknown, unknown>;
        try {
          step = resume(generator, value);
        } catch (reason) {
          reject(reason);
          return;
        }
        if (step.done === true) {
          resolve(carryThenable(step.value));
          return;
        }
        frame = captureFrame();
        try {
          PromisePrototypeThen(PromiseResolve(carryThenable(step.value)), onFulfilled, onRejected);
          return;
        } catch (reason) {
          // A promise with a hostile constructor: `await` throws it.
          resume = GeneratorPrototypeThrow;
          value = reason;
        }
      }
    };
    const onFulfilled = (value: unknown): void => {
      const outer = replaceFrame(frame);
      advance(GeneratorPrototypeNext, value);
      replaceFrame(outer);
    };
    const onRejected = (reason: unknown): void => {
      const outer = replaceFrame(frame);
      advance(GeneratorPrototypeThrow, reason);
      replaceFrame(outer);
    };
    advance(GeneratorPrototypeNext, undefined);
  });
}

/** Gives what stands for an async generator the prototype of one, and hides the methods that it has of its own. */
export function brandGenerator(generator: AsyncGenerator): AsyncGenerator {
  define(generator, "next", generator.next);
  define(generator, "throw", generator.throw);
  define(generator, "return", generator.return);
  ReflectDeleteProperty(generator, SymbolAsyncIterator);
  return ObjectSetPrototypeOf(generator, AsyncGeneratorPrototype) as AsyncGenerator;
}

/** A thenable is called by the engine, later: with the frame of now. What throws when it is looked at does so again, there. */
function carryThenable(value: unknown): unknown {
  const frame = captureFrame();
  if (frame === undefined || value === null || (typeof value !== "object" && typeof value !== "function")) return value;
  try {
    if (ObjectPrototypeIsPrototypeOf(PromiseCtor.prototype, value)) return value;
    const { then } = value as { then?: unknown };
    if (typeof then !== "function") return value;
    const call = (resolve: unknown, reject: unknown) => runInFrame(frame, then as Callback, value, [resolve, reject]);
    // biome-ignore lint/suspicious/noThenProperty: it stands for a thenable
    return { __proto__: null, then: call };
  } catch {
    return value;
  }
}

function define(target: object, name: string, value: unknown): void {
  ObjectDefineProperty(target, name, {
    __proto__: null,
    value,
    writable: true,
    enumerable: false,
    configurable: true,
  } as never);
}
