/** Tells an app's author where its top level threw, or asked for what it does not get, in the file that they wrote. */
import { mapStack } from "@nano/bundle/map-stack";
import { withoutHostFrames, withoutPlatformFrames } from "@nano/isolate/guest-stack";
import type { NanoError } from "@nano/protocol/errors";
import { renderExcerpt } from "@nano/protocol/source-excerpt";
import { errors } from "../errors.ts";
import type { InitReport } from "./child-messages.ts";

const MAX_ERROR_CHARS = 1_000;
const MAX_STACK_LINES = 20;
/** Frames of the host say nothing to an author. */
const HOST_FRAME = /\((?:<isolated-vm boundary>|file:|node:|nano:)|^\s*at (?:file:|node:|nano:)/;
const PLACE = /(?:^|[\s(])([^\s()]+):(\d{1,9}):(\d{1,9})\)?$/;

interface SourceMapText {
  readonly sources?: readonly (string | null)[];
  readonly sourcesContent?: readonly (string | null)[];
}

export function describeThrow(thrown: Extract<InitReport, { type: "threw" }>, sourceMap: string): NanoError {
  const error = `${thrown.name}: ${thrown.message}`.slice(0, MAX_ERROR_CHARS);
  return errors.INIT_THREW({ error, ...locate(thrown.stack, sourceMap) });
}

/** The author's line that a stack of the script goes through first, and the stack as its author would read it. */
export interface Located {
  /** Empty: it goes through none. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly excerpt: string;
  readonly stack: string;
}

export function locate(scriptStack: string, sourceMap: string): Located {
  const lines = mapAppStack(scriptStack, sourceMap);
  const stack = lines.join("\n");
  const found = findPlace(lines, parseMap(sourceMap));
  if (found === null) return { file: "", line: 0, column: 0, excerpt: "", stack };
  const { content, ...place } = found;
  return { ...place, excerpt: excerptOf(content, place), stack };
}

/** `file:line:column` of the author's line that a stack of the script goes through first, or an empty text. */
export function placeOf(stack: string, sourceMap: string): string {
  const place = findPlace(mapAppStack(stack, sourceMap), parseMap(sourceMap));
  return place === null ? "" : `${place.file}:${place.line}:${place.column}`;
}

interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly content: string | null | undefined;
}

function findPlace(lines: readonly string[], map: SourceMapText): Place | null {
  for (const frame of lines) {
    const [, file, line, column] = PLACE.exec(frame) ?? [];
    const index = file === undefined ? -1 : (map.sources ?? []).indexOf(file);
    if (file === undefined || index < 0) continue;
    return { file, line: Number(line), column: Number(column), content: map.sourcesContent?.[index] };
  }
  return null;
}

/** What a top level wrote, with its author's places in the stacks that are in it. */
export function mapAppText(text: string, sourceMap: string): string {
  return mapStack(withoutPlatformFrames(text), sourceMap);
}

function mapAppStack(stack: string, sourceMap: string): string[] {
  const lines = mapAppText(withoutHostFrames(stack), sourceMap).split("\n");
  return lines.filter((line) => !HOST_FRAME.test(line)).slice(0, MAX_STACK_LINES);
}

function excerptOf(content: string | null | undefined, place: { line: number; column: number }): string {
  const lineText = content?.split("\n")[place.line - 1];
  return lineText === undefined ? "" : renderExcerpt({ line: place.line, column: place.column - 1, lineText });
}

function parseMap(text: string): SourceMapText {
  try {
    const map: unknown = JSON.parse(text);
    return typeof map === "object" && map !== null ? map : {};
  } catch {
    // An app without a usable map gets the error without its place.
    return {};
  }
}
