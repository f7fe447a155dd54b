// biome-ignore-all lint/complexity/noArguments: Web IDL counts the arguments that were passed
/** `scheduler.wait`: a timer as a promise, which a signal ends. As Workers have it; nothing of the standard's Scheduler but its name. */
import { addAbortAlgorithm, signalState } from "./leaf/abort-algorithms.ts";
import { MathMin } from "./leaf/intrinsics.ts";
import { finishInterface } from "./leaf/webidl.ts";
import { requireArguments, toDictionary } from "./leaf/webidl-convert.ts";
import { PromiseCtor, PromiseReject, TypeErrorCtor } from "./primordials.ts";
import { cancelTimer, startTimer } from "./timers.ts";

/** What the constructor wants to see: held here alone. */
const CREATE = Symbol();
const MAX_DELAY_MS = 2 ** 31 - 1;

export class Scheduler {
  /** Read for its check alone: that `this` is a Scheduler. */
  #brand = true;

  constructor(token: unknown = undefined) {
    if (token !== CREATE) throw new TypeErrorCtor("Illegal constructor");
  }

  wait(delay: unknown, options: unknown = undefined): Promise<void> {
    try {
      this.#brand;
      requireArguments(arguments.length, 1, "scheduler.wait");
      const delayMs = toDelay(+(delay as number));
      return waitFor(delayMs, toDictionary(options, "scheduler.wait").signal);
    } catch (reason) {
      return PromiseReject(reason);
    }
  }
}
finishInterface(Scheduler, "Scheduler");

export function createScheduler(): Scheduler {
  return new Scheduler(CREATE);
}

/** @throws TypeError where the signal is none, Error where the app has too many timers */
function waitFor(delayMs: number, signal: unknown): Promise<void> {
  let timer = 0;
  let resolve: () => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const waited = new PromiseCtor<void>((onDone, onFailed) => {
    resolve = onDone;
    reject = onFailed;
  });
  let forget: (() => void) | null = null;
  if (signal !== undefined) {
    const added = addAbortAlgorithm(signal, () => {
      cancelTimer(timer);
      reject(signalState(signal).reason);
    });
    if (added === undefined) throw new TypeErrorCtor("scheduler.wait: the signal is not an AbortSignal");
    if (added === "aborted") return PromiseReject(signalState(signal).reason);
    forget = added;
  }
  const end = (): void => {
    forget?.();
    resolve();
  };
  try {
    timer = startTimer(delayMs, end, "scheduler.wait");
  } catch (reason) {
    forget?.();
    throw reason;
  }
  return waited;
}

/** What is not a number is 0, and more than a timer takes is what it takes. */
function toDelay(delayMs: number): number {
  return delayMs > 0 ? MathMin(delayMs, MAX_DELAY_MS) : 0;
}
