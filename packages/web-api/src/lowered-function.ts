/**
 * What an `async` function is where the bundler lowered it to a generator.
 *
 * I1 The frame of a wait is the one in which it began; it is there again when the function goes on, and gone when it waits again.
 */
import { captureFrame, type Frame, replaceFrame } from "./async-context.ts";
import { type Body, carryThenable, type Resume, resumeNext, resumeThrow, waitFor } from "./generator-steps.ts";
import { PromiseCtor, ReflectApply } from "./primordials.ts";

/** Runs a body as far as it goes, and on after each wait. @param args null where it reads no `arguments` */
export function runAsync(self: unknown, args: unknown[] | null, body: Body): Promise<unknown> {
  return new PromiseCtor((resolve, reject) => {
    const steps = ReflectApply(body, self, args ?? []);
    let frame: Frame;
    const advance = (resume: Resume, value: unknown): void => {
      for (;;) {
        let step: IteratorResult<unknown, unknown>;
        try {
          step = resume(steps, value);
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
          waitFor(step.value, onFulfilled, onRejected);
          return;
        } catch (reason) {
          resume = resumeThrow;
          value = reason;
        }
      }
    };
    const onFulfilled = (value: unknown): void => {
      const outer = replaceFrame(frame);
      advance(resumeNext, value);
      replaceFrame(outer);
    };
    const onRejected = (reason: unknown): void => {
      const outer = replaceFrame(frame);
      advance(resumeThrow, reason);
      replaceFrame(outer);
    };
    advance(resumeNext, undefined);
  });
}
