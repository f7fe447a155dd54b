// biome-ignore-all lint/suspicious/noConsole: the app's own
/**
 * `node:process`: one request's worth of a process, which has variables and a clock, and nothing that could be ended or signalled.
 *
 * `versions.node` is not there, and its `toStringTag` is an object's: packages that look for Node by them take the files that need
 * its disk and sockets. `version` is, since others compare it as they load.
 */
import { nodeError } from "./node-error.guest.ts";
import { nextTick } from "./process-tick.guest.ts";

/** The factory's first parameter. */
declare const __nano_env__: Record<string, string>;

/** Of the Node whose modules these follow. */
export const version = "v24.0.0";
export const versions: Record<string, string> = {};
export const platform = "linux";
export const arch = "x64";
export const pid = 1;
export const title = "nano";
export const argv: string[] = [];
export const execArgv: string[] = [];
export const argv0 = "nano";
export const execPath = "/nano";
export const release: Record<string, string> = {};
export const features: Record<string, boolean> = {};
export const exitCode = undefined;
export const env = __nano_env__;
export const stdout = createOutput(1, (text) => console.log(text));
export const stderr = createOutput(2, (text) => console.error(text));

export { nextTick };

export function cwd(): string {
  return "/";
}

export function exit(): never {
  throw nodeError("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", "process.exit is not available: answer the request, or throw");
}

export function uptime(): number {
  return performance.now() / 1_000;
}

export function hrtime(since?: [number, number]): [number, number] {
  const nowNs = hrtime.bigint();
  const elapsedNs = since === undefined ? nowNs : nowNs - BigInt(since[0]) * 1_000_000_000n - BigInt(since[1]);
  return [Number(elapsedNs / 1_000_000_000n), Number(elapsedNs % 1_000_000_000n)];
}
hrtime.bigint = (): bigint => BigInt(Math.round(performance.now() * 1_000_000));

export function emitWarning(
  warning: string | Error,
  options?: string | { type?: string; code?: string },
  code?: string,
): void {
  const given = typeof options === "object" && options !== null ? options : { type: options, code };
  const text =
    warning instanceof Error ? `${warning.name}: ${warning.message}` : `${given.type ?? "Warning"}: ${warning}`;
  console.warn(given.code === undefined ? text : `[${given.code}] ${text}`);
}

/** Nothing is ever emitted: there is no process to end, and rejections are the platform's to report. */
const listening = {
  on,
  addListener: on,
  once: on,
  off: on,
  prependListener: on,
  prependOnceListener: on,
  removeListener: on,
  removeAllListeners: on,
  setMaxListeners: on,
  emit: () => false,
  listeners: () => [],
  rawListeners: () => [],
  listenerCount: () => 0,
  eventNames: () => [],
};
function on(): typeof process {
  return process;
}

const process = {
  version,
  versions,
  platform,
  arch,
  pid,
  title,
  argv,
  argv0,
  execArgv,
  execPath,
  release,
  features,
  exitCode,
  env,
  stdout,
  stderr,
  nextTick,
  cwd,
  exit,
  uptime,
  hrtime,
  emitWarning,
  ...listening,
};

export const { once, off, addListener, removeListener, removeAllListeners, emit, listeners, listenerCount } = listening;
export { on };
export default process;

/** A stream of text, of which each write is a line of the log. */
function createOutput(fd: number, writeLine: (text: string) => void) {
  return {
    fd,
    isTTY: false,
    writable: true,
    write(chunk: string | Uint8Array, encoding?: unknown, callback?: unknown): boolean {
      const text = typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
      writeLine(text.endsWith("\n") ? text.slice(0, -1) : text);
      const done = typeof encoding === "function" ? encoding : callback;
      if (typeof done === "function") queueMicrotask(() => done());
      return true;
    },
    on(): unknown {
      return this;
    },
    once(): unknown {
      return this;
    },
    end(): void {},
  };
}
