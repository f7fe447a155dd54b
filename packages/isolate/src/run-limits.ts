/** What a run that is over a limit is answered with, and what its app's author reads of it: the client hears the reason's name alone. */
import type { WireError } from "@nano/protocol/errors";
import { CPU_CLOCK_SLACK_MS } from "./cpu-clock.ts";
import { errors } from "./errors.ts";
import type { GuestRun } from "./guest-run.ts";
import type { AppIsolateOptions } from "./isolate.ts";
import { boundedText } from "./response-ops.ts";

export class RunLimits {
  readonly #options: Pick<AppIsolateOptions, "app" | "limits" | "host">;

  constructor(options: Pick<AppIsolateOptions, "app" | "limits" | "host">) {
    this.#options = options;
  }

  /** Where its thread had to wait, the clock is less exact, and the request has the benefit of that. */
  isOverCpu(run: GuestRun): boolean {
    const slackMs = run.hasWaitedForCpu ? CPU_CLOCK_SLACK_MS : 0;
    return run.cpuUsedMs > this.#options.limits.cpuTimeMs + slackMs;
  }

  failByCpu(run: GuestRun): WireError {
    const { app, limits } = this.#options;
    const usedMs = Math.ceil(run.cpuUsedMs);
    return this.#fail(run, errors.CPU_LIMIT({ app, limitMs: limits.cpuTimeMs, usedMs }).wire);
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
    const isError = thrown instanceof Error;
    this.#options.host.log({
      app: this.#options.app,
      requestId: run?.request.requestId ?? null,
      level: "error",
      text: `Unhandled rejection: ${isError ? `${thrown.name}: ${boundedText(thrown.message)}` : boundedText(String(thrown))}`,
      ...(isError && thrown.stack !== undefined ? { stack: boundedText(thrown.stack) } : {}),
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
