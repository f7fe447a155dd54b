/**
 * What an async generator is where the bundler lowered it to a generator, which yields waits (of the bundler's class) and values.
 *
 *   idle ──request──▶ running ⇄ waiting ──yield, end──▶ the request is answered; the next one, or idle
 *
 * I1 Requests are answered in their order, each run with the frame in which it was asked.
 * I2 After a wait the frame is the one in which it began.
 */
import { captureFrame, type Frame, replaceFrame } from "./async-context.ts";
import {
  type Body,
  type Resume,
  resumeNext,
  resumeReturn,
  resumeThrow,
  type Steps,
  waitFor,
} from "./generator-steps.ts";
import {
  ObjectSetPrototypeOf,
  PromiseCtor,
  ReflectApply,
  ReflectDeleteProperty,
  SymbolAsyncIterator,
  SymbolIterator,
  TypeErrorCtor,
} from "./primordials.ts";

/** What `await` becomes in the body: what is awaited, and, where that is the answer of an iterator that `yield*` asked, by which method. */
interface Wait {
  readonly 0: unknown;
  readonly 1: Method | undefined;
}
type WaitClass = new (awaited: unknown, method?: Method) => Wait;
type Method = "next" | "return" | "throw";
type WaitKind = "await" | "delegate" | "yield" | "end";

interface AskedStep {
  readonly resume: Resume;
  readonly value: unknown;
  readonly frame: Frame;
  readonly resolve: (result: IteratorResult<unknown, unknown>) => void;
  readonly reject: (reason: unknown) => void;
  next: AskedStep | null;
}

class LoweredGenerator {
  readonly #waitClass: WaitClass;
  readonly #steps: Steps;
  #first: AskedStep | null = null;
  #last: AskedStep | null = null;
  #isRunning = false;
  #isWaiting = false;
  #waitKind: WaitKind = "await";
  #delegateMethod: Method | undefined;
  #frame: Frame;

  constructor(waitClass: WaitClass, steps: Steps) {
    this.#waitClass = waitClass;
    this.#steps = steps;
  }

  next(value: unknown): Promise<unknown> {
    return this.#ask(resumeNext, value);
  }

  return(value: unknown): Promise<unknown> {
    return this.#ask(resumeReturn, value);
  }

  throw(reason: unknown): Promise<unknown> {
    return this.#ask(resumeThrow, reason);
  }

  #ask(resume: Resume, value: unknown): Promise<unknown> {
    return new PromiseCtor((resolve, reject) => {
      const asked: AskedStep = { resume, value, frame: captureFrame(), resolve, reject, next: null };
      if (this.#last === null) this.#first = asked;
      else this.#last.next = asked;
      this.#last = asked;
      if (!this.#isRunning) this.#drain();
    });
  }

  #drain(): void {
    this.#isRunning = true;
    while (this.#first !== null && !this.#isWaiting) {
      const { frame, resume, value } = this.#first;
      const outer = replaceFrame(frame);
      this.#advance(resume, value);
      replaceFrame(outer);
    }
    this.#isRunning = this.#isWaiting;
  }

  #advance(resume: Resume, value: unknown): void {
    for (;;) {
      let step: IteratorResult<unknown, unknown>;
      try {
        step = resume(this.#steps, value);
      } catch (reason) {
        this.#shift()?.reject(reason);
        return;
      }
      const given = step.value;
      if (step.done === true && given === undefined) {
        this.#shift()?.resolve({ value: undefined, done: true });
        return;
      }
      let awaited = given;
      if (given instanceof this.#waitClass) {
        awaited = given[0];
        this.#delegateMethod = given[1];
        this.#waitKind = given[1] === undefined ? "await" : "delegate";
      } else this.#waitKind = step.done === true ? "end" : "yield";
      this.#frame = captureFrame();
      try {
        waitFor(awaited, this.#onFulfilled, this.#onRejected);
        this.#isWaiting = true;
        return;
      } catch (reason) {
        resume = resumeThrow;
        value = reason;
      }
    }
  }

  readonly #onFulfilled = (value: unknown): void => {
    this.#isWaiting = false;
    const kind = this.#waitKind;
    if (kind === "await") this.#goOn(resumeNext, value);
    else if (kind === "delegate") this.#delegate(value);
    else this.#shift()?.resolve({ value, done: kind === "end" });
    this.#drain();
  };

  readonly #onRejected = (reason: unknown): void => {
    this.#isWaiting = false;
    this.#goOn(resumeThrow, reason);
    this.#drain();
  };

  /** The answer is handed to `yield*` by the method that asked for it: only so is a return one. */
  #delegate(answer: unknown): void {
    let result: IteratorResult<unknown, unknown>;
    try {
      const { done, value } = answer as IteratorResult<unknown, unknown>;
      result = { done: done as true, value };
    } catch (reason) {
      this.#goOn(resumeThrow, reason);
      return;
    }
    this.#goOn(this.#delegateMethod === "return" ? resumeReturn : resumeNext, result);
  }

  #goOn(resume: Resume, value: unknown): void {
    const outer = replaceFrame(this.#frame);
    this.#advance(resume, value);
    replaceFrame(outer);
  }

  #shift(): AskedStep | null {
    const asked = this.#first;
    this.#first = asked?.next ?? null;
    if (this.#first === null) this.#last = null;
    return asked;
  }
}

const { prototype } = LoweredGenerator;
ReflectDeleteProperty(prototype, "constructor");
ObjectSetPrototypeOf(prototype, Object.getPrototypeOf(async function* () {}.prototype) as object);

/** @param waitClass of the waits that the bodies of this bundle yield */
export function generatorsOf(waitClass: WaitClass): (self: unknown, args: unknown[] | null, body: Body) => unknown {
  return (self, args, body) => new LoweredGenerator(waitClass, ReflectApply(body, self, args ?? []));
}

/**
 * What `yield*` of an async generator becomes one of, in its body. Of each answer the body yields the wait, and is then handed the result
 * by the same method.
 */
export function delegatesOf(
  waitClass: WaitClass,
): (iterable: Partial<AsyncIterable<unknown> & Iterable<unknown>>) => object {
  return (iterable) => {
    const open = iterable[SymbolAsyncIterator];
    // The values of an iterator that is not asynchronous are awaited where they are yielded.
    if (open === undefined || open === null) return iterable as object;
    const inner = ReflectApply(open, iterable, []) as AsyncIterator<unknown>;
    const { next } = inner;
    let isAnswered = false;
    const ask = (method: Method, call: unknown, value: unknown): unknown => {
      if (isAnswered) {
        isAnswered = false;
        if (method === "throw") throw value;
        return value;
      }
      const answer = ReflectApply(call as () => unknown, inner, [value]);
      isAnswered = true;
      return { done: false, value: new waitClass(answer, method) };
    };
    const outer = {
      __proto__: null,
      [SymbolIterator]: () => outer,
      next: (value: unknown) => ask("next", next, value),
      get return() {
        const { return: close } = inner;
        return close === undefined || close === null ? undefined : (value: unknown) => ask("return", close, value);
      },
      throw(reason: unknown) {
        const { throw: fail, return: close } = inner;
        if (isAnswered || (fail !== undefined && fail !== null)) return ask("throw", fail, reason);
        if (close !== undefined && close !== null) ReflectApply(close, inner, []);
        throw new TypeErrorCtor("The iterator does not provide a 'throw' method");
      },
    };
    return outer;
  };
}
