/**
 * Decoding text for guests. Node's own decoder is right about Unicode; its legacy encodings are those of ICU, whose tables and whose recovery
 * from errors are not the Encoding standard's: they come from a library, loaded when the first guest of the process asks for one.
 */
import { createRequire } from "node:module";
import { LEGACY_TEXT_BYTES } from "@nano/web-api/boundary";

const FLAG_FATAL = 1;
const FLAG_IGNORE_BOM = 2;

const UNICODE: ReadonlySet<string> = new Set(["utf-8", "utf-16le", "utf-16be"]);
const MULTI_BYTE: ReadonlySet<string> = new Set([
  "big5",
  "euc-jp",
  "euc-kr",
  "gb18030",
  "gbk",
  "iso-2022-jp",
  "shift_jis",
]);

const require = createRequire(import.meta.url);

/**
 * The text of whole sequences of bytes. Arguments are hostile.
 *
 * @returns undefined where an argument is none, or the bytes are malformed and the flags forbid it; null where there is no such encoding
 */
export function decodeText(encoding: unknown, bytes: unknown, flags: unknown): string | null | undefined {
  if (typeof encoding !== "string" || !(bytes instanceof ArrayBuffer) || typeof flags !== "number") return undefined;
  const fatal = (flags & FLAG_FATAL) !== 0;
  if (UNICODE.has(encoding)) {
    const decoder = new TextDecoder(encoding, { fatal, ignoreBOM: (flags & FLAG_IGNORE_BOM) !== 0 });
    return orUndefined(() => decoder.decode(bytes));
  }
  if (bytes.byteLength > LEGACY_TEXT_BYTES) return undefined;
  const decode = legacyDecoder(encoding, !fatal);
  return decode === null ? null : orUndefined(() => decode(new Uint8Array(bytes)));
}

function legacyDecoder(encoding: string, isLoose: boolean): ((bytes: Uint8Array) => string) | null {
  if (MULTI_BYTE.has(encoding)) {
    const library = require("@exodus/bytes/multi-byte.js") as typeof import("@exodus/bytes/multi-byte.js");
    return library.createMultibyteDecoder(encoding, isLoose);
  }
  const library = require("@exodus/bytes/single-byte.js") as typeof import("@exodus/bytes/single-byte.js");
  try {
    return library.createSinglebyteDecoder(encoding, isLoose);
  } catch {
    // RangeError: it knows no such encoding.
    return null;
  }
}

/** A decoder that is fatal throws what it is not to be told apart by. */
function orUndefined(decode: () => string): string | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}
