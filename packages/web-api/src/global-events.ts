/** The global as an event target; of its events, `fetch` is the one that the platform sends. */
import { loadGlobal } from "./define-global.ts";
import type { FetchListener } from "./fetch-event.ts";
import { ArrayPrototypePush, ArrayPrototypeSlice, ArrayPrototypeSplice } from "./primordials.ts";
import type { Request } from "./request.ts";
import type { RequestRun } from "./request-run.ts";

// The build turns this into the call of the module's wrapper: most apps export their handler.
declare const require: (path: "./fetch-event.ts") => typeof import("./fetch-event.ts");

interface Target {
  addEventListener(type: string, listener: unknown, options?: unknown): void;
  removeEventListener(type: string, listener: unknown, options?: unknown): void;
  dispatchEvent(event: unknown): boolean;
}

/** Kept apart from other listeners: they run without an EventTarget, and in order. */
const fetchListeners: FetchListener[] = [];
/** What all other types of events go to, made when it is first needed. */
let otherTarget: Target | undefined;

export function hasFetchListener(): boolean {
  return fetchListeners.length > 0;
}

/** Hands a request to the listeners; answers what one of them responded with. */
export function dispatchFetchEvent(run: RequestRun, request: Request): unknown {
  return require("./fetch-event.ts").dispatchFetchEvent(ArrayPrototypeSlice(fetchListeners), run, request);
}

export const globalEventOperations = {
  addEventListener(type: unknown, listener: unknown, options?: unknown): void {
    if (`${type as string}` !== "fetch") {
      loadOtherTarget().addEventListener(type as string, listener, options);
      return;
    }
    if ((typeof listener !== "function" && typeof listener !== "object") || listener === null) return;
    for (let i = 0; i < fetchListeners.length; i++) if (fetchListeners[i] === listener) return;
    ArrayPrototypePush(fetchListeners, listener as FetchListener);
  },

  removeEventListener(type: unknown, listener: unknown, options?: unknown): void {
    if (`${type as string}` !== "fetch") {
      loadOtherTarget().removeEventListener(type as string, listener, options);
      return;
    }
    for (let i = 0; i < fetchListeners.length; i++) {
      if (fetchListeners[i] === listener) ArrayPrototypeSplice(fetchListeners, i, 1);
    }
  },

  dispatchEvent(event: unknown): boolean {
    return loadOtherTarget().dispatchEvent(event);
  },
};

function loadOtherTarget(): Target {
  otherTarget ??= new (loadGlobal<new () => Target>("EventTarget"))();
  return otherTarget;
}
