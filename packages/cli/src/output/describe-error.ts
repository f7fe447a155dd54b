/** Errors as they are printed. */
import { isNanoError, type WireError } from "@nano/protocol/errors";
import { formatProblems } from "../config/problems.ts";
import { type ConfigProblem, errors } from "../errors.ts";
import { printable, type Terminal } from "./terminal.ts";

/** What went wrong, in one or more lines. */
export function describeError(error: unknown, terminal: Terminal): string {
  if (!isNanoError(error)) {
    // A fault of this program: whoever reports it needs the stack.
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return terminal.paint("red", printable(text));
  }
  const { message, wire } = error;
  const head = terminal.paint("red", printable(message));
  if (error.code !== errors.CONFIG_INVALID.code) return head;
  return `${head}\n${printable(formatProblems(wire.details.problems as readonly ConfigProblem[]))}`;
}

/** An error of a build: its message, and the excerpt where the message does not hold it. */
export function describeWire(error: WireError): string {
  const { excerpt, file, line, column } = error.details as Record<string, unknown>;
  const parts = [error.message];
  if (typeof file === "string" && !error.message.includes(file)) {
    parts.push(`at ${[file, line, column].filter((part) => part !== undefined).join(":")}`);
  }
  if (typeof excerpt === "string" && excerpt !== "" && !error.message.includes(excerpt)) parts.push(excerpt);
  return printable(parts.join("\n"))
    .split("\n")
    .map((text) => `    ${text}`)
    .join("\n");
}
