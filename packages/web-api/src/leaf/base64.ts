// biome-ignore-all lint/complexity/noArguments: Web IDL counts the arguments that were passed
/** atob and btoa of the HTML standard, with the forgiving-base64 decode of the Infra standard. */
import { StringFromCharCode, StringPrototypeCharCodeAt, StringPrototypeSlice } from "../primordials.ts";
import { domException } from "./make-dom-exception.ts";
import { requireArguments, toDOMString } from "./webidl-convert.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const EQUALS = 0x3d;

function sixBitsOf(unit: number): number {
  if (unit >= 0x41 && unit <= 0x5a) return unit - 0x41;
  if (unit >= 0x61 && unit <= 0x7a) return unit - 0x47;
  if (unit >= 0x30 && unit <= 0x39) return unit + 4;
  if (unit === 0x2b) return 62;
  return unit === 0x2f ? 63 : -1;
}

function isWhitespace(unit: number): boolean {
  return unit === 0x20 || unit === 0x09 || unit === 0x0a || unit === 0x0c || unit === 0x0d;
}

function withoutWhitespace(text: string): string {
  let kept = "";
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (!isWhitespace(StringPrototypeCharCodeAt(text, i))) continue;
    if (i > start) kept += StringPrototypeSlice(text, start, i);
    start = i + 1;
  }
  return start === 0 ? text : kept + StringPrototypeSlice(text, start);
}

/** Methods, since functions that are declared can be constructed. */
export const { atob, btoa } = {
  /** Decodes base64 to a string of bytes. @throws DOMException InvalidCharacterError */
  atob(data: unknown): string {
    requireArguments(arguments.length, 1, "atob");
    return decode(withoutWhitespace(toDOMString(data)));
  },

  /** Encodes a string of bytes as base64. @throws DOMException InvalidCharacterError where a character is above U+00FF */
  btoa(data: unknown): string {
    requireArguments(arguments.length, 1, "btoa");
    return encode(toDOMString(data));
  },
};

function decode(text: string): string {
  let end = text.length;
  if (end % 4 === 0 && end > 0 && StringPrototypeCharCodeAt(text, end - 1) === EQUALS) {
    end -= StringPrototypeCharCodeAt(text, end - 2) === EQUALS ? 2 : 1;
  }
  if (end % 4 === 1) throw domException("InvalidCharacterError", "The string to be decoded is not correctly encoded");
  let output = "";
  let buffer = 0;
  let bitCount = 0;
  for (let i = 0; i < end; i++) {
    const value = sixBitsOf(StringPrototypeCharCodeAt(text, i));
    if (value === -1) {
      throw domException("InvalidCharacterError", "The string to be decoded is not correctly encoded");
    }
    buffer = ((buffer << 6) | value) & 0xffff;
    bitCount += 6;
    if (bitCount >= 8) {
      bitCount -= 8;
      output += StringFromCharCode((buffer >> bitCount) & 0xff);
    }
  }
  return output;
}

function encode(text: string): string {
  const { length } = text;
  let output = "";
  for (let i = 0; i < length; i += 3) {
    const first = StringPrototypeCharCodeAt(text, i);
    const second = i + 1 < length ? StringPrototypeCharCodeAt(text, i + 1) : 0;
    const third = i + 2 < length ? StringPrototypeCharCodeAt(text, i + 2) : 0;
    if (first > 0xff || second > 0xff || third > 0xff) {
      throw domException("InvalidCharacterError", "The string to be encoded has characters outside of Latin1");
    }
    output += `${ALPHABET[first >> 2]}${ALPHABET[((first & 3) << 4) | (second >> 4)]}`;
    output += i + 1 < length ? ALPHABET[((second & 15) << 2) | (third >> 6)] : "=";
    output += i + 2 < length ? ALPHABET[third & 63] : "=";
  }
  return output;
}
