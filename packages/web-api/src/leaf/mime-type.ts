/** Parsing and serialising a MIME type, as the MIME Sniffing standard has it. */
import { isToken } from "../headers.ts";
import {
  StringPrototypeCharCodeAt,
  StringPrototypeIndexOf,
  StringPrototypeSlice,
  StringPrototypeToLowerCase,
} from "../primordials.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const SEMICOLON = 0x3b;

export interface MimeType {
  /** In lower case. */
  readonly essence: string;
  /** Names in lower case, each once. */
  readonly parameters: (readonly [name: string, value: string])[];
}

/** The MIME type that a text is, or null. */
export function parseMimeType(input: string): MimeType | null {
  const text = trim(input);
  const slash = StringPrototypeIndexOf(text, "/");
  if (slash < 0) return null;
  const semicolon = StringPrototypeIndexOf(text, ";", slash);
  const type = StringPrototypeSlice(text, 0, slash);
  const subtype = trimEnd(StringPrototypeSlice(text, slash + 1, semicolon < 0 ? text.length : semicolon));
  if (!isToken(type) || !isToken(subtype)) return null;
  const essence = StringPrototypeToLowerCase(`${type}/${subtype}`);
  return { essence, parameters: semicolon < 0 ? [] : parametersOf(text, semicolon + 1) };
}

/** "Extract a MIME type" of the Fetch standard, from the values of `content-type` with commas between them. */
export function extractMimeType(header: string): MimeType | null {
  let found: MimeType | null = null;
  let charset: string | undefined;
  for (let at = 0; at <= header.length; ) {
    const end = endOfValue(header, at);
    const next = parseMimeType(StringPrototypeSlice(header, at, end));
    at = end + 1;
    if (next === null || next.essence === "*/*") continue;
    const own = mimeParameter(next, "charset");
    if (found === null || found.essence !== next.essence) charset = own;
    else if (own === undefined && charset !== undefined) {
      next.parameters[next.parameters.length] = ["charset", charset];
    }
    found = next;
  }
  return found;
}

export function mimeParameter({ parameters }: MimeType, name: string): string | undefined {
  for (let i = 0; i < parameters.length; i++) if (parameters[i]?.[0] === name) return parameters[i]?.[1];
  return undefined;
}

export function serializeMimeType({ essence, parameters }: MimeType): string {
  let output = essence;
  for (let i = 0; i < parameters.length; i++) {
    const pair = parameters[i] as readonly [string, string];
    const value = pair[1];
    output += `;${pair[0]}=${value !== "" && isToken(value) ? value : quote(value)}`;
  }
  return output;
}

/** The comma that ends a value, outside of quotes; or the end. */
function endOfValue(header: string, start: number): number {
  let isQuoted = false;
  let at = start;
  for (; at < header.length; at++) {
    const unit = StringPrototypeCharCodeAt(header, at);
    if (unit === QUOTE) isQuoted = !isQuoted;
    else if (isQuoted && unit === BACKSLASH) at++;
    else if (!isQuoted && unit === COMMA) return at;
  }
  return header.length;
}

/** @param start behind a semicolon */
function parametersOf(text: string, start: number): (readonly [string, string])[] {
  const parameters: (readonly [string, string])[] = [];
  const seen: Record<string, true> = { __proto__: null as never };
  for (let at = start; at < text.length; ) {
    while (at < text.length && isSpace(StringPrototypeCharCodeAt(text, at))) at++;
    let nameEnd = at;
    while (nameEnd < text.length && !isOneOf(text, nameEnd, SEMICOLON, 0x3d)) nameEnd++;
    const name = StringPrototypeToLowerCase(StringPrototypeSlice(text, at, nameEnd));
    at = nameEnd + 1;
    if (nameEnd >= text.length || StringPrototypeCharCodeAt(text, nameEnd) === SEMICOLON) continue;
    let value: string;
    if (StringPrototypeCharCodeAt(text, at) === QUOTE) {
      const quoted = unquote(text, at + 1);
      value = quoted.value;
      at = endOfParameter(text, quoted.end) + 1;
    } else {
      const end = endOfParameter(text, at);
      value = trimEnd(StringPrototypeSlice(text, at, end));
      at = end + 1;
      if (value === "") continue;
    }
    if (name === "" || !isToken(name) || !isQuotable(value) || seen[name]) continue;
    seen[name] = true;
    parameters[parameters.length] = [name, value];
  }
  return parameters;
}

/** What stands between quotes; a quote that is missing at the end is none the worse. */
function unquote(text: string, start: number): { readonly value: string; readonly end: number } {
  let value = "";
  for (let at = start; ; at++) {
    if (at >= text.length) return { value, end: at };
    const unit = StringPrototypeCharCodeAt(text, at);
    if (unit === QUOTE) return { value, end: at + 1 };
    if (unit === BACKSLASH && at + 1 < text.length) at++;
    value += StringPrototypeSlice(text, at, at + 1);
  }
}

function quote(value: string): string {
  let output = '"';
  for (let i = 0; i < value.length; i++) {
    if (isOneOf(value, i, QUOTE, BACKSLASH)) output += "\\";
    output += StringPrototypeSlice(value, i, i + 1);
  }
  return `${output}"`;
}

function isQuotable(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const unit = StringPrototypeCharCodeAt(value, i);
    if (unit !== 0x09 && (unit < 0x20 || unit === 0x7f || unit > 0xff)) return false;
  }
  return true;
}

function endOfParameter(text: string, start: number): number {
  const end = StringPrototypeIndexOf(text, ";", start);
  return end < 0 ? text.length : end;
}

function isOneOf(text: string, at: number, first: number, second: number): boolean {
  const unit = StringPrototypeCharCodeAt(text, at);
  return unit === first || unit === second;
}

/** Without HTTP whitespace at both ends. */
export function trim(text: string): string {
  let start = 0;
  while (start < text.length && isSpace(StringPrototypeCharCodeAt(text, start))) start++;
  return trimEnd(StringPrototypeSlice(text, start));
}

function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(StringPrototypeCharCodeAt(text, end - 1))) end--;
  return StringPrototypeSlice(text, 0, end);
}

function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x09 || unit === 0x0a || unit === 0x0d;
}
