/** `fetch` on the global: its implementation is evaluated when it is first touched. */
import { defineLazyGlobals } from "./define-global.ts";

// The build turns this into the call of the module's wrapper: nothing of it runs before.
declare const require: (path: "./fetch.ts") => typeof import("./fetch.ts");

export function installFetch(): void {
  defineLazyGlobals(["fetch"], () => require("./fetch.ts").fetch, { enumerable: true });
}

/** Passes an event to the call that it is for; one for a call that is over is dropped. */
export function deliverFetchEvent(event: number, id: number, a: unknown, b: unknown, c: unknown, d: unknown): void {
  require("./fetch.ts").deliver(event, id, a, b, c, d);
}
