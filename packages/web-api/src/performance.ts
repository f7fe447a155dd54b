/** performance.now() and timeOrigin, by the host's clock. */
import { HostOp } from "./boundary.ts";
import { callHost, connectionCount, hasHost } from "./host.ts";
import { finishInterface } from "./leaf/webidl.ts";
import { DateNow } from "./primordials.ts";

/** Since the Unix epoch; undefined until somebody asks for the time. */
let timeOriginMs: number | undefined;
/** Which host was connected then: a restored context has another than init, and forgets the origin of init, which all would share. */
let originConnection = 0;

export function createPerformance(): unknown {
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
  if (timeOriginMs === undefined || originConnection !== connectionCount()) {
    timeOriginMs = epochMs();
    originConnection = connectionCount();
  }
  return timeOriginMs;
}

function epochMs(): number {
  return hasHost() ? (callHost(HostOp.NOW) as number) : DateNow();
}
