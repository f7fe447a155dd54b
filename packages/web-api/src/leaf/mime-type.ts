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
const SEMICOLON = 0x3b;

/** The serialisation of the MIME type that a text is, or null. */
export function parseMimeType(input: string): string | null {
  const text = trim(input);
  const slash = StringPrototypeIndexOf(text, "/");
  if (slash < 0) return null;
  const semicolon = StringPrototypeIndexOf(text, ";", slash);
  const type = StringPrototypeSlice(text, 0, slash);
  const subtype = trimEnd(StringPrototypeSlice(text, slash + 1, semicolon < 0 ? text.length : semicolon));
  if (!isToken(type) || !isToken(subtype)) return null;
  const essence = StringPrototypeToLowerCase(`${type}/${subtype}`);
  return semicolon < 0 ? essence : essence + parametersOf(text, semicolon + 1);
}

/** As they are serialised. @param start behind a semicolon */
function parametersOf(text: string, start: number): string {
  let output = "";
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
    output += `;${name}=${value !== "" && isToken(value) ? value : quote(value)}`;
  }
  return output;
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
