/**
 * TextDecoder of the Encoding standard. UTF-8 and UTF-16 are decoded here, in chunks as they come; large UTF-8 and the legacy
 * encodings by the host. A legacy encoding of several bytes per character has no state in the host, so that in streaming
 * its text comes with the last chunk.
 */
import { HostOp } from "../boundary.ts";
import { joinBytes } from "../bytes.ts";
import { callHost, hasHost } from "../host.ts";
import {
  ArrayBufferPrototypeGetByteLength,
  ArrayBufferPrototypeSlice,
  ArrayPrototypePush,
  RangeErrorCtor,
  StringPrototypeCharCodeAt,
  StringPrototypeSlice,
  TypeErrorCtor,
  Uint8ArrayCtor,
} from "../primordials.ts";
import { viewBytes } from "./buffer-source.ts";
import { createUtf8State, decodeUtf8Chunk, type Utf8State } from "./utf8.ts";
import { decodeUtf16Chunk } from "./utf16-codec.ts";
import { finishInterface } from "./webidl.ts";
import { toDictionary, toDOMString } from "./webidl-convert.ts";

declare const require: (path: "./encoding-labels.ts") => typeof import("./encoding-labels.ts");

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
  /** UTF-16: what is left of the last chunk. Legacy encodings: all chunks so far. */
  #kept: ArrayBuffer[] = [];
  #isStreaming = false;
  #bomSeen = false;

  constructor(label: unknown = "utf-8", options: unknown = undefined) {
    const dictionary = toDictionary(options, "new TextDecoder");
    const text = toDOMString(label);
    const encoding = text === "utf-8" ? text : require("./encoding-labels.ts").encodingOfLabel(text);
    if (encoding === undefined) throw new RangeErrorCtor(`The encoding label provided ('${text}') is invalid`);
    this.#encoding = encoding;
    this.#fatal = !!dictionary.fatal;
    this.#ignoreBOM = !!dictionary.ignoreBOM;
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
    const bytes = input === undefined ? new Uint8ArrayCtor(0) : viewBytes(input);
    if (bytes === undefined) throw new TypeErrorCtor("TextDecoder.decode: the input is not a buffer or a view");
    const isStream = !!toDictionary(options, "TextDecoder.decode").stream;
    if (!this.#isStreaming) {
      this.#bomSeen = false;
      this.#kept = [];
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
        return this.#decodeByHost(bytes, FLAG_IGNORE_BOM);
      }
      return decodeUtf8Chunk(bytes, this.#utf8, { flush, fatal: this.#fatal });
    }
    if (this.#encoding === "utf-16le" || this.#encoding === "utf-16be") {
      const decoded = decodeUtf16Chunk(this.#join(bytes), {
        flush,
        fatal: this.#fatal,
        isBigEndian: this.#encoding === "utf-16be",
      });
      this.#kept = decoded === undefined ? [] : [decoded.rest];
      return decoded?.text;
    }
    if (flush) return this.#decodeByHost(this.#join(bytes), FLAG_IGNORE_BOM);
    ArrayPrototypePush(this.#kept, ownBuffer(bytes));
    return "";
  }

  #decodeByHost(bytes: Uint8Array<ArrayBuffer>, flags: number): string | undefined {
    const answer = callHost(
      HostOp.TEXT_DECODE,
      0,
      this.#encoding,
      ownBuffer(bytes),
      flags | (this.#fatal ? FLAG_FATAL : 0),
    );
    if (answer === null) throw new RangeErrorCtor(`The encoding ${this.#encoding} is not supported`);
    return typeof answer === "string" ? answer : undefined;
  }

  /** What was kept, with the new bytes behind it. */
  #join(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const chunks = this.#kept;
    if (chunks.length === 0) return bytes;
    ArrayPrototypePush(chunks, ownBuffer(bytes));
    let totalBytes = 0;
    for (let i = 0; i < chunks.length; i++) totalBytes += ArrayBufferPrototypeGetByteLength(chunks[i] as ArrayBuffer);
    return new Uint8ArrayCtor(joinBytes(chunks, totalBytes));
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
