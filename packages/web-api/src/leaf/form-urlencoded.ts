/** The parser and the serialiser of application/x-www-form-urlencoded (URL standard, section 5). */
import {
  StringFromCharCode,
  StringPrototypeCharCodeAt,
  StringPrototypeIndexOf,
  StringPrototypeSlice,
  Uint8ArrayCtor,
} from "../primordials.ts";
import { StringPrototypeReplaceAll, TypedArrayPrototypeSubarray } from "./intrinsics.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

/** A name and a value; mutable, since `URLSearchParams.set` changes it in place. */
export type NameValue = [name: string, value: string];

const HEX = "0123456789ABCDEF";
const PERCENT = 0x25;
const PLUS = 0x2b;

/** Parses text; what stands for bytes are the UTF-8 bytes of the text. @param maxCount pairs after which it stops */
export function parseFormUrlencoded(input: string, maxCount: number = Infinity): NameValue[] {
  const pairs: NameValue[] = [];
  const length = input.length;
  for (let start = 0; start < length && pairs.length < maxCount; ) {
    let end = StringPrototypeIndexOf(input, "&", start);
    if (end === -1) end = length;
    if (end > start) {
      const equals = StringPrototypeIndexOf(input, "=", start);
      const nameEnd = equals === -1 || equals > end ? end : equals;
      pairs[pairs.length] = [
        decodeComponent(StringPrototypeSlice(input, start, nameEnd)),
        nameEnd === end ? "" : decodeComponent(StringPrototypeSlice(input, nameEnd + 1, end)),
      ];
    }
    start = end + 1;
  }
  return pairs;
}

/** Serialises to ASCII. */
export function serializeFormUrlencoded(pairs: readonly (readonly [string, string])[]): string {
  let output = "";
  for (let i = 0; i < pairs.length; i++) {
    const pair = pairs[i] as readonly [string, string];
    output += `${i === 0 ? "" : "&"}${encodeComponent(pair[0])}=${encodeComponent(pair[1])}`;
  }
  return output;
}

function decodeComponent(text: string): string {
  let escaped = false;
  let plain = true;
  for (let i = 0; i < text.length; i++) {
    const unit = StringPrototypeCharCodeAt(text, i);
    if (unit === PERCENT) escaped = true;
    else if (unit === PLUS) plain = false;
  }
  if (!escaped) {
    if (plain) return text;
    return StringPrototypeReplaceAll(text, "+", " ");
  }
  const bytes = encodeUtf8(text);
  const decoded = new Uint8ArrayCtor(bytes.length);
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (byte === PLUS) decoded[length++] = 0x20;
    else if (byte === PERCENT) {
      const high = hexValue(bytes[i + 1]);
      const low = hexValue(bytes[i + 2]);
      if (high === -1 || low === -1) decoded[length++] = byte;
      else {
        decoded[length++] = high * 16 + low;
        i += 2;
      }
    } else decoded[length++] = byte;
  }
  return decodeUtf8(TypedArrayPrototypeSubarray(decoded, 0, length));
}

function hexValue(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Alphanumerics and `*-._`: what the application/x-www-form-urlencoded percent-encode set leaves alone. */
function isPlain(unit: number): boolean {
  return (
    (unit >= 0x61 && unit <= 0x7a) ||
    (unit >= 0x41 && unit <= 0x5a) ||
    (unit >= 0x30 && unit <= 0x39) ||
    unit === 0x2a ||
    unit === 0x2d ||
    unit === 0x2e ||
    unit === 0x5f
  );
}

function encodeComponent(text: string): string {
  let i = 0;
  while (i < text.length && isPlain(StringPrototypeCharCodeAt(text, i))) i++;
  if (i === text.length) return text;
  const bytes = encodeUtf8(text);
  let encoded = StringPrototypeSlice(text, 0, i);
  for (; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (isPlain(byte)) encoded += StringFromCharCode(byte);
    else if (byte === 0x20) encoded += "+";
    else encoded += `%${HEX[byte >> 4]}${HEX[byte & 15]}`;
  }
  return encoded;
}
