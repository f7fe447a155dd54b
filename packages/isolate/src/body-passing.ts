/**
 * Bodies that a guest hands on without reading them: it names one of the host's in place of its bytes, and none of them enters the isolate.
 *
 *   request's body ──┐               ┌──▶ the response
 *                    ├── BodyPipe ───┤
 *   fetch's answer ──┘               └──▶ body of a fetch
 *
 * I1 Names are hostile: one of nothing, of what is over, or of a body that goes somewhere already is refused.
 * I2 A body lives as long as both its ends; `survives` says which fetches their context's end leaves alone.
 */
import { BodyPipe, type PipeSource, type PipeTarget } from "./body-pipe.ts";
import type { GuestContext, GuestFetch } from "./guest-context.ts";
import type { GuestRun } from "./guest-run.ts";

/** Why a body cannot be handed on: the message of a TypeError. */
const NOT_THERE = "The body that was handed on belongs to a request or response that is over";

/** Joins the body of that name to its target. Answers why not. @param name of a request by its id, of a fetch by the negative of its id */
export function passBody(context: GuestContext, name: unknown, target: PipeTarget): BodyPipe | string {
  if (typeof name !== "number") return NOT_THERE;
  const run = context.runs.get(name);
  if (run !== undefined) return passRequestBody(run, target);
  const fetch = context.fetches.get(-name);
  return fetch === undefined ? NOT_THERE : passFetchBody(context, { id: -name, fetch, target });
}

/** Whether a fetch goes on although its context has ended: all of it is the host's, and its answer goes to a client. */
export function survives(fetch: GuestFetch): boolean {
  const { requestPipe, responsePipe, isBodyEnded } = fetch;
  if (responsePipe === null || responsePipe.isOver) return false;
  if (!isBodyEnded && (requestPipe === null || requestPipe.isOver)) return false;
  return fetch.passedTo === null || survives(fetch.passedTo);
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
  { id, fetch, target }: { id: number; fetch: GuestFetch; target: PipeTarget },
): BodyPipe | string {
  if (fetch.responsePipe !== null || fetch.socket !== null) return NOT_THERE;
  const cancel = (): void => {
    context.fetches.delete(id);
    fetch.requestPipe?.cancel();
    fetch.call.cancel();
  };
  fetch.responsePipe = new BodyPipe({ pull: () => fetch.call.pull(), cancel }, target);
  return fetch.responsePipe;
}
