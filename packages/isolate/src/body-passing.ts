/**
 * Bodies that a guest hands on without reading them: it names one of the host's in place of its bytes, and none of them enters the isolate.
 *
 *   request's body ──┐               ┌──▶ the response
 *                    ├── BodyPipe ───┤
 *   fetch's answer ──┘               └──▶ body of a fetch
 *
 * I1 Names are hostile: one of nothing, of what is over, or of a body that goes somewhere already is refused.
 * I2 A body lives as long as both its ends; `survives` says which fetches their context's end leaves alone.
 * I3 Fetches that are passed on into each other are a chain, never a ring, and a short one: its end comes to all of them from within each other.
 */
import { BodyPipe, type PipeSource, type PipeTarget } from "./body-pipe.ts";
import type { GuestContext, GuestFetch } from "./guest-context.ts";
import type { GuestRun } from "./guest-run.ts";

/** Fetches of one chain. */
export const MAX_PASSED_FETCHES = 16;
/** Why a body cannot be handed on: the message of a TypeError. */
const NOT_THERE = "The body that was handed on belongs to a request or response that is over";

const TOO_MANY = `The body that was handed on has gone through ${MAX_PASSED_FETCHES} fetches already`;

/**
 * Joins the body of that name to its target. Answers why not.
 *
 * @param name of a request by its id, of a fetch by the negative of its id
 * @param into the fetch that the target is the body of. @default none: it is a response
 */
export function passBody(
  context: GuestContext,
  name: unknown,
  target: PipeTarget,
  into: GuestFetch | null = null,
): BodyPipe | string {
  if (typeof name !== "number") return NOT_THERE;
  const run = context.runs.get(name);
  if (run !== undefined) return passRequestBody(run, target);
  const fetch = context.fetches.get(-name);
  return fetch === undefined ? NOT_THERE : passFetchBody(context, { id: -name, fetch, target, into });
}

/** Whether a fetch goes on although its context has ended: all of it is the host's, and its answer goes to a client. */
export function survives(fetch: GuestFetch): boolean {
  let next: GuestFetch | null = fetch;
  for (let count = 0; next !== null; count += 1) {
    const { requestPipe, responsePipe, isBodyEnded, passedTo }: GuestFetch = next;
    if (count === MAX_PASSED_FETCHES || responsePipe === null || responsePipe.isOver) return false;
    if (!isBodyEnded && (requestPipe === null || requestPipe.isOver)) return false;
    next = passedTo;
  }
  return true;
}

/** The target that is the body of a fetch. @param onFailed tells whoever waits for its answer */
export function fetchTarget(fetch: GuestFetch, onFailed: (message: string) => void): PipeTarget {
  return {
    write: (chunk) => fetch.call.writeBody(chunk),
    end: () => {
      fetch.isBodyEnded = true;
      fetch.call.endBody();
    },
    fail: (message) => {
      fetch.call.cancel();
      onFailed(message);
    },
  };
}

function passRequestBody(run: GuestRun, target: PipeTarget): BodyPipe | string {
  if (run.request.body !== true || run.bodyPipe !== null) return NOT_THERE;
  const source: PipeSource = { pull: () => run.sink.wantBody(), cancel: () => run.sink.cancelBody() };
  run.bodyPipe = new BodyPipe(source, target);
  return run.bodyPipe;
}

function passFetchBody(
  context: GuestContext,
  { id, fetch, target, into }: { id: number; fetch: GuestFetch; target: PipeTarget; into: GuestFetch | null },
): BodyPipe | string {
  // Its own answer comes after what it sends.
  if (fetch.responsePipe !== null || fetch.socket !== null || fetch === into) return NOT_THERE;
  if (into !== null) {
    if (fetch.chainCount >= MAX_PASSED_FETCHES) return TOO_MANY;
    into.chainCount = fetch.chainCount + 1;
    fetch.passedTo = into;
  }
  const cancel = (): void => {
    context.forgetFetch(id, fetch);
    fetch.requestPipe?.cancel();
    fetch.call.cancel();
  };
  fetch.responsePipe = new BodyPipe({ pull: () => fetch.call.pull(), cancel }, target);
  return fetch.responsePipe;
}
