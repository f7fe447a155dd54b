/** `addEventListener("fetch", (event) => event.respondWith(…))`: the listener form of a fetch handler. */
import { Event } from "./leaf/event.ts";
import { finishInterface } from "./leaf/webidl.ts";
import { ReflectApply, TypeErrorCtor } from "./primordials.ts";
import type { Request } from "./request.ts";
import type { RequestRun } from "./request-run.ts";

export type FetchListener = ((event: FetchEvent) => unknown) | { handleEvent(event: FetchEvent): unknown };

let answerOf: (event: FetchEvent) => { readonly value: unknown } | null;

class FetchEvent extends Event {
  readonly #run: RequestRun;
  readonly #request: Request;
  /** What `respondWith` was given, in a box; null while nobody called it. */
  #answer: { readonly value: unknown } | null = null;

  static {
    answerOf = (event) => event.#answer;
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
    if (this.#answer !== null) throw new TypeErrorCtor("FetchEvent.respondWith was called before");
    this.#answer = { value: response };
  }

  waitUntil(promise: unknown): void {
    this.#run.waitUntil(promise);
  }

  passThroughOnException(): void {
    // Nothing to pass to: the brand check is all that it does.
    this.#run;
  }
}
finishInterface(FetchEvent, "FetchEvent");

/** Calls the listeners until one responds; answers what it responded with. */
export function dispatchFetchEvent(listeners: readonly FetchListener[], run: RequestRun, request: Request): unknown {
  const event = new FetchEvent(run, request);
  for (let i = 0; i < listeners.length; i++) {
    const listener = listeners[i] as FetchListener;
    if (typeof listener === "function") ReflectApply(listener, globalThis, [event]);
    else listener.handleEvent(event);
    const answer = answerOf(event);
    if (answer !== null) return answer.value;
  }
  throw new TypeErrorCtor("No fetch listener called event.respondWith");
}
