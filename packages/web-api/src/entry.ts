/**
 * Where the host comes in: attach, and the entry for events.
 *
 *   fresh ──attach for init──▶ initialising ──attach──▶ attached
 *     └───────────────attach───────────────────────────────▲
 *
 * I1 Attach is locked on the global before tenant code runs and answers only who knows the secret, in this order (boundary I1).
 * I2 `enter` never throws and answers undefined (boundary I2).
 * I3 After attach, what the engine gives back to a restored context and tenant code must not have is away again.
 */
import { completeEnv, giveAssets, handleRequest, reportInit, setInitEnv } from "./app.ts";
import { ATTACH_GLOBAL, GuestEvent, HostOp } from "./boundary.ts";
import { entryTime } from "./entry-time.ts";
import { callHost, connectHost, disconnectHost, endInit, type HostCallback, timersLeft } from "./host.ts";
import { keepOwnGlobals, limitRestored, returnStackLimit } from "./limit-globals.ts";
import { JSONParse, ObjectDefineProperty } from "./primordials.ts";
import { RequestRun, receiveMessage } from "./request-run.ts";

interface Modules {
  "./deliver-event.ts": typeof import("./deliver-event.ts");
  "./thrown.ts": typeof import("./thrown.ts");
  "./timers.ts": typeof import("./timers.ts");
}
// The build turns this into the call of the module's wrapper: most requests are one event.
declare const require: <Path extends keyof Modules>(path: Path) => Modules[Path];
/** The numbers of the lazy modules that were loaded, by the build's loader. */
declare const __nano_touched__: () => string;
/** Lets go of the text of the groups of which none was loaded, by the build's loader. */
declare const __nano_drop__: () => void;
/** Put before the script by the build: a name and not a literal, so that no function's own text shows it. */
declare const __nano_secret__: string;

type Enter = (event: number, id: number, a?: unknown, b?: unknown, c?: unknown, d?: unknown) => void;

let isInitAttached = false;
let isAttached = false;
let env: unknown;
/** Null in an app that carries no contexts. */
let entryHook: ((isInside: boolean) => void) | null = null;

export function installEntry(): void {
  // Neither writable nor configurable, and not enumerable: tenant code can call it, without the secret, and that is all.
  ObjectDefineProperty(globalThis, ATTACH_GLOBAL, { __proto__: null, value: attach } as never);
}

/** Called when an event is delivered, and again before the microtasks that it left. Must not throw. */
export function setEntryHook(hook: (isInside: boolean) => void): void {
  entryHook = hook;
}

function attach(
  secret: unknown,
  callback: HostCallback,
  envJson: string,
  isInit?: boolean,
  hasAssets?: boolean,
): Enter | undefined {
  if (secret !== __nano_secret__ || isAttached) return undefined;
  if (isInit === true) {
    if (isInitAttached) return undefined;
    isInitAttached = true;
    connectHost(callback);
    // Below the heap rung init runs in a context that was restored.
    limitRestored();
    setInitEnv(JSONParse(envJson) as Record<string, string>);
    return enter;
  }
  isAttached = true;
  connectHost(callback);
  endInit();
  limitRestored();
  env = JSONParse(envJson);
  completeEnv(env as Record<string, string>);
  if (hasAssets === true) giveAssets(env as object);
  return enter;
}

function enter(event: number, id: number, a?: unknown, b?: unknown, c?: unknown, d?: unknown): void {
  entryTime.ms = undefined;
  if (entryHook !== null) entryHook(true);
  try {
    if (event === GuestEvent.REQUEST) {
      if (timersLeft() > 0) require("./timers.ts").setTimersAgain();
      const run = new RequestRun(id);
      handleRequest(run, run.createRequest(a as string, b as string, c as string, d), env);
    } else if (event === GuestEvent.SOCKET_MESSAGE) receiveMessage(id, a as string | ArrayBuffer);
    else if (event === GuestEvent.TOUCHED) callHost(HostOp.TOUCHED, 0, __nano_touched__());
    else if (event === GuestEvent.INIT_STATE) reportInit();
    else if (event === GuestEvent.INIT_END) {
      keepOwnGlobals();
      returnStackLimit();
      if (a === true) __nano_drop__();
      disconnectHost(id);
    } else require("./deliver-event.ts").deliverEvent(event, id, a, b, c, d);
  } catch (reason) {
    callHost(HostOp.LOG, 0, "error", require("./thrown.ts").formatThrown(reason));
  }
  if (entryHook !== null) entryHook(false);
}
