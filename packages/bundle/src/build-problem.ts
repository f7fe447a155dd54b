/** Turns what esbuild reports into this package's errors, with place and excerpt. */
import { isNanoError, type NanoError } from "@nano/protocol/errors";
import { renderExcerpt } from "@nano/protocol/source-excerpt";
import type { Message } from "esbuild";
import { errors, type ProblemDetails, type SourceProblem } from "./errors.ts";
import { describeMessage, isImportProblem, isNodeModule, unresolvedPath } from "./import-remedy.ts";
import { BAD_WASM_DETAIL } from "./wasm-imports.ts";

const TOP_LEVEL_AWAIT = /^Top-level await .*output format$/;

/** The error of a failed build: the first problem decides its code. */
export function createBuildError(messages: readonly Message[], cause: unknown): NanoError {
  const first = messages[0];
  if (first === undefined) {
    const text = cause instanceof Error ? cause.message : String(cause);
    return errors.SYNTAX_ERROR({ file: "(unknown)", line: 0, column: 0, text, excerpt: "", problemCount: 1 }, cause);
  }
  if (isNanoError(first.detail)) return first.detail;
  const text = describeMessage(first);
  const details: ProblemDetails = { ...toSourceProblem(first), text, problemCount: messages.length };
  const unresolved = unresolvedPath(first);
  if (unresolved !== null && isNodeModule(unresolved)) {
    return errors.ABSENT_NODE_MODULE({ ...details, module: unresolved }, cause);
  }
  if (isImportProblem(first)) return errors.UNRESOLVED_IMPORT(details, cause);
  if (first.detail === BAD_WASM_DETAIL) return errors.BAD_WASM(details, cause);
  return errors.SYNTAX_ERROR(details, cause);
}

/** Whether esbuild refuses what another form of the script allows. */
export function isTopLevelAwait({ text }: Message): boolean {
  return TOP_LEVEL_AWAIT.test(text);
}

export function toSourceProblem(message: Message): SourceProblem {
  const { location, text } = message;
  if (location === null) return { file: "(unknown)", line: 0, column: 0, text, excerpt: "" };
  const { file, line, lineText } = location;
  // esbuild counts columns in UTF-8 bytes.
  const column = Buffer.from(lineText).subarray(0, location.column).toString().length;
  return { file, line, column: column + 1, text, excerpt: renderExcerpt({ line, column, lineText }) };
}
