/**
 * Logs: one JSON object per line on standard output.
 *
 * `msg` is a constant text and what varies is a field, so that one search finds all lines of a kind.
 */
import { isNanoError, type WireError } from "@nano/protocol/errors";
import { type DestinationStream, type Logger as PinoLogger, pino, stdTimeFunctions } from "pino";
import { LineSink } from "./line-sink.ts";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  /** Guard for lines whose fields cost something to make. */
  readonly isDebug: boolean;
  debug(msg: string, fields?: LogFields): void;
  info(msg: string, fields?: LogFields): void;
  warn(msg: string, fields?: LogFields): void;
  error(msg: string, fields?: LogFields): void;
  /** The same logger with fields on each line: `{ component: "pool" }`. */
  child(fields: LogFields): Logger;
  /** Writes what is buffered; for the moment before a process ends. */
  flush(): void;
}

export interface LoggerOptions {
  readonly service: string;
  /** @default "info" */
  readonly level?: LogLevel;
  /** @default standard output */
  readonly sink?: LogSink;
}

/** Where lines go, each with its line feed. */
export interface LogSink {
  write(line: string): void;
  flush?(): void;
}

/** Fields whose value never reaches a log, at the top and two levels down. */
export const SECRET_FIELDS = [
  "credential",
  "secret",
  "secrets",
  "token",
  "password",
  "authorization",
  "cookie",
  "privateKey",
  "envVars",
  "env_vars",
] as const;

interface LoggedError {
  readonly code?: string;
  readonly fault?: string;
  readonly message: string;
  readonly stack?: string;
  readonly details?: WireError["details"];
  readonly cause?: LoggedError;
}

const MAX_CAUSES = 4;
const STDOUT_FD = 1;

function serializeError(thrown: unknown, depth = 0): LoggedError {
  if (!(thrown instanceof Error) && !isNanoError(thrown)) return { message: String(thrown) };
  const systemCode = (thrown as { code?: unknown }).code;
  return {
    ...(isNanoError(thrown)
      ? { code: thrown.wire.code, fault: thrown.wire.fault, details: thrown.wire.details }
      : typeof systemCode === "string"
        ? { code: systemCode }
        : {}),
    message: thrown.message,
    ...(thrown.stack === undefined ? {} : { stack: thrown.stack }),
    ...(thrown.cause === undefined || depth >= MAX_CAUSES ? {} : { cause: serializeError(thrown.cause, depth + 1) }),
  };
}

class PinoBackedLogger implements Logger {
  readonly isDebug: boolean;
  readonly #pino: PinoLogger;
  readonly #sink: LogSink;

  constructor(backing: PinoLogger, sink: LogSink) {
    this.#pino = backing;
    this.#sink = sink;
    this.isDebug = backing.isLevelEnabled("debug");
  }

  debug(msg: string, fields: LogFields = {}): void {
    this.#pino.debug(fields, msg);
  }

  info(msg: string, fields: LogFields = {}): void {
    this.#pino.info(fields, msg);
  }

  warn(msg: string, fields: LogFields = {}): void {
    this.#pino.warn(fields, msg);
  }

  error(msg: string, fields: LogFields = {}): void {
    this.#pino.error(fields, msg);
  }

  child(fields: LogFields): Logger {
    return new PinoBackedLogger(this.#pino.child(fields), this.#sink);
  }

  flush(): void {
    this.#sink.flush?.();
  }
}

/** A logger for one process; everything in it takes this one or a child of it as an argument. */
export function createLogger(options: LoggerOptions): Logger {
  const sink = options.sink ?? new LineSink(STDOUT_FD);
  const settings = {
    level: options.level ?? "info",
    base: { service: options.service },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: (thrown: unknown) => serializeError(thrown) },
    redact: {
      paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
      censor: "[secret]",
    },
  };
  return new PinoBackedLogger(pino(settings, sink as DestinationStream), sink);
}

/** A logger that writes nothing, for tests and tools. */
export function createSilentLogger(): Logger {
  return createLogger({ service: "silent", level: "silent", sink: { write: () => {} } });
}
