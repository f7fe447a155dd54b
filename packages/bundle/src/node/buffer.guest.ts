/** `node:buffer`: unenv's Buffer, with what it lacks: the encoding `base64url`, and the functions beside the class. */
import { INSPECT_MAX_BYTES, kMaxLength, Buffer as PortedBuffer, SlowBuffer } from "unenv/node/internal/buffer/buffer";
import { invalidArgument } from "./node-error.guest.ts";

type Bytes = Uint8Array | ArrayBuffer;

/** The engine's longest string. */
export const kStringMaxLength = 536_870_888;
export const constants = { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: kStringMaxLength };
export const Buffer = completeBuffer(PortedBuffer);

export { INSPECT_MAX_BYTES, kMaxLength, SlowBuffer };

export function isUtf8(input: Bytes | ArrayBufferView): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(input as Uint8Array);
    return true;
  } catch {
    // TypeError: malformed.
    return false;
  }
}

export function isAscii(input: Bytes): boolean {
  return new Uint8Array(input instanceof ArrayBuffer ? input : input.buffer, ...rangeOf(input)).every((b) => b < 128);
}

export function transcode(source: Uint8Array, from: BufferEncoding, to: BufferEncoding): Buffer {
  if (!(source instanceof Uint8Array)) throw invalidArgument("source", "an instance of Buffer or Uint8Array", source);
  return Buffer.from(Buffer.from(source).toString(from), to);
}

export default {
  Buffer,
  SlowBuffer,
  INSPECT_MAX_BYTES,
  kMaxLength,
  kStringMaxLength,
  constants,
  isAscii,
  isUtf8,
  transcode,
};

function rangeOf(input: Bytes): [] | [number, number] {
  return input instanceof ArrayBuffer ? [] : [input.byteOffset, input.byteLength];
}

/** Base64 is read from either alphabet: only its name has to be known. */
function known(encoding: unknown): unknown {
  return isEncoding(encoding, "base64url") ? "base64" : encoding;
}

function isEncoding(given: unknown, ...names: string[]): boolean {
  return typeof given === "string" && names.includes(given.toLowerCase());
}

function isUtf8Name(encoding: unknown): boolean {
  return encoding === undefined || encoding === null || encoding === "" || isEncoding(encoding, "utf8", "utf-8");
}

/** By the platform: the port's own goes through a list with an entry for each byte. */
function completeBuffer(Ported: typeof globalThis.Buffer): typeof globalThis.Buffer {
  const { from, byteLength, isEncoding: isPorted } = Ported;
  const { equals, toString: asText, write } = Ported.prototype;
  const encode = (text: string) => new TextEncoder().encode(text);
  const ofBytes = (bytes: Uint8Array) =>
    Reflect.apply(from, Ported, [bytes.buffer, bytes.byteOffset, bytes.byteLength]);
  const methods = {
    toString(this: Buffer, encoding?: BufferEncoding, start = 0, end = this.length): string {
      if (isEncoding(encoding, "base64url")) {
        const text = asText.call(this, "base64", start, end);
        return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
      }
      if (!isUtf8Name(encoding)) return asText.call(this, encoding, start, end);
      const shown = start <= 0 && end >= this.length ? this : this.subarray(Math.max(start, 0), Math.max(end, 0));
      return new TextDecoder("utf-8", { ignoreBOM: true }).decode(shown);
    },
    write(this: Buffer, text: string, ...rest: unknown[]): number {
      if (typeof text !== "string") throw invalidArgument("argument", "of type string", text);
      return Reflect.apply(write, this, [text, ...rest.map(known)]);
    },
    equals(this: Buffer, other: Uint8Array): boolean {
      return equals.call(this, other instanceof Uint8Array && !Ported.isBuffer(other) ? ofBytes(other) : other);
    },
  };
  define(Ported.prototype, { ...methods, toLocaleString: methods.toString });
  define(Ported, {
    name: "Buffer",
    from(value: unknown, encoding?: unknown, length?: unknown) {
      if (typeof value !== "string") return Reflect.apply(from, Ported, [value, encoding, length]);
      return isUtf8Name(encoding) ? ofBytes(encode(value)) : Reflect.apply(from, Ported, [value, known(encoding)]);
    },
    byteLength(value: string, encoding?: unknown) {
      if (typeof value === "string" && isUtf8Name(encoding)) return encode(value).length;
      return Reflect.apply(byteLength, Ported, [value, known(encoding)]);
    },
    isEncoding: (encoding: string) => isEncoding(encoding, "base64url") || isPorted(encoding),
    copyBytesFrom: (view: Uint8Array, offset = 0, length = view.length - offset) =>
      ofBytes(view.slice(offset, offset + length)),
  });
  return Ported;
}

function define(target: object, members: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
  }
}
