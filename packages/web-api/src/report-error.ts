/**
 * "Report an exception" of the HTML standard, for code that runs on nobody's behalf: an `error` event of the global, and a line in the app's
 * log where no listener prevents that.
 *
 * I1 Getters of what was thrown are not called, but by the engine where it writes the stack of an error.
 */
import { loadedGlobal } from "./define-global.ts";
import { writeLog } from "./log.ts";
import {
  ErrorCtor,
  ObjectGetOwnPropertyDescriptor,
  ObjectGetPrototypeOf,
  ReflectApply,
  StringPrototypeCharCodeAt,
  StringPrototypeIndexOf,
  StringPrototypeSlice,
} from "./primordials.ts";

// The build turns this into the call of the module's wrapper: few apps listen to the global.
declare const require: (path: "./global-events.ts") => typeof import("./global-events.ts");

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
/** Prototypes that are looked through for a name and a message: a proxy may answer one without end. */
const MAX_PROTOTYPES = 16;
const FRAME = "\n    at ";

export function reportError(reason: unknown): void {
  // Made here each time: this file may be loaded where errors have no stacks, as while a heap is made.
  const probe = new ErrorCtor();
  const stack = stackOf(reason, probe);
  // Whoever added a listener or set a handler has touched one of these.
  if (loadedGlobal("addEventListener") !== undefined || loadedGlobal("onerror") !== undefined) {
    const { hasErrorListener, dispatchErrorEvent } = require("./global-events.ts");
    if (hasErrorListener() && dispatchErrorEvent(reason, describe(reason, stack, stackOf(probe, probe)))) return;
  }
  writeLog("error", bounded(`Uncaught ${stack === "" ? textOf(reason) : stack}`));
}

function describe(reason: unknown, stack: string, hereStack: string): ErrorPlace {
  const end = StringPrototypeIndexOf(stack, FRAME);
  const text = stack === "" ? textOf(reason) : end === -1 ? stack : StringPrototypeSlice(stack, 0, end);
  const hereFile = firstPlace(hereStack, "")?.filename ?? "";
  const place = firstPlace(stack === "" ? hereStack : stack, hereFile);
  return { message: bounded(`Uncaught ${text}`), ...(place ?? NOWHERE) };
}

/** @param probe an error of now: its getter of `stack` is the engine's; where stacks are data it has none */
function stackOf(reason: unknown, probe: Error): string {
  if (typeof reason !== "object" || reason === null) return "";
  try {
    const descriptor = ObjectGetOwnPropertyDescriptor(reason, "stack");
    if (descriptor === undefined) return "";
    const { get } = descriptor;
    const isNative = get !== undefined && get === ObjectGetOwnPropertyDescriptor(probe, "stack")?.get;
    const stack: unknown = isNative ? ReflectApply(get, reason, []) : descriptor.value;
    return typeof stack === "string" ? stack : "";
  } catch {
    // A trap of a proxy, which knows of no stack.
    return "";
  }
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

/** A text that an object has or inherits. */
function dataOf(object: object, name: string): string {
  try {
    let holder: object | null = object;
    for (let i = 0; i < MAX_PROTOTYPES && holder !== null; i++) {
      const descriptor = ObjectGetOwnPropertyDescriptor(holder, name);
      if (descriptor !== undefined) return typeof descriptor.value === "string" ? descriptor.value : "";
      holder = ObjectGetPrototypeOf(holder) as object | null;
    }
  } catch {
    // A trap of a proxy.
  }
  return "";
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
