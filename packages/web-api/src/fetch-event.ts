/** `addEventListener("fetch", …)`: the listener form of a fetch handler, and the global as an event target. */
import { defineOperation, loadGlobal } from "./define-global.ts";
import { finishInterface } from "./leaf/webidl.ts";
import {
  ArrayPrototypePush,
  ArrayPrototypeSlice,
  ArrayPrototypeSplice,
  ReflectApply,
  ReflectDeleteProperty,
  TypeErrorCtor,
} from "./primordials.ts";
import type { Request } from "./request.ts";
import type { RequestRun } from "./request-run.ts";

type Listener = ((event: unknown) => unknown) | { handleEvent(event: unknown): unknown };

interface Target {
  addEventListener(type: string, listener: unknown, options?: unknown): void;
  removeEventListener(type: string, listener: unknown, options?: unknown): void;
  dispatchEvent(event: unknown): boolean;
}

/** Kept apart from other listeners: they run without an EventTarget, and in order. */
const fetchListeners: Listener[] = [];
/** What all other types of events go to, made when it is first needed. */
let otherTarget: Target | undefined;

export function installGlobalEvents(): void {
  defineOperation("addEventListener", addEventListener);
  defineOperation("removeEventListener", removeEventListener);
  defineOperation("dispatchEvent", (event: unknown) => loadOtherTarget().dispatchEvent(event));
}

export function hasFetchListener(): boolean {
  return fetchListeners.length > 0;
}

/** Runs the listeners until one responds; answers what it responded with. */
export function dispatchFetchEvent(run: RequestRun, request: Request): unknown {
  createFetchEvent ??= loadFetchEvent();
  const event = createFetchEvent(run, request);
  const listeners = ArrayPrototypeSlice(fetchListeners);
  for (let i = 0; i < listeners.length; i++) {
    const listener = listeners[i] as Listener;
    if (typeof listener === "function") ReflectApply(listener, globalThis, [event.event]);
    else listener.handleEvent(event.event);
    const answer = event.answer();
    if (answer !== undefined) return answer.value;
  }
  throw new TypeErrorCtor("No fetch listener called event.respondWith");
}

function addEventListener(type: unknown, listener: unknown, options?: unknown): void {
  if (`${type as string}` !== "fetch") {
    loadOtherTarget().addEventListener(type as string, listener, options);
    return;
  }
  if ((typeof listener !== "function" && typeof listener !== "object") || listener === null) return;
  for (let i = 0; i < fetchListeners.length; i++) if (fetchListeners[i] === listener) return;
  ArrayPrototypePush(fetchListeners, listener as Listener);
}

function removeEventListener(type: unknown, listener: unknown, options?: unknown): void {
  if (`${type as string}` !== "fetch") {
    loadOtherTarget().removeEventListener(type as string, listener, options);
    return;
  }
  for (let i = 0; i < fetchListeners.length; i++) {
    if (fetchListeners[i] === listener) ArrayPrototypeSplice(fetchListeners, i, 1);
  }
}

function loadOtherTarget(): Target {
  otherTarget ??= new (loadGlobal<new () => Target>("EventTarget"))();
  return otherTarget;
}

interface FetchEventHandle {
  readonly event: unknown;
  /** What `respondWith` was given, in a box; undefined while nobody called it. */
  answer(): { readonly value: unknown } | undefined;
}

let createFetchEvent: ((run: RequestRun, request: Request) => FetchEventHandle) | undefined;

function loadFetchEvent(): (run: RequestRun, request: Request) => FetchEventHandle {
  const Event = loadGlobal<new (type: string) => object>("Event");

  class FetchEvent extends Event {
    readonly #run: RequestRun;
    readonly #request: Request;
    #answer: { readonly value: unknown } | undefined;

    static answerOf(event: FetchEvent): { readonly value: unknown } | undefined {
      return event.#answer;
    }

    constructor(run: RequestRun, request: Request) {
      super("fetch");
      this.#run = run;
      this.#request = request;
    }

    get request(): Request {
      return this.#request;
    }

    respondWith(response: unknown): void {
      if (this.#answer !== undefined) throw new TypeErrorCtor("FetchEvent.respondWith was called before");
      this.#answer = { value: response };
    }

    waitUntil(promise: unknown): void {
      this.#run.waitUntil(promise);
    }

    passThroughOnException(): void {
      this.#run;
    }
  }
  const { answerOf } = FetchEvent;
  ReflectDeleteProperty(FetchEvent, "answerOf");
  finishInterface(FetchEvent, "FetchEvent");
  return (run, request) => {
    const event = new FetchEvent(run, request);
    return { event, answer: () => answerOf(event) };
  };
}
