/** performance.now() and timeOrigin, by the host's clock. */
import { HostOp } from "./boundary.ts";
import { defineLazyGlobals } from "./define-global.ts";
import { callHost, hasHost } from "./host.ts";
import { finishInterface } from "./leaf/webidl.ts";
import { DateNow } from "./primordials.ts";

/** Since the Unix epoch; undefined until somebody asks for the time in this context. */
let timeOriginMs: number | undefined;

export function installPerformance(): void {
  defineLazyGlobals(["performance"], createPerformance, { enumerable: true });
}

/** Forgets the origin of init: every restored context would share it. */
export function resetClock(): void {
  timeOriginMs = undefined;
}

function createPerformance(): unknown {
  class Performance {
    #isPerformance = true;

    now(): number {
      const origin = originMs();
      return this.#isPerformance ? epochMs() - origin : 0;
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

function originMs(): number {
  timeOriginMs ??= epochMs();
  return timeOriginMs;
}

function epochMs(): number {
  return hasHost() ? (callHost(HostOp.NOW) as number) : DateNow();
}
