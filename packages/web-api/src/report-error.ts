/**
 * "Report an exception" of the HTML standard, for code that runs on nobody's behalf: an `error` event of the global, and a line in the app's
 * log where no listener prevents that.
 *
 * I1 Getters of what was thrown are not called, but by the engine where it writes the stack of an error.
 */
import { loadedGlobal } from "./define-global.ts";
import { dataOf, stackOf } from "./error-text.ts";
import { writeLog } from "./log.ts";
import { ErrorCtor, StringPrototypeCharCodeAt, StringPrototypeIndexOf, StringPrototypeSlice } from "./primordials.ts";

interface Modules {
  "./global-events.ts": typeof import("./global-events.ts");
  "./inspect.ts": typeof import("./inspect.ts");
}
// The build turns this into the call of the module's wrapper: few apps listen to the global, and few throw there.
declare const require: <Path extends keyof Modules>(path: Path) => Modules[Path];

/** What an `ErrorEvent` says of an exception, beside itself. */
export interface ErrorPlace {
  readonly message: string;
  /** Empty: nobody knows. */
  readonly filename: string;
  readonly lineno: number;
  readonly colno: number;
}

/** Longest text that leaves the guest, in UTF-16 units. */
const TEXT_LIMIT_UNITS = 16 * 1024;
const FRAME = "\n    at ";

export function reportError(reason: unknown): void {
  // Whoever added a listener or set a handler has touched one of these.
  if (loadedGlobal("addEventListener") !== undefined || loadedGlobal("onerror") !== undefined) {
    const { hasErrorListener, dispatchErrorEvent } = require("./global-events.ts");
    if (hasErrorListener() && dispatchErrorEvent(reason, describe(reason, stackOf(new ErrorCtor())))) return;
  }
  const text = typeof reason === "string" ? reason : require("./inspect.ts").inspect(reason);
  writeLog("error", bounded(`Uncaught ${text}`));
}

function describe(reason: unknown, hereStack: string): ErrorPlace {
  const stack = stackOf(reason);
  const end = StringPrototypeIndexOf(stack, FRAME);
  const text = stack === "" ? textOf(reason) : end === -1 ? stack : StringPrototypeSlice(stack, 0, end);
  const hereFile = firstPlace(hereStack, "")?.filename ?? "";
  const place = firstPlace(stack === "" ? hereStack : stack, hereFile);
  return { message: bounded(`Uncaught ${text}`), ...(place ?? NOWHERE) };
}

/** Of what has no stack. */
function textOf(reason: unknown): string {
  if (typeof reason === "symbol") return "Symbol()";
  if (typeof reason === "function") return "function";
  if (typeof reason !== "object" || reason === null) return `${reason as string}`;
  const name = dataOf(reason, "name");
  const message = dataOf(reason, "message");
  if (name === "" && message === "") return "#<Object>";
  return name === "" || message === "" ? name + message : `${name}: ${message}`;
}

type Place = Omit<ErrorPlace, "message">;

const NOWHERE: Place = { filename: "", lineno: 0, colno: 0 };
/** The first that a stack goes through, but in one file: the platform's. */
function firstPlace(stack: string, skippedFile: string): Place | null {
  let rest = stack;
  for (;;) {
    const start = StringPrototypeIndexOf(rest, FRAME);
    if (start === -1) return null;
    rest = StringPrototypeSlice(rest, start + FRAME.length, rest.length);
    const end = StringPrototypeIndexOf(rest, "\n");
    const place = parseFrame(end === -1 ? rest : StringPrototypeSlice(rest, 0, end));
    if (place !== null && (skippedFile === "" || place.filename !== skippedFile)) return place;
    if (end > 0) rest = StringPrototypeSlice(rest, end, rest.length);
  }
}

/** `name (file:line:column)`, `file:line:column`, or what has no place. */
function parseFrame(frame: string): Place | null {
  const isNamed = codeAt(frame, frame.length - 1) === 0x29; // )
  const column = digitsBefore(frame, isNamed ? frame.length - 1 : frame.length);
  if (column === null || codeAt(frame, column.start - 1) !== 0x3a) return null; // :
  const line = digitsBefore(frame, column.start - 1);
  if (line === null || codeAt(frame, line.start - 1) !== 0x3a) return null;
  let start = isNamed ? line.start - 1 : 0;
  while (isNamed && start > 0 && codeAt(frame, start - 1) !== 0x28) start--; // (
  const filename = StringPrototypeSlice(frame, start, line.start - 1);
  return { filename, lineno: line.value, colno: column.value };
}

function digitsBefore(text: string, end: number): { readonly start: number; readonly value: number } | null {
  let start = end;
  while (start > 0 && codeAt(text, start - 1) >= 0x30 && codeAt(text, start - 1) <= 0x39) start--;
  return start === end ? null : { start, value: +StringPrototypeSlice(text, start, end) };
}

function codeAt(text: string, at: number): number {
  return StringPrototypeCharCodeAt(text, at);
}

function bounded(text: string): string {
  return text.length > TEXT_LIMIT_UNITS ? StringPrototypeSlice(text, 0, TEXT_LIMIT_UNITS) : text;
}
