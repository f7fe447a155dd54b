/** The global as an event target; of its events, the platform sends `fetch` and `error`. */
import type { FetchListener } from "./fetch-event.ts";
import { assertGlobal } from "./global-attributes.ts";
import type { EventTarget } from "./leaf/event-target.ts";
import { ArrayPrototypePush, ArrayPrototypeSlice, ArrayPrototypeSplice, ReflectApply } from "./primordials.ts";
import type { ErrorPlace } from "./report-error.ts";
import type { Request } from "./request.ts";
import type { RequestRun } from "./request-run.ts";

interface Modules {
  "./fetch-event.ts": typeof import("./fetch-event.ts");
  "./leaf/event-target.ts": typeof import("./leaf/event-target.ts");
  "./leaf/other-events.ts": typeof import("./leaf/other-events.ts");
}
// The build turns this into the call of the module's wrapper: most apps export their handler.
declare const require: <Path extends keyof Modules>(path: Path) => Modules[Path];

/** Kept apart from other listeners: they run without an EventTarget, and in order. */
const fetchListeners: FetchListener[] = [];
/** What all other types of events go to, made when it is first needed. */
let otherTarget: EventTarget | undefined;
/** What a listener of `error` throws is not told to listeners of `error`. */
let isReporting = false;

export function hasFetchListener(): boolean {
  return fetchListeners.length > 0;
}

/** Hands a request to the listeners; answers what one of them responded with. */
export function dispatchFetchEvent(run: RequestRun, request: Request): unknown {
  return require("./fetch-event.ts").dispatchFetchEvent(ArrayPrototypeSlice(fetchListeners), run, request);
}

export function hasErrorListener(): boolean {
  if (otherTarget === undefined || isReporting) return false;
  return require("./leaf/event-target.ts").eventTargetAccess.hasListeners(otherTarget, "error");
}

/** Tells the listeners of an exception that nobody caught. Answers whether one of them prevented that it is logged. */
export function dispatchErrorEvent(error: unknown, place: ErrorPlace): boolean {
  if (otherTarget === undefined) return false;
  const event = require("./leaf/other-events.ts").trustedErrorEvent({ ...place, error }, true);
  isReporting = true;
  try {
    return !require("./leaf/event-target.ts").eventTargetAccess.dispatch(otherTarget, event);
  } finally {
    isReporting = false;
  }
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

/** What was set, where what listens is a function of ours around it. */
let errorHandler: unknown = null;

/** Event handlers of the global; the platform sends `error` alone. */
export const globalHandlers = {
  get onerror(): unknown {
    assertGlobal(this);
    return errorHandler;
  },
  set onerror(value: unknown) {
    assertGlobal(this);
    const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
    errorHandler = isObject ? value : null;
    setGlobalHandler("error", typeof value === "function" ? callErrorHandler : null);
  },
  get onrejectionhandled(): unknown {
    assertGlobal(this);
    return getGlobalHandler("rejectionhandled");
  },
  set onrejectionhandled(value: unknown) {
    assertGlobal(this);
    setGlobalHandler("rejectionhandled", value);
  },
  get onunhandledrejection(): unknown {
    assertGlobal(this);
    return getGlobalHandler("unhandledrejection");
  },
  set onunhandledrejection(value: unknown) {
    assertGlobal(this);
    setGlobalHandler("unhandledrejection", value);
  },
};

/** Of an exception it is told the parts, and prevents the report by `true`; of any other event, it is as other handlers. */
function callErrorHandler(event: object): unknown {
  const { describeErrorEvent } = require("./leaf/other-events.ts");
  const parts = describeErrorEvent(event);
  if (parts === null) return ReflectApply(errorHandler as () => unknown, globalThis, [event]);
  const { message, filename, lineno, colno, error } = parts;
  const args = [message, filename, lineno, colno, error];
  return ReflectApply(errorHandler as () => unknown, globalThis, args) !== true;
}

function getGlobalHandler(type: string): unknown {
  return require("./leaf/event-target.ts").eventTargetAccess.getHandler(loadOtherTarget(), type);
}

function setGlobalHandler(type: string, value: unknown): void {
  require("./leaf/event-target.ts").eventTargetAccess.setHandler(loadOtherTarget(), type, value);
}

function loadOtherTarget(): EventTarget {
  otherTarget ??= new (require("./leaf/event-target.ts").EventTarget)();
  return otherTarget;
}
