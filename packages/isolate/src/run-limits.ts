/**
 * What a run that is over a limit is answered with, and what its app's author reads of it: the client hears the reason's name alone.
 *
 * I1 Every limit that an app meets in its isolate comes by here, once each time: nothing else counts them.
 */
import { cpuLimitMsOf, cpuSoftRatioOf, streamLimitsOf } from "@nano/protocol/app-limits";
import type { WireError } from "@nano/protocol/errors";
import { CPU_CLOCK_SLACK_MS } from "./cpu-clock.ts";
import { errors } from "./errors.ts";
import type { GuestRun } from "./guest-run.ts";
import { withoutHostFrames } from "./guest-stack.ts";
import type { AppIsolateOptions } from "./isolate.ts";
import type { EndingLimit, LimitName, Refuse } from "./limit-names.ts";
import { boundedText, withMemoryHint } from "./response-ops.ts";

type LimitedOptions = Pick<AppIsolateOptions, "app" | "limits" | "host" | "onLimit">;

export class RunLimits {
  readonly #options: LimitedOptions;
  readonly #softRatio: number;
  readonly #headerBytes: number;

  constructor(options: LimitedOptions) {
    this.#options = options;
    this.#softRatio = cpuSoftRatioOf(options.limits);
    this.#headerBytes = streamLimitsOf(options.limits).responseHeaderBytes;
  }

  /** The app met a limit. */
  met(limit: LimitName): void {
    this.#options.onLimit?.(limit);
  }

  readonly refuse: Refuse = (limit, text) => {
    this.met(limit);
    return text;
  };

  /** Where its thread had to wait, the clock is less exact, and the request has the benefit of that. */
  isOverCpu(run: GuestRun): boolean {
    return this.cpuLeftMs(run) < -slackMsOf(run);
  }

  /** What its next entry may use; below 0: it is over its limit. */
  cpuLeftMs(run: GuestRun): number {
    return cpuLimitMsOf(this.#options.limits, run.touchedBytes) - run.cpuUsedMs;
  }

  /** Whether a run has worn its isolate out, by more CPU than the soft share of its limit: counted and logged once. Never a connection's. */
  isWorn(run: GuestRun): boolean {
    if (run.isUpgraded || run.isOverSoftCpu) return run.isOverSoftCpu;
    const { app, host, limits } = this.#options;
    const limitMs = cpuLimitMsOf(limits, run.touchedBytes);
    if (run.cpuUsedMs <= limitMs * this.#softRatio + slackMsOf(run)) return false;
    run.isOverSoftCpu = true;
    if (this.isOverCpu(run)) return true;
    const used = `${Math.ceil(run.cpuUsedMs)} of ${Math.floor(limitMs)} ms of CPU for one request`;
    this.met("cpu_soft_limit");
    host.log({
      app,
      requestId: run.request.requestId,
      level: "warn",
      text: `cpu_soft_limit: App ${app} used ${used}, over limits.cpu_soft_percent: a fresh isolate takes its next requests`,
    });
    return true;
  }

  /** @param run null: the entry was on nobody's behalf */
  failByCpu(run: GuestRun | null): void {
    const { app, limits } = this.#options;
    const usedMs = Math.ceil(run?.cpuUsedMs ?? limits.cpuTimeMs);
    const limitMs = Math.floor(cpuLimitMsOf(limits, run?.touchedBytes ?? 0));
    this.#fail(run, "cpu_limit", errors.CPU_LIMIT({ app, limitMs, usedMs }).wire);
  }

  /** @param run null: the entry was on nobody's behalf */
  failByMemory(run: GuestRun | null): void {
    const { app, limits } = this.#options;
    this.#fail(run, "memory_limit", errors.MEMORY_LIMIT({ app, limitBytes: limits.memoryBytes }).wire);
  }

  failByWall(run: GuestRun): WireError {
    const { app, limits } = this.#options;
    return this.#fail(run, "wall_limit", errors.WALL_LIMIT({ app, limitMs: limits.timeoutMs }).wire);
  }

  /** Whether an answer's headers are too large, which ends its run's response. @param headers hostile, a character for each byte */
  refuseLargeHeaders(run: GuestRun, headers: unknown): boolean {
    const limitBytes = this.#headerBytes;
    if (typeof headers !== "string" || headers.length <= limitBytes) return false;
    run.isRefused = true;
    const error = errors.RESPONSE_HEADERS_TOO_LARGE({ app: this.#options.app, limitBytes });
    this.#fail(run, "response_headers_too_large", error.wire);
    return true;
  }

  /** What it keeps after its answer has had its time. */
  endWaitUntil(run: GuestRun): void {
    const { app, host, limits } = this.#options;
    const text = `waitUntil took longer than ${limits.waitUntilMs} ms and was ended (limits.wait_until_secs)`;
    this.met("wait_until");
    host.log({ app, requestId: run.request.requestId, level: "warn", text });
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

  #fail(run: GuestRun | null, limit: EndingLimit, error: WireError): WireError {
    const { app, host } = this.#options;
    const text = `${error.reason}: ${error.message}`;
    this.met(limit);
    host.log({ app, requestId: run?.request.requestId ?? null, level: "error", text });
    run?.fail(error);
    return error;
  }
}

function slackMsOf(run: GuestRun): number {
  return run.hasWaitedForCpu ? CPU_CLOCK_SLACK_MS : 0;
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
