/**
 * What tenant code threw, as strings.
 *
 * I1 Getters of a thrown value may throw again or answer anything: each is read once, guarded. One that never returns is the
 *    supervisor's to end.
 */
import { StringPrototypeSlice } from "./primordials.ts";

export interface Thrown {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

/** Longest message, stack or name that leaves the guest, in UTF-16 units. */
const TEXT_LIMIT_UNITS = 16 * 1024;

export function describeThrown(reason: unknown): Thrown {
  if ((typeof reason !== "object" && typeof reason !== "function") || reason === null) {
    return { name: "", message: bounded(textOf(() => reason)), stack: "" };
  }
  const error = reason as { name?: unknown; message?: unknown; stack?: unknown };
  return {
    name: bounded(textOf(() => error.name)),
    message: bounded(textOf(() => error.message)),
    stack: bounded(textOf(() => error.stack)),
  };
}

/** One line or a stack for a log: the stack where there is one, which begins with name and message. */
export function formatThrown(reason: unknown): string {
  const { name, message, stack } = describeThrown(reason);
  if (stack !== "") return stack;
  return name === "" ? message : `${name}: ${message}`;
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
