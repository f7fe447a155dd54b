/** performance.now() and timeOrigin, by the guest's clock. */
import { originMs, readClock } from "./clock.ts";
import { EventTarget } from "./leaf/event-target.ts";
import { finishInterface } from "./leaf/webidl.ts";
import { TypeErrorCtor } from "./primordials.ts";

/** What the constructor wants to see: held here alone. */
const CREATE = Symbol();

export class Performance extends EventTarget {
  /** Read for its check alone: that `this` is a Performance. */
  #brand = true;

  constructor(token: unknown = undefined) {
    if (token !== CREATE) throw new TypeErrorCtor("Illegal constructor");
    super();
  }

  get timeOrigin(): number {
    this.#brand;
    return originMs();
  }

  now(): number {
    this.#brand;
    const origin = originMs();
    return readClock("performance.now()") - origin;
  }

  toJSON(): object {
    this.#brand;
    return { timeOrigin: originMs() };
  }
}

finishInterface(Performance, "Performance");

export function createPerformance(): Performance {
  return new Performance(CREATE);
}
