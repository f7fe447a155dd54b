/** Errors as they are printed. */
import type { SourceProblem } from "@nano/bundle/errors";
import { isNanoError, type WireError } from "@nano/protocol/errors";
import { printable, type Terminal } from "./terminal.ts";

/** What went wrong, in one or more lines. */
export function describeError(error: unknown, terminal: Terminal): string {
  if (!isNanoError(error)) {
    // A fault of this program: whoever reports it needs the stack.
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return terminal.paint("red", printable(text));
  }
  const [head = "", ...rest] = printable(error.message).split("\n");
  return [terminal.paint("red", head), ...rest].join("\n");
}

/** A warning of a bundle, with its place. */
export function describeProblem({ text, file, line, column, excerpt }: SourceProblem): string {
  return [`${file}:${line}:${column}: ${text}`, ...(excerpt === "" ? [] : [excerpt])].join("\n");
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
