/** The data: URL processor of the Fetch standard. */
import {
  ArrayBufferCtor,
  StringFromCharCode,
  StringPrototypeCharCodeAt,
  StringPrototypeIndexOf,
  StringPrototypeSlice,
  StringPrototypeToLowerCase,
  Uint8ArrayCtor,
} from "../primordials.ts";
import { atob } from "./base64.ts";
import { parseMimeType, serializeMimeType, trim } from "./mime-type.ts";

const PREFIX_LENGTH = 5;
const BASE64 = "base64";
const SPACE = 0x20;

/** @param url serialised, without its fragment; null: it is malformed */
export function parseDataUrl(url: string): { readonly type: string; readonly bytes: ArrayBuffer } | null {
  const comma = StringPrototypeIndexOf(url, ",", PREFIX_LENGTH);
  if (comma < 0) return null;
  let type = trim(StringPrototypeSlice(url, PREFIX_LENGTH, comma));
  let body = unescapePercents(StringPrototypeSlice(url, comma + 1));
  const base64Start = startOfBase64(type);
  if (base64Start >= 0) {
    type = StringPrototypeSlice(type, 0, base64Start);
    try {
      body = atob(body);
    } catch {
      return null; // InvalidCharacterError: that is the answer
    }
  }
  if (StringPrototypeCharCodeAt(type, 0) === 0x3b) type = `text/plain${type}`;
  const parsed = parseMimeType(type);
  return {
    type: parsed === null ? "text/plain;charset=US-ASCII" : serializeMimeType(parsed),
    bytes: bytesOfLatin1(body),
  };
}

/** Where `;base64` begins that ends the text, spaces after the semicolon included; -1: it does not. */
function startOfBase64(type: string): number {
  let at = type.length - BASE64.length;
  if (at < 1 || StringPrototypeToLowerCase(StringPrototypeSlice(type, at)) !== BASE64) return -1;
  while (at > 0 && StringPrototypeCharCodeAt(type, at - 1) === SPACE) at--;
  return at > 0 && StringPrototypeCharCodeAt(type, at - 1) === 0x3b ? at - 1 : -1;
}

/** Percent-decodes to one character for each byte. */
function unescapePercents(text: string): string {
  let output = "";
  let start = 0;
  for (;;) {
    const at = StringPrototypeIndexOf(text, "%", start);
    if (at < 0) return start === 0 ? text : output + StringPrototypeSlice(text, start);
    const high = hexAt(text, at + 1);
    const low = hexAt(text, at + 2);
    const isEscape = high >= 0 && low >= 0;
    output += StringPrototypeSlice(text, start, at) + (isEscape ? StringFromCharCode(high * 16 + low) : "%");
    start = at + (isEscape ? 3 : 1);
  }
}

/** -1: it is no hexadecimal digit. */
function hexAt(text: string, at: number): number {
  const unit = StringPrototypeCharCodeAt(text, at);
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  const lower = unit | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function bytesOfLatin1(text: string): ArrayBuffer {
  const buffer = new ArrayBufferCtor(text.length);
  const bytes = new Uint8ArrayCtor(buffer);
  for (let i = 0; i < text.length; i++) bytes[i] = StringPrototypeCharCodeAt(text, i);
  return buffer;
}
