/**
 * The one clock of the guest. It stands still while code runs: an entry and its microtasks have the time at which one of them first asked.
 *
 * I1 Whole milliseconds since the epoch; whatever tells tenant code the time (`Date`, `performance`, `Temporal.Now`, Intl, events, files,
 *    the console) is this number, or a difference of two.
 * I2 It does not go back by less than HELD_STEP_MS: it stands still instead. A larger step is the operator's, who set the clock of the machine.
 * I3 While the app initialises the host is asked, once per entry, so that its answer is recorded and a second run is given the same.
 */
import { HostOp } from "./boundary.ts";
import { entryTime } from "./entry-time.ts";
import { callHost, connectionCount, hasHost, isInitialising } from "./host.ts";
import { DateNow } from "./primordials.ts";

const HELD_STEP_MS = 1_000;

/** The latest time that was given. */
let latestMs = 0;
/** Undefined until somebody asks for a time that counts from it. */
let timeOriginMs: number | undefined;
/** Which host was connected then: a restored context has another than init, and forgets the origin of init, which all would share. */
let originConnection = 0;

/** For the platform's own use: what an app reads is noted while it initialises. */
export function nowMs(): number {
  let { ms } = entryTime;
  if (ms === undefined) {
    ms = readMs();
    if (ms < latestMs && latestMs - ms < HELD_STEP_MS) ms = latestMs;
    latestMs = ms;
    entryTime.ms = ms;
  }
  return ms;
}

/** For what an app reads. @param what it called, as its author is told at build */
export function readClock(what: string): number {
  if (isInitialising() && hasHost()) callHost(HostOp.CLOCK_READ, 0, what);
  return nowMs();
}

/** What `performance.now()` and the time stamps of events count from: when a context first asked. */
export function originMs(): number {
  if (timeOriginMs === undefined || originConnection !== connectionCount()) {
    timeOriginMs = nowMs();
    originConnection = connectionCount();
  }
  return timeOriginMs;
}

function readMs(): number {
  const answer = isInitialising() && hasHost() ? callHost(HostOp.NOW) : undefined;
  return typeof answer === "number" ? answer : DateNow();
}
