/** Why an app could not be bundled. All are its author's to repair; README lists the same codes, and a test compares. */
import { defineErrors, type ErrorDefinition } from "@nano/protocol/errors";
import { countProblems, formatProblems, type InputProblem } from "@nano/protocol/input-problems";

function refused<D>(reason: string, message: (details: D) => string): ErrorDefinition<D> {
  return { fault: "tenant", retryable: false, httpStatus: 422, reason, message };
}

/** A place in the author's files; `line` from 1, `column` from 1. */
export interface SourceProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text: string;
  /** The line and a mark below it, ready to print; empty where the place is unknown. */
  readonly excerpt: string;
}

/** Details of an error with a place: the first problem, and how many there are. */
export interface ProblemDetails extends SourceProblem {
  readonly problemCount: number;
}

function atPlace(d: ProblemDetails): string {
  const more = d.problemCount > 1 ? ` (and ${d.problemCount - 1} more)` : "";
  return `${d.file}:${d.line}:${d.column}: ${d.text}${more}${d.excerpt === "" ? "" : `\n${d.excerpt}`}`;
}

export const errors = defineErrors("BUNDLE", {
  SYNTAX_ERROR: refused("build_failed", (d: ProblemDetails) => `Syntax error in ${atPlace(d)}`),
  UNRESOLVED_IMPORT: refused("build_failed", (d: ProblemDetails) => `Import cannot be resolved in ${atPlace(d)}`),
  ABSENT_NODE_MODULE: refused(
    "build_failed",
    (d: ProblemDetails & { module: string }) =>
      `Node module ${d.module} does not exist in NANO, imported in ${atPlace(d)}`,
  ),
  TOP_LEVEL_AWAIT: refused("build_failed", (d: ProblemDetails) => `Top-level await is out of reach in ${atPlace(d)}`),
  BAD_WASM: refused("build_failed", (d: ProblemDetails) => `WebAssembly module is malformed in ${atPlace(d)}`),
  UNKNOWN_OUTPUT: {
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "build_failed",
    message: (d: { names: readonly string[] }) =>
      `Bundle with top-level await came out in an unknown form, with the exports ${d.names.join(", ")}`,
  },
  NO_ENTRY: refused(
    "build_failed",
    (d: { directory: string; found: string; expected: string }) =>
      `App directory ${d.directory} has no entry: found ${d.found}, expected ${d.expected}`,
  ),
  BAD_MANIFEST: refused(
    "build_failed",
    (d: { file: string; problems: readonly InputProblem[] }) =>
      `Manifest ${d.file} has ${countProblems(d.problems)}\n${formatProblems(d.problems)}`,
  ),
  TOO_LARGE: refused(
    "build_failed",
    (d: { part: string; foundBytes: number; limitBytes: number }) =>
      `Bundle is too large in its ${d.part}: found ${d.foundBytes} bytes, at most ${d.limitBytes}; import less, or serve data from assets`,
  ),
  TOO_MANY_DIRECTORIES: refused(
    "watch_failed",
    (d: { directory: string; limitCount: number }) =>
      `App directory ${d.directory} has too many directories to watch: more than ${d.limitCount}`,
  ),
});
