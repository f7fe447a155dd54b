/** Small members of the global scope. */
import { defineAttribute, defineLazyGlobals, defineOperation } from "./define-global.ts";
import { finishInterface } from "./leaf/webidl.ts";
import { PromisePrototypeThen, PromiseResolve, ReflectApply, TypeErrorCtor } from "./primordials.ts";
import { reportError } from "./report-error.ts";

const scope = globalThis;

export function installScope(): void {
  defineAttribute("self", () => scope);
  defineLazyGlobals(["navigator"], createNavigator, { enumerable: true });
  defineOperation("queueMicrotask", function queueMicrotask(callback: () => void): void {
    if (typeof callback !== "function") throw new TypeErrorCtor("queueMicrotask: the callback is not a function");
    PromisePrototypeThen(PromiseResolve(undefined), () => {
      try {
        ReflectApply(callback, undefined, []);
      } catch (reason) {
        reportError(reason);
      }
    });
  });
  defineOperation("reportError", function reportErrorOperation(reason: unknown): void {
    reportError(reason);
  });
}

function createNavigator(): unknown {
  class Navigator {
    get userAgent(): string {
      return "NANO";
    }
  }
  finishInterface(Navigator, "Navigator");
  return new Navigator();
}
