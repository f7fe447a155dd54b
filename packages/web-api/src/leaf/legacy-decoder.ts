/**
 * The legacy encodings of the Encoding standard, in chunks: loaded for the first decoder of one. The host decodes, in pieces and without a state;
 * so each piece ends where the standard's decoder is in the middle of no sequence. To know where that is takes no table: whatever a lead byte and
 * its trail stand for, and whichever of them is malformed, the decoder is in its first state after them.
 */
import { HostOp, LEGACY_TEXT_BYTES } from "../boundary.ts";
import { joinBytes } from "../bytes.ts";
import { callHost } from "../host.ts";
import {
  ArrayBufferCtor,
  ArrayBufferPrototypeGetByteLength,
  ArrayBufferPrototypeSlice,
  StringPrototypeSlice,
  Uint8ArrayCtor,
} from "../primordials.ts";
import { MathMin } from "./intrinsics.ts";
import { createIso2022JpState, type Iso2022JpState, iso2022JpPrefix, scanIso2022Jp } from "./iso-2022-jp.ts";

const FLAG_FATAL = 1;
/** What a piece of ISO-2022-JP may begin with: an escape sequence and a character. */
const PREFIX_ROOM_BYTES = 8;
const PIECE_BYTES = LEGACY_TEXT_BYTES - PREFIX_ROOM_BYTES;

/** Bytes of the sequence that begins at `at`; one that the bytes end within is longer than they are. */
type SequenceLength = (bytes: Uint8Array, at: number) => number;

export class LegacyDecoder {
  readonly #encoding: string;
  readonly #fatal: boolean;
  readonly #sequenceLength: SequenceLength | null;
  readonly #iso2022Jp: Iso2022JpState | null;
  /** A sequence that began and did not end: three bytes at most. */
  #pending: ArrayBuffer = new ArrayBufferCtor(0);

  constructor(encoding: string, fatal: boolean) {
    this.#encoding = encoding;
    this.#fatal = fatal;
    this.#sequenceLength = sequenceLengthOf(encoding);
    this.#iso2022Jp = encoding === "iso-2022-jp" ? createIso2022JpState() : null;
  }

  /** The text of the next bytes; undefined where they are malformed and the decoder is fatal. @param flush these are the last ones */
  decode(chunk: Uint8Array<ArrayBuffer>, flush: boolean): string | undefined {
    const bytes = this.#withPending(chunk);
    let text = "";
    for (let start = 0; ; ) {
      const limit = MathMin(start + PIECE_BYTES, bytes.length);
      const isLast = limit === bytes.length;
      // Before the state moves on.
      const prefix = this.#iso2022Jp === null ? null : iso2022JpPrefix(this.#iso2022Jp);
      const wholeEnd = this.#endOfWhole(bytes, start, limit);
      const end = isLast && flush ? limit : wholeEnd;
      const piece = this.#decodePiece(sliceOf(bytes, start, end), prefix);
      if (piece === undefined) return undefined;
      text += piece;
      if (!isLast) {
        start = end;
        continue;
      }
      this.#pending = sliceOf(bytes, end, bytes.length);
      return text;
    }
  }

  #decodePiece(
    piece: ArrayBuffer,
    prefix: { readonly bytes: Uint8Array<ArrayBuffer>; readonly unitCount: number } | null,
  ): string | undefined {
    if (ArrayBufferPrototypeGetByteLength(piece) === 0) return "";
    const whole = prefix === null ? piece : joined(prefix.bytes, piece);
    const text = callHost(HostOp.TEXT_DECODE, 0, this.#encoding, whole, this.#fatal ? FLAG_FATAL : 0);
    if (typeof text !== "string") return undefined;
    return prefix === null ? text : StringPrototypeSlice(text, prefix.unitCount);
  }

  #endOfWhole(bytes: Uint8Array, start: number, limit: number): number {
    if (this.#iso2022Jp !== null) return scanIso2022Jp(this.#iso2022Jp, bytes, start, limit);
    if (this.#sequenceLength === null) return limit;
    let at = start;
    while (at < limit) {
      const next = at + ((bytes[at] as number) < 0x80 ? 1 : this.#sequenceLength(bytes, at));
      if (next > limit) return at;
      at = next;
    }
    return at;
  }

  #withPending(chunk: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    if (ArrayBufferPrototypeGetByteLength(this.#pending) === 0) return chunk;
    return new Uint8ArrayCtor(joined(new Uint8ArrayCtor(this.#pending), sliceOf(chunk, 0, chunk.length)));
  }
}

function sliceOf(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): ArrayBuffer {
  return ArrayBufferPrototypeSlice(bytes.buffer, bytes.byteOffset + start, bytes.byteOffset + end);
}

function joined(first: Uint8Array<ArrayBuffer>, second: ArrayBuffer): ArrayBuffer {
  return joinBytes([sliceOf(first, 0, first.length), second], first.length + ArrayBufferPrototypeGetByteLength(second));
}

/** Null: each byte is a character. */
function sequenceLengthOf(encoding: string): SequenceLength | null {
  switch (encoding) {
    case "gbk":
    case "gb18030":
      return gb18030Length;
    case "euc-jp":
      return eucJpLength;
    case "shift_jis":
      return (bytes, at) => {
        const lead = bytes[at] as number;
        return isWithin(lead, 0x81, 0x9f) || isWithin(lead, 0xe0, 0xfc) ? 2 : 1;
      };
    case "big5":
    case "euc-kr":
      return (bytes, at) => (isWithin(bytes[at], 0x81, 0xfe) ? 2 : 1);
    default:
      return null;
  }
}

/** Of a sequence of four, two are read anew where the others do not fit; they never begin one that goes on behind them. */
function gb18030Length(bytes: Uint8Array, at: number): number {
  if (!isWithin(bytes[at], 0x81, 0xfe)) return 1;
  if (!isWithin(bytes[at + 1], 0x30, 0x39)) return 2;
  return at + 2 >= bytes.length || isWithin(bytes[at + 2], 0x81, 0xfe) ? 4 : 3;
}

function eucJpLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] as number;
  if (lead === 0x8f) return isWithin(bytes[at + 1], 0xa1, 0xfe) ? 3 : 2;
  return lead === 0x8e || isWithin(lead, 0xa1, 0xfe) ? 2 : 1;
}

function isWithin(byte: number | undefined, first: number, last: number): boolean {
  return byte !== undefined && byte >= first && byte <= last;
}
