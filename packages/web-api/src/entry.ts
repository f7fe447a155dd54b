/**
 * Where the host comes in: attach, once per context, and the entry for events.
 *
 * I1 Attach is locked on the global before tenant code runs and answers only who knows the secret, once (boundary I1).
 * I2 `enter` never throws and answers undefined (boundary I2).
 * I3 After attach, what the engine gives back to a restored context and tenant code must not have is away again.
 */
import { handleRequest } from "./app.ts";
import { ATTACH_GLOBAL, GuestEvent, HostOp } from "./boundary.ts";
import { deliverFetchEvent } from "./fetch-global.ts";
import { callHost, connectHost, type HostCallback } from "./host.ts";
import { deliverDigest } from "./leaf/index.ts";
import { limitRestored } from "./limit-globals.ts";
import { resetClock } from "./performance.ts";
import { JSONParse, ObjectDefineProperty } from "./primordials.ts";
import { findRun, RequestRun } from "./request-run.ts";
import { formatThrown } from "./thrown.ts";
import { fireTimer } from "./timers.ts";

/** Put before the script by the build: a name and not a literal, so that no function's own text shows it. */
declare const __nano_secret__: string;

type Enter = (event: number, id: number, a?: unknown, b?: unknown, c?: unknown, d?: unknown) => void;

let isAttached = false;
let env: unknown;

export function installEntry(): void {
  // Neither writable nor configurable, and not enumerable: tenant code can call it, without the secret, and that is all.
  ObjectDefineProperty(globalThis, ATTACH_GLOBAL, { __proto__: null, value: attach } as never);
}

function attach(secret: unknown, callback: HostCallback, envJson: string): Enter | undefined {
  if (isAttached || secret !== __nano_secret__) return undefined;
  isAttached = true;
  connectHost(callback);
  limitRestored();
  resetClock();
  env = JSONParse(envJson);
  return enter;
}

function enter(event: number, id: number, a?: unknown, b?: unknown, c?: unknown, d?: unknown): void {
  try {
    deliver(event, id, a, b, c, d);
  } catch (reason) {
    callHost(HostOp.LOG, 0, "error", formatThrown(reason));
  }
}

function deliver(event: number, id: number, a: unknown, b: unknown, c: unknown, d: unknown): void {
  switch (event) {
    case GuestEvent.REQUEST: {
      const run = new RequestRun(id);
      const head = { method: a as string, url: b as string, headers: c as string };
      handleRequest(run, run.createRequest(head, d), env);
      return;
    }
    case GuestEvent.BODY_CHUNK:
      findRun(id)?.source?.push(a as ArrayBuffer);
      return;
    case GuestEvent.BODY_END:
      findRun(id)?.source?.end();
      return;
    case GuestEvent.BODY_ERROR:
      findRun(id)?.source?.failWithMessage(a);
      return;
    case GuestEvent.ABORT:
      findRun(id)?.abort(a);
      return;
    case GuestEvent.RESPONSE_PULL:
      findRun(id)?.resume();
      return;
    case GuestEvent.TIMER:
      fireTimer(id);
      return;
    case GuestEvent.DIGEST:
      deliverDigest(id, a, b);
      return;
    default:
      deliverFetchEvent(event, id, a, b, c, d);
  }
}
