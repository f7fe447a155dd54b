/** performance.now() and timeOrigin, by the guest's clock. */
import { originMs, readClock } from "./clock.ts";
import { finishInterface } from "./leaf/webidl.ts";

export function createPerformance(): unknown {
  class Performance {
    #isPerformance = true;

    now(): number {
      const origin = originMs();
      return this.#isPerformance ? readClock("performance.now()") - origin : 0;
    }

    get timeOrigin(): number {
      return this.#isPerformance ? originMs() : 0;
    }

    toJSON(): object {
      return { timeOrigin: this.timeOrigin };
    }
  }
  finishInterface(Performance, "Performance");
  return new Performance();
}
