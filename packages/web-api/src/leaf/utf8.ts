/** UTF-8 in the guest, exactly as the Encoding standard's coder: for small inputs, and wherever no host is there. */
import { ReflectApply, StringFromCharCode, StringPrototypeCharCodeAt, Uint8ArrayCtor } from "../primordials.ts";

/** UTF-16 code units that one call of `fromCharCode` takes; far from the engine's limit on arguments. */
const UNITS_PER_CALL = 4096;
const REPLACEMENT = 0xfffd;

/** Where a decoder stands between two chunks. */
export interface Utf8State {
  codePoint: number;
  seenCount: number;
  neededCount: number;
  lower: number;
  upper: number;
}

export function createUtf8State(): Utf8State {
  return { codePoint: 0, seenCount: 0, neededCount: 0, lower: 0x80, upper: 0xbf };
}

/**
 * Decodes a chunk, byte order mark included.
 *
 * @param state kept from chunk to chunk; reset when `flush` is set or the input is malformed
 * @param options `flush`: these are the last bytes; `fatal`: answer undefined for malformed input instead of U+FFFD
 */
export function decodeUtf8Chunk(
  bytes: Uint8Array,
  state: Utf8State,
  options: { flush: boolean; fatal: boolean },
): string | undefined {
  let text = "";
  let units: number[] = [];
  let { codePoint, seenCount, neededCount, lower, upper } = state;
  const end = bytes.length;
  for (let i = 0; i < end; ) {
    if (units.length >= UNITS_PER_CALL - 2) {
      text += ReflectApply(StringFromCharCode, undefined, units) as string;
      units = [];
    }
    const byte = bytes[i] as number;
    if (neededCount === 0) {
      i++;
      if (byte < 0x80) {
        units[units.length] = byte;
        continue;
      }
      if (byte >= 0xc2 && byte <= 0xdf) {
        neededCount = 1;
        codePoint = byte & 0x1f;
      } else if (byte >= 0xe0 && byte <= 0xef) {
        if (byte === 0xe0) lower = 0xa0;
        if (byte === 0xed) upper = 0x9f;
        neededCount = 2;
        codePoint = byte & 0x0f;
      } else if (byte >= 0xf0 && byte <= 0xf4) {
        if (byte === 0xf0) lower = 0x90;
        if (byte === 0xf4) upper = 0x8f;
        neededCount = 3;
        codePoint = byte & 0x07;
      } else if (options.fatal) return resetState(state);
      else units[units.length] = REPLACEMENT;
      continue;
    }
    if (byte < lower || byte > upper) {
      // The byte is not consumed: it may begin the next code point.
      if (options.fatal) return resetState(state);
      units[units.length] = REPLACEMENT;
      seenCount = neededCount = codePoint = 0;
      lower = 0x80;
      upper = 0xbf;
      continue;
    }
    i++;
    lower = 0x80;
    upper = 0xbf;
    codePoint = (codePoint << 6) | (byte & 0x3f);
    if (++seenCount !== neededCount) continue;
    if (codePoint > 0xffff) {
      units[units.length] = 0xd800 + ((codePoint - 0x10000) >> 10);
      units[units.length] = 0xdc00 + ((codePoint - 0x10000) & 0x3ff);
    } else units[units.length] = codePoint;
    seenCount = neededCount = codePoint = 0;
  }
  if (options.flush && neededCount !== 0) {
    if (options.fatal) return resetState(state);
    units[units.length] = REPLACEMENT;
  }
  if (options.flush) resetState(state);
  else {
    state.codePoint = codePoint;
    state.seenCount = seenCount;
    state.neededCount = neededCount;
    state.lower = lower;
    state.upper = upper;
  }
  return text + (ReflectApply(StringFromCharCode, undefined, units) as string);
}

function resetState(state: Utf8State): undefined {
  state.codePoint = state.seenCount = state.neededCount = 0;
  state.lower = 0x80;
  state.upper = 0xbf;
}

/** "UTF-8 decode without BOM": malformed input becomes U+FFFD, a byte order mark stays. */
export function decodeUtf8(bytes: Uint8Array): string {
  return decodeUtf8Chunk(bytes, createUtf8State(), { flush: true, fatal: false }) as string;
}

/** How many bytes a string takes in UTF-8; a lone surrogate counts as U+FFFD. */
export function utf8ByteLength(text: string): number {
  const length = text.length;
  let count = length;
  for (let i = 0; i < length; i++) {
    const unit = StringPrototypeCharCodeAt(text, i);
    if (unit < 0x80) continue;
    if (unit < 0x800) count += 1;
    else {
      count += 2;
      // A pair is four bytes: its two units, and the two added here.
      if (isPair(text, unit, i)) i++;
    }
  }
  return count;
}

function isPair(text: string, unit: number, at: number): boolean {
  if (unit < 0xd800 || unit > 0xdbff || at + 1 >= text.length) return false;
  const next = StringPrototypeCharCodeAt(text, at + 1);
  return next >= 0xdc00 && next <= 0xdfff;
}

/** "UTF-8 encode": a lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8ArrayCtor(utf8ByteLength(text));
  encodeUtf8Into(text, bytes);
  return bytes;
}

/** Writes as many whole code points as there is room for. */
export function encodeUtf8Into(text: string, bytes: Uint8Array): { read: number; written: number } {
  const length = text.length;
  const room = bytes.length;
  let written = 0;
  let read = 0;
  while (read < length) {
    let codePoint = StringPrototypeCharCodeAt(text, read);
    let unitCount = 1;
    if (codePoint >= 0xd800 && codePoint <= 0xdfff) {
      if (isPair(text, codePoint, read)) {
        codePoint = 0x10000 + ((codePoint - 0xd800) << 10) + (StringPrototypeCharCodeAt(text, read + 1) - 0xdc00);
        unitCount = 2;
      } else codePoint = REPLACEMENT;
    }
    if (codePoint < 0x80) {
      if (written + 1 > room) break;
      bytes[written++] = codePoint;
    } else if (codePoint < 0x800) {
      if (written + 2 > room) break;
      bytes[written++] = 0xc0 | (codePoint >> 6);
      bytes[written++] = 0x80 | (codePoint & 0x3f);
    } else if (codePoint < 0x10000) {
      if (written + 3 > room) break;
      bytes[written++] = 0xe0 | (codePoint >> 12);
      bytes[written++] = 0x80 | ((codePoint >> 6) & 0x3f);
      bytes[written++] = 0x80 | (codePoint & 0x3f);
    } else {
      if (written + 4 > room) break;
      bytes[written++] = 0xf0 | (codePoint >> 18);
      bytes[written++] = 0x80 | ((codePoint >> 12) & 0x3f);
      bytes[written++] = 0x80 | ((codePoint >> 6) & 0x3f);
      bytes[written++] = 0x80 | (codePoint & 0x3f);
    }
    read += unitCount;
  }
  return { read, written };
}
