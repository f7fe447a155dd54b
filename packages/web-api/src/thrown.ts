/**
 * What tenant code threw, as strings.
 *
 * I1 Getters of a thrown value may throw again or answer anything: each is read once, guarded. One that never returns is the
 *    supervisor's to end. Of what stands within it (a cause, errors, properties) none is read.
 */
import { isErrorObject } from "./error-text.ts";
import { inspect } from "./inspect.ts";
import { StringPrototypeSlice } from "./primordials.ts";
import { isResponse } from "./response.ts";

export interface Thrown {
  /** Of an error; "" for anything else that was thrown. */
  readonly name: string;
  /** Of an error; of anything else its text, as the console shows it. */
  readonly message: string;
  /** Begins with name and message, and ends with what the error holds: its cause, its errors, properties of its own. */
  readonly stack: string;
}

/** Longest message, stack or name that leaves the guest, in UTF-16 units. */
const TEXT_LIMIT_UNITS = 16 * 1024;
const RETURN_IT = " (a handler returns its Response, it does not throw it)";

export function describeThrown(reason: unknown): Thrown {
  if (typeof reason === "object" && reason !== null) {
    const error = reason as { name?: unknown; message?: unknown; stack?: unknown };
    const name = bounded(textOf(() => error.name));
    const message = bounded(textOf(() => error.message));
    if (isErrorObject(reason)) return { name: name || "Error", message, stack: bounded(inspect(reason)) };
    const stack = bounded(textOf(() => error.stack));
    // An error by its own account, as of a library's own classes.
    if (stack !== "" || (name !== "" && message !== "")) return { name, message, stack };
  }
  const text = typeof reason === "string" ? reason : inspect(reason);
  return { name: "", message: bounded(isResponse(reason) ? text + RETURN_IT : text), stack: "" };
}

/** One line or a stack for a log: the stack where there is one, which begins with name and message. */
export function formatThrown(reason: unknown): string {
  const thrown = describeThrown(reason);
  return thrown.stack === "" ? headlineOf(thrown) : thrown.stack;
}

/** What stands before a stack, as the host writes it. */
export function headlineOf({ name, message }: Thrown): string {
  if (name === "") return `Uncaught ${message}`;
  return message === "" ? name : `${name}: ${message}`;
}

function textOf(read: () => unknown): string {
  try {
    const value = read();
    if (typeof value === "string") return value;
    // Symbols cannot be converted by a template.
    return value === undefined ? "" : typeof value === "symbol" ? "Symbol()" : `${value as string}`;
  } catch {
    return "";
  }
}

function bounded(text: string): string {
  return text.length > TEXT_LIMIT_UNITS ? StringPrototypeSlice(text, 0, TEXT_LIMIT_UNITS) : text;
}
