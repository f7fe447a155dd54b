// biome-ignore-all lint/complexity/noArguments: Web IDL counts the arguments that were passed
/** Small members of the global scope. */
import { carry } from "./async-context.ts";
import { finishInterface } from "./leaf/webidl.ts";
import { requireArguments } from "./leaf/webidl-convert.ts";
import { PromisePrototypeThen, PromiseResolve, ReflectApply, TypeErrorCtor } from "./primordials.ts";
import { reportError } from "./report-error.ts";

export const scopeOperations = {
  queueMicrotask(callback: () => void): void {
    if (typeof callback !== "function") throw new TypeErrorCtor("queueMicrotask: the callback is not a function");
    const carried = carry(callback);
    PromisePrototypeThen(PromiseResolve(undefined), () => {
      try {
        ReflectApply(carried, undefined, []);
      } catch (reason) {
        reportError(reason);
      }
    });
  },
  reportError(reason: unknown): void {
    requireArguments(arguments.length, 1, "reportError");
    reportError(reason);
  },
};

export function createNavigator(): unknown {
  class Navigator {
    get userAgent(): string {
      return "NANO";
    }
  }
  finishInterface(Navigator, "Navigator");
  return new Navigator();
}
