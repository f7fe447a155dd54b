/**
 * TextDecoder of the Encoding standard. UTF-8 and UTF-16 are decoded here, in chunks as they come; large UTF-8 and the legacy
 * encodings by the host, which keeps nothing between two chunks.
 */
import { HostOp } from "../boundary.ts";
import { joinBytes } from "../bytes.ts";
import { callHost, hasHost } from "../host.ts";
import {
  ArrayBufferPrototypeGetByteLength,
  ArrayBufferPrototypeSlice,
  RangeErrorCtor,
  StringPrototypeCharCodeAt,
  StringPrototypeSlice,
  TypeErrorCtor,
  Uint8ArrayCtor,
} from "../primordials.ts";
import { viewBytes } from "./buffer-source.ts";
import type { LegacyDecoder } from "./legacy-decoder.ts";
import { createUtf8State, decodeUtf8Chunk, type Utf8State } from "./utf8.ts";
import { decodeUtf16Chunk } from "./utf16-codec.ts";
import { finishInterface } from "./webidl.ts";
import { toDictionary, toDOMString } from "./webidl-convert.ts";

interface Modules {
  "./encoding-labels.ts": typeof import("./encoding-labels.ts");
  "./legacy-decoder.ts": typeof import("./legacy-decoder.ts");
}
// The build turns this into the call of the module's wrapper: most texts are UTF-8.
declare const require: <Path extends keyof Modules>(path: Path) => Modules[Path];

/**
 * From this many bytes on the host decodes UTF-8. Measured on Node 26.10, x64: here 18 to 21 µs for 1,024 bytes, and linear;
 * by the host 20 µs for 4,096 and 14 µs for 8,192 that are all ASCII.
 */
const HOST_DECODE_BYTES = 1024;
const BYTE_ORDER_MARK = 0xfeff;
const FLAG_FATAL = 1;
const FLAG_IGNORE_BOM = 2;

export class TextDecoder {
  #encoding: string;
  #fatal: boolean;
  #ignoreBOM: boolean;
  #utf8: Utf8State = createUtf8State();
  /** UTF-16: what is left of the last chunk. */
  #rest: ArrayBuffer | null = null;
  #legacy: LegacyDecoder | null = null;
  #isStreaming = false;
  #bomSeen = false;

  constructor(label: unknown = "utf-8", options: unknown = undefined) {
    const text = toDOMString(label);
    const dictionary = toDictionary(options, "new TextDecoder");
    this.#fatal = !!dictionary.fatal;
    this.#ignoreBOM = !!dictionary.ignoreBOM;
    const encoding = text === "utf-8" ? text : require("./encoding-labels.ts").encodingOfLabel(text);
    if (encoding === undefined) throw new RangeErrorCtor(`The encoding label provided ('${text}') is invalid`);
    this.#encoding = encoding;
  }

  get encoding(): string {
    return this.#encoding;
  }

  get fatal(): boolean {
    return this.#fatal;
  }

  get ignoreBOM(): boolean {
    return this.#ignoreBOM;
  }

  decode(input: unknown = undefined, options: unknown = undefined): string {
    this.#encoding;
    let bytes = input === undefined ? new Uint8ArrayCtor(0) : viewBytes(input);
    if (bytes === undefined) throw new TypeErrorCtor("TextDecoder.decode: the input is not a buffer or a view");
    let isStream = false;
    if (options !== undefined) {
      isStream = !!toDictionary(options, "TextDecoder.decode").stream;
      // A getter of theirs may have detached the buffer.
      bytes = (input === undefined ? undefined : viewBytes(input)) ?? bytes;
    }
    if (!this.#isStreaming) {
      this.#bomSeen = false;
      this.#rest = null;
      this.#legacy = null;
      this.#utf8 = createUtf8State();
    }
    this.#isStreaming = isStream;
    const text = this.#decodeChunk(bytes, !isStream);
    if (text === undefined) {
      this.#isStreaming = false;
      throw new TypeErrorCtor("The encoded data was not valid");
    }
    return this.#withoutMark(text);
  }

  #decodeChunk(bytes: Uint8Array<ArrayBuffer>, flush: boolean): string | undefined {
    if (this.#encoding === "utf-8") {
      // A chunk that begins and ends a text has no state: the host may have it.
      if (bytes.length >= HOST_DECODE_BYTES && flush && this.#utf8.neededCount === 0 && hasHost()) {
        return this.#decodeByHost(bytes);
      }
      return decodeUtf8Chunk(bytes, this.#utf8, { flush, fatal: this.#fatal });
    }
    if (this.#encoding === "utf-16le" || this.#encoding === "utf-16be") {
      const decoded = decodeUtf16Chunk(this.#join(bytes), {
        flush,
        fatal: this.#fatal,
        isBigEndian: this.#encoding === "utf-16be",
      });
      this.#rest = decoded === undefined ? null : decoded.rest;
      return decoded?.text;
    }
    this.#legacy ??= new (require("./legacy-decoder.ts").LegacyDecoder)(this.#encoding, this.#fatal);
    return this.#legacy.decode(bytes, flush);
  }

  #decodeByHost(bytes: Uint8Array<ArrayBuffer>): string | undefined {
    const flags = FLAG_IGNORE_BOM | (this.#fatal ? FLAG_FATAL : 0);
    const answer = callHost(HostOp.TEXT_DECODE, 0, this.#encoding, ownBuffer(bytes), flags);
    return typeof answer === "string" ? answer : undefined;
  }

  /** What was left, with the new bytes behind it. */
  #join(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const rest = this.#rest;
    if (rest === null) return bytes;
    const chunks = [rest, ownBuffer(bytes)];
    return new Uint8ArrayCtor(joinBytes(chunks, ArrayBufferPrototypeGetByteLength(rest) + bytes.length));
  }

  /** Drops the byte order mark of a text in UTF-8 or UTF-16 whose first characters these are. */
  #withoutMark(text: string): string {
    if (this.#bomSeen || text === "") return text;
    this.#bomSeen = true;
    if (this.#ignoreBOM || StringPrototypeCharCodeAt(text, 0) !== BYTE_ORDER_MARK) return text;
    return this.#encoding === "utf-8" || this.#encoding === "utf-16le" || this.#encoding === "utf-16be"
      ? StringPrototypeSlice(text, 1)
      : text;
  }
}

finishInterface(TextDecoder, "TextDecoder");

function ownBuffer(bytes: Uint8Array<ArrayBuffer>): ArrayBuffer {
  return ArrayBufferPrototypeSlice(bytes.buffer, bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}
