/** Objects of the engine and the platform that the console shows by what they hold and not by their properties. */
import { isArrayBuffer } from "./bytes.ts";
import { dataOf, stackOf } from "./error-text.ts";
import { headerListOf, isHeaders } from "./headers.ts";
import type { Inspection } from "./inspect.ts";
import { showKey } from "./inspect-key.ts";
import {
  DatePrototypeGetTime,
  MapPrototypeForEach,
  MapPrototypeGetSize,
  RegExpPrototypeGetSource,
  SetPrototypeForEach,
  SetPrototypeGetSize,
  TypedArrayPrototypeGetLength,
} from "./leaf/intrinsics.ts";
import type { Pair } from "./leaf/pair-iterator.ts";
import {
  ArrayBufferPrototypeGetByteLength,
  ArrayPrototypePush,
  DatePrototypeToISOString,
  ObjectGetOwnPropertyDescriptor,
  ObjectPrototypeToString,
  RegExpPrototypeToString,
  StringPrototypeSlice,
  TypedArrayPrototypeGetToStringTag,
} from "./primordials.ts";
import { isRequest } from "./request.ts";
import { isResponse } from "./response.ts";

// The build turns this into the call of the module's wrapper: most lines show none of these.
declare const require: (path: "./inspect-platform.ts") => typeof import("./inspect-platform.ts");

const PLATFORM_TAGS: Readonly<Record<string, boolean>> = {
  __proto__: null,
  "[object URLSearchParams]": true,
  "[object FormData]": true,
  "[object Blob]": true,
  "[object File]": true,
  "[object CryptoKey]": true,
} as never;

/** The text of such an object, or undefined where the value is none. */
export function inspectBuiltin(inspection: Inspection, value: object, name: string): string | undefined {
  // The tag only chooses what to try: each way reads an internal slot, and throws for an object that lies.
  try {
    const tag = ObjectPrototypeToString(value);
    switch (tag) {
      case "[object Error]":
      case "[object DOMException]":
        return showError(inspection, value as Error, name);
      case "[object Date]":
        return DatePrototypeGetTime(value as Date) > -Infinity
          ? DatePrototypeToISOString(value as Date)
          : "Invalid Date";
      case "[object RegExp]":
        RegExpPrototypeGetSource(value as RegExp);
        return RegExpPrototypeToString(value as RegExp);
      case "[object Map]":
        return showMap(inspection, value as Map<unknown, unknown>, name);
      case "[object Set]":
        return showSet(inspection, value as Set<unknown>, name);
      case "[object Promise]":
        return "Promise {}";
      case "[object ArrayBuffer]":
        return isArrayBuffer(value)
          ? `ArrayBuffer { byteLength: ${ArrayBufferPrototypeGetByteLength(value)} }`
          : undefined;
    }
    if (TypedArrayPrototypeGetToStringTag(value) !== undefined) return showTypedArray(inspection, value, name);
    if (isHeaders(value)) {
      return inspection.group("Headers", "{}", showPairs(inspection, headerListOf(value).sortAndCombine()));
    }
    if (isRequest(value)) return showMembers(inspection, value, "Request", ["method", "url", "headers"]);
    if (isResponse(value))
      return showMembers(inspection, value, "Response", ["status", "statusText", "url", "headers"]);
    if (PLATFORM_TAGS[tag] === true) return require("./inspect-platform.ts").inspectPlatform(inspection, value, tag);
    if (name === "URL") return showMembers(inspection, value, "URL", ["href"]);
  } catch {
    // Not what it claims to be: shown by its properties.
  }
  return undefined;
}

/** Of errors, where they are not enumerable. */
const HIDDEN_MEMBERS = ["cause", "errors"];

function showError(inspection: Inspection, error: Error, name: string): string {
  const stack = stackOf(error);
  const text = stack === "" ? `[${name}: ${dataOf(error, "message")}]` : withNewName(stack, error);
  const extra = inspection.entriesOf(error, (key) => key === "stack" || key === "message" || key === "name");
  for (let i = 0; i < HIDDEN_MEMBERS.length; i++) {
    const member = HIDDEN_MEMBERS[i] as string;
    const descriptor = ObjectGetOwnPropertyDescriptor(error, member);
    if (descriptor === undefined || descriptor.enumerable || descriptor.value === undefined) continue;
    ArrayPrototypePush(extra, `[${member}]: ${inspection.show(descriptor.value)}`);
  }
  return extra.length === 0 ? text : inspection.group(text, "{}", extra);
}

/** A stack is begun when the error is made: names that a constructor gives afterwards are not in it. */
function withNewName(stack: string, error: object): string {
  const name = dataOf(error, "name");
  const message = dataOf(error, "message");
  const begin = message === "" ? "Error" : `Error: ${message}`;
  const isOld = name !== "" && name !== "Error" && StringPrototypeSlice(stack, 0, begin.length) === begin;
  return isOld ? name + StringPrototypeSlice(stack, "Error".length) : stack;
}

function showMap(inspection: Inspection, map: Map<unknown, unknown>, name: string): string {
  const entries: string[] = [];
  const sizeCount = MapPrototypeGetSize(map);
  let isFull = false;
  MapPrototypeForEach(map, (value, key) => {
    isFull ||= inspection.isFull(entries, sizeCount);
    if (!isFull) ArrayPrototypePush(entries, `${inspection.show(key)} => ${inspection.show(value)}`);
  });
  return inspection.group(`${name}(${sizeCount})`, "{}", entries);
}

function showSet(inspection: Inspection, set: Set<unknown>, name: string): string {
  const entries: string[] = [];
  const sizeCount = SetPrototypeGetSize(set);
  let isFull = false;
  SetPrototypeForEach(set, (value) => {
    isFull ||= inspection.isFull(entries, sizeCount);
    if (!isFull) ArrayPrototypePush(entries, inspection.show(value));
  });
  return inspection.group(`${name}(${sizeCount})`, "{}", entries);
}

function showTypedArray(inspection: Inspection, value: object, name: string): string {
  const entries: string[] = [];
  const lengthCount = TypedArrayPrototypeGetLength(value as ArrayBufferView);
  for (let i = 0; i < lengthCount; i++) {
    if (inspection.isFull(entries, lengthCount)) break;
    ArrayPrototypePush(entries, inspection.show((value as Uint8Array)[i]));
  }
  return inspection.group(`${name}(${lengthCount})`, "[]", entries);
}

function showPairs(inspection: Inspection, pairs: readonly Pair<string>[]): string[] {
  const entries: string[] = [];
  for (let i = 0; i < pairs.length; i++) {
    if (inspection.isFull(entries, pairs.length)) break;
    const pair = pairs[i] as Pair<string>;
    ArrayPrototypePush(entries, `${showKey(pair[0])}: ${inspection.show(pair[1])}`);
  }
  return entries;
}

/** Members of a platform object, by its getters: those that make nothing. */
function showMembers(inspection: Inspection, value: object, name: string, members: readonly string[]): string {
  const entries: string[] = [];
  for (let i = 0; i < members.length; i++) {
    const member = members[i] as string;
    ArrayPrototypePush(entries, `${member}: ${inspection.show((value as Record<string, unknown>)[member])}`);
  }
  return inspection.group(name, "{}", entries);
}
