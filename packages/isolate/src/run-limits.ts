/** What a run that is over a limit is answered with, and what its app's author reads of it: the client hears the reason's name alone. */
import type { WireError } from "@nano/protocol/errors";
import { cpuLimitMsOf } from "@nano/protocol/manifest";
import { CPU_CLOCK_SLACK_MS } from "./cpu-clock.ts";
import { errors } from "./errors.ts";
import type { GuestRun } from "./guest-run.ts";
import { withoutHostFrames } from "./guest-stack.ts";
import type { AppIsolateOptions } from "./isolate.ts";
import { boundedText, withMemoryHint } from "./response-ops.ts";

export class RunLimits {
  readonly #options: Pick<AppIsolateOptions, "app" | "limits" | "host">;

  constructor(options: Pick<AppIsolateOptions, "app" | "limits" | "host">) {
    this.#options = options;
  }

  /** Where its thread had to wait, the clock is less exact, and the request has the benefit of that. */
  isOverCpu(run: GuestRun): boolean {
    const slackMs = run.hasWaitedForCpu ? CPU_CLOCK_SLACK_MS : 0;
    return this.cpuLeftMs(run) < -slackMs;
  }

  /** What its next entry may use; below 0: it is over its limit. */
  cpuLeftMs(run: GuestRun): number {
    return cpuLimitMsOf(this.#options.limits, run.touchedBytes) - run.cpuUsedMs;
  }

  failByCpu(run: GuestRun): WireError {
    const { app, limits } = this.#options;
    const usedMs = Math.ceil(run.cpuUsedMs);
    const limitMs = Math.floor(cpuLimitMsOf(limits, run.touchedBytes));
    return this.#fail(run, errors.CPU_LIMIT({ app, limitMs, usedMs }).wire);
  }

  failByMemory(run: GuestRun): WireError {
    const { app, limits } = this.#options;
    return this.#fail(run, errors.MEMORY_LIMIT({ app, limitBytes: limits.memoryBytes }).wire);
  }

  failByWall(run: GuestRun): WireError {
    const { app, limits } = this.#options;
    return this.#fail(run, errors.WALL_LIMIT({ app, limitMs: limits.timeoutMs }).wire);
  }

  /** What isolated-vm hands out of an entry: a rejection that nobody handled. */
  logRejection(run: GuestRun | null, thrown: unknown): void {
    const stack = rejectionStack(thrown);
    this.#options.host.log({
      app: this.#options.app,
      requestId: run?.request.requestId ?? null,
      level: "error",
      text: withMemoryHint(`Unhandled rejection: ${rejectionText(thrown)}`),
      ...(stack === "" ? {} : { stack }),
    });
  }

  #fail(run: GuestRun, error: WireError): WireError {
    const { app, host } = this.#options;
    const text = `${error.reason}: ${error.message}`;
    host.log({ app, requestId: run.request.requestId, level: "error", text });
    run.fail(error);
    return error;
  }
}

/** isolated-vm copies of a reason what text it has, and of an object without one this message of its own. */
const UNREAD_OBJECT = "An object was thrown from supplied code within isolated-vm";

function isUnread(thrown: Error): boolean {
  return boundedText(thrown.message).startsWith(UNREAD_OBJECT);
}

/** Without what the copy has of the host. */
export function rejectionStack(thrown: unknown): string {
  return thrown instanceof Error && !isUnread(thrown) ? withoutHostFrames(boundedText(thrown.stack)) : "";
}

/** What a promise was rejected with, in one line or more, without its stack. */
export function rejectionText(thrown: unknown): string {
  if (!(thrown instanceof Error)) return boundedText(String(thrown));
  const message = boundedText(thrown.message);
  if (isUnread(thrown)) {
    return "an object that is no Error, of which nothing more is known: reject with an Error, or catch it";
  }
  const name = boundedText(thrown.name);
  return message === "" ? name : `${name}: ${message}`;
}
