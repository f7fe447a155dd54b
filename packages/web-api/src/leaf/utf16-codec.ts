/** The UTF-16 decoders of the Encoding standard. */
import { ArrayBufferPrototypeSlice, ReflectApply, StringFromCharCode } from "../primordials.ts";

const UNITS_PER_CALL = 4096;
const REPLACEMENT = 0xfffd;

/**
 * Decodes a chunk. What its last bytes begin and do not end, half a unit or half a pair, is answered as `rest`, to be put
 * before the next chunk. Undefined where `fatal` is set and the input is malformed.
 */
export function decodeUtf16Chunk(
  bytes: Uint8Array<ArrayBuffer>,
  options: { flush: boolean; fatal: boolean; isBigEndian: boolean },
): { text: string; rest: ArrayBuffer } | undefined {
  const { flush, fatal, isBigEndian } = options;
  const unitAt = (at: number): number => {
    const first = bytes[at] as number;
    const second = bytes[at + 1] as number;
    return isBigEndian ? (first << 8) | second : (second << 8) | first;
  };
  let text = "";
  let units: number[] = [];
  let at = 0;
  for (; at + 1 < bytes.length; at += 2) {
    if (units.length >= UNITS_PER_CALL - 2) {
      text += ReflectApply(StringFromCharCode, undefined, units) as string;
      units = [];
    }
    const unit = unitAt(at);
    if (unit < 0xd800 || unit > 0xdfff) {
      units[units.length] = unit;
      continue;
    }
    if (unit <= 0xdbff) {
      if (at + 3 >= bytes.length) {
        if (!flush) break;
      } else {
        const next = unitAt(at + 2);
        if (next >= 0xdc00 && next <= 0xdfff) {
          units[units.length] = unit;
          units[units.length] = next;
          at += 2;
          continue;
        }
      }
    }
    if (fatal) return undefined;
    units[units.length] = REPLACEMENT;
    // Half a pair with half a unit behind it, at the end: one error, not two.
    if (unit <= 0xdbff && at + 3 === bytes.length) at++;
  }
  if (flush && at < bytes.length) {
    if (fatal) return undefined;
    units[units.length] = REPLACEMENT;
    at = bytes.length;
  }
  return {
    text: text + (ReflectApply(StringFromCharCode, undefined, units) as string),
    rest: ArrayBufferPrototypeSlice(bytes.buffer, bytes.byteOffset + at, bytes.byteOffset + bytes.byteLength),
  };
}
