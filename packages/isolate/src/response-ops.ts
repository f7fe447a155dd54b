/** What a guest says of its response, checked and handed to the run's sink. */
import type { AppName } from "@nano/protocol/brands";
import { passBody } from "./body-passing.ts";
import type { PipeTarget } from "./body-pipe.ts";
import { errors } from "./errors.ts";
import type { GuestRun } from "./guest-run.ts";
import { isHeaderBlock } from "./header-block.ts";
import type { GuestHost } from "./isolate.ts";
import type { RunLimits } from "./run-limits.ts";
import { countWritten, lengthOf } from "./touched-bytes.ts";

/** Longest line of an app's log, and longest stack, in characters. */
export const MAX_LOG_CHARS = 16 * 1024;
const LEVELS = new Set(["debug", "info", "log", "warn", "error"]);
/** Said by UPGRADE: a response cannot have it. */
const SWITCHING_PROTOCOLS = 101;
const STATUS_TEXT = /^[\t\x20-\x7e\x80-\xff]{0,256}$/;

export class ResponseOps {
  readonly #app: AppName;
  readonly #host: GuestHost;
  readonly #limits: RunLimits;

  constructor(app: AppName, host: GuestHost, limits: RunLimits) {
    this.#app = app;
    this.#host = host;
    this.#limits = limits;
  }

  /** @param onPassed where `body` names one of the host's: it is over */
  respond(
    run: GuestRun,
    { status, statusText, headers, body }: { status: unknown; statusText: unknown; headers: unknown; body: unknown },
    onPassed: () => void,
  ): void {
    if (run.isAnswered || run.isHeadSent) return;
    if (status === SWITCHING_PROTOCOLS) {
      this.refuseUpgrade(run, "the response has no webSocket");
      return;
    }
    if (this.#limits.refuseLargeHeaders(run, headers)) return;
    const isStatus = typeof status === "number" && status >= 200 && status <= 599 && Number.isInteger(status);
    if (!isStatus || typeof statusText !== "string" || !STATUS_TEXT.test(statusText) || !isHeaderBlock(headers)) {
      this.threw(run, "TypeError", "The response's status or headers cannot be sent over HTTP", "");
      return;
    }
    const isWhole = body === null || typeof body === "string" || body instanceof ArrayBuffer;
    if (typeof body === "number") {
      const pipe = passBody(run.context, body, this.#targetOf(run, onPassed));
      if (typeof pipe === "string") {
        this.threw(run, "TypeError", pipe, "");
        return;
      }
      run.responsePipe = pipe;
    }
    run.isHeadSent = true;
    run.isAnswered = isWhole;
    if (isWhole) run.touchedBytes += lengthOf(body);
    run.sink.respond({ status, statusText, headers }, isWhole ? body : true);
    run.responsePipe?.start();
  }

  #targetOf(run: GuestRun, onPassed: () => void): PipeTarget {
    return {
      write: (chunk) => run.sink.writeResponse(chunk),
      end: () => {
        run.isAnswered = true;
        run.sink.endResponse();
        onPassed();
      },
      fail: (message) => {
        this.error(run, message, "");
        onPassed();
      },
    };
  }

  chunk(run: GuestRun, chunk: unknown): boolean {
    if (run.isAnswered || !run.isHeadSent || run.responsePipe !== null) return false;
    if (typeof chunk !== "string" && !(chunk instanceof ArrayBuffer)) return true;
    const bytes = lengthOf(chunk);
    const hasRoom = run.sink.writeResponse(chunk);
    countWritten(run, { body: run, bytes, hasRoom });
    return hasRoom;
  }

  end(run: GuestRun): void {
    if (run.isAnswered || !run.isHeadSent || run.responsePipe !== null) return;
    run.isAnswered = true;
    run.sink.endResponse();
  }

  error(run: GuestRun, message: unknown, stack: unknown): void {
    this.logThrown(run, "Response body failed", message, stack);
    run.fail(errors.RESPONSE_CUT({ app: this.#app }).wire);
  }

  threw(run: GuestRun, name: unknown, message: unknown, stack: unknown): void {
    // What the guest says of an answer that was refused is logged already.
    if (run.isRefused) return;
    this.logThrown(run, boundedText(name), message, stack);
    run.fail(errors.HANDLER_THREW({ app: this.#app }).wire);
  }

  /** The handler answered with 101 where that is no upgrade. */
  refuseUpgrade(run: GuestRun, why: string): void {
    run.isRefused = true;
    const { wire } = errors.BAD_UPGRADE({ app: this.#app, why });
    const requestId = run.request.requestId;
    this.#host.log({ app: this.#app, requestId, level: "error", text: `${wire.reason}: ${wire.message}` });
    run.fail(wire);
  }

  log(run: GuestRun | null, level: unknown, text: unknown): void {
    this.#host.log({
      app: this.#app,
      requestId: run?.request.requestId ?? null,
      level: typeof level === "string" && LEVELS.has(level) ? level : "log",
      text: boundedText(text),
    });
  }

  /** @param name of what was thrown, or what failed */
  logThrown(run: GuestRun, name: string, message: unknown, stack: unknown): void {
    this.#host.log({
      app: this.#app,
      requestId: run.request.requestId,
      level: "error",
      text: withMemoryHint(headlineOf(name, boundedText(message))),
      stack: boundedText(stack),
    });
  }
}

/** As the guest begins a stack; what is no error has no name. */
function headlineOf(name: string, message: string): string {
  if (name === "") return `Uncaught ${message}`;
  return message === "" ? name : `${name}: ${message}`;
}

/** The engine's words where there is no room for a buffer: within the isolate's memory limit, unless the app made up a size that no machine has. */
const NO_ROOM = "RangeError: Array buffer allocation failed";

/** Says by which limit that is. An app may catch the error, and its isolate lives on, so it is no end by that limit. */
export function withMemoryHint(headline: string): string {
  return headline.endsWith(NO_ROOM) ? `${headline} (buffers count towards limits.memory_mb)` : headline;
}

/** Text of a guest for the log: "" for what is no string. A slice of a long one would keep all of that for as long as it is kept itself. */
export function boundedText(value: unknown): string {
  if (typeof value !== "string") return "";
  return value.length <= MAX_LOG_CHARS
    ? value
    : Buffer.from(value.slice(0, MAX_LOG_CHARS), "utf16le").toString("utf16le");
}
