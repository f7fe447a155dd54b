/**
 * The one way out of the guest: numbered operations of the attached host.
 *
 * I1 The callback is held here alone and handed to nobody: tenant code cannot reach it.
 * I2 Before a host is connected (init inside `createSnapshot`, which has none) an operation throws an Error that names the
 *    API. Whoever can do without the host asks `hasHost` first.
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

/** Asks the host for an operation of `HostOp`. @throws Error that names the API where no host is connected yet */
export function callHost(
  code: number,
  id = 0,
  a?: unknown,
  b?: unknown,
  c?: unknown,
  d?: unknown,
): ReturnType<HostCallback> {
  return host(code, id, a, b, c, d);
}

/**
 * Takes the callback that answers from here on. Entry points call it: attach, with the host's own; and what runs init may
 * connect one that records or replays answers before it, which attach then replaces.
 */
export function connectHost(callback: HostCallback): void {
  host = callback;
  connections++;
}

/** How often a host was connected: what was asked of an earlier one may not hold any more. */
export function connectionCount(): number {
  return connections;
}

/** Whether operations are answered: false while the app initialises without a host. */
export function hasHost(): boolean {
  return host !== refuseBeforeAttach;
}

function refuseBeforeAttach(code: number): never {
  // Error, not a NanoError: this one is thrown to the app's author.
  throw new Error(
    `${require("./api-name.ts").apiName(code)} is not available while the app initialises: call it in a request handler`,
  );
}
