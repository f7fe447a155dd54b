/**
 * The one way out of the guest: numbered operations of the attached host.
 *
 * I1 The callback is held here alone and handed to nobody: tenant code cannot reach it.
 * I2 While no host is connected (an app that is initialised without one, and between init and attach) an operation throws an Error
 *    that names the API. Whoever can do without the host asks `hasHost` first.
 */

// The build turns this into the call of the module's wrapper: nothing of it runs before.
declare const require: (path: "./api-name.ts") => typeof import("./api-name.ts");

/** What the host's callback takes and answers; `I3` of the boundary: it never throws. */
export type HostCallback = (
  code: number,
  id: number,
  a?: unknown,
  b?: unknown,
  c?: unknown,
  d?: unknown,
) => string | number | boolean | null | undefined | ArrayBuffer;

let host: HostCallback = refuseBeforeAttach;
let connections = 0;
let hasRequests = false;
let leftTimers = 0;

/** Asks the host for an operation of `HostOp`. @throws Error that names the API where no host is connected yet */
export function callHost(
  code: number,
  id = 0,
  a?: unknown,
  b?: unknown,
  c?: unknown,
  d?: unknown,
): ReturnType<HostCallback> {
  // What crosses is copied piece by piece, also what is undefined.
  return b === undefined && c === undefined && d === undefined ? host(code, id, a) : host(code, id, a, b, c, d);
}

/** Takes the callback that answers from here on: that of init, or of requests, which replaces it. */
export function connectHost(callback: HostCallback): void {
  host = callback;
  connections++;
}

/** Init is over: nobody answers until requests come. @param timers how many of its timers have not fired */
export function disconnectHost(timers: number): void {
  host = refuseBeforeAttach;
  leftTimers = timers;
}

/** Timers of init that the host of requests does not know of yet. */
export function timersLeft(): number {
  return leftTimers;
}

/** The host of requests knows of them. */
export function forgetTimersLeft(): void {
  leftTimers = 0;
}

/** From here on there are requests. */
export function endInit(): void {
  hasRequests = true;
}

/** Until the host of requests is attached. What is made now may have to live in a heap snapshot. */
export function isInitialising(): boolean {
  return !hasRequests;
}

/** How often a host was connected: what was asked of an earlier one may not hold any more. */
export function connectionCount(): number {
  return connections;
}

/** Whether operations are answered. */
export function hasHost(): boolean {
  return host !== refuseBeforeAttach;
}

function refuseBeforeAttach(code: number): never {
  // Error, not a NanoError: this one is thrown to the app's author.
  throw new Error(
    `${require("./api-name.ts").apiName(code)} is not available while the app initialises: call it in a request handler`,
  );
}
