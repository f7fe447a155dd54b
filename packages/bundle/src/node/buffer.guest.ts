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

function isBase64Url(encoding: unknown): boolean {
  return typeof encoding === "string" && encoding.toLowerCase() === "base64url";
}

/** Base64 is read from either alphabet: only its name has to be known. */
function known(encoding: unknown): unknown {
  return isBase64Url(encoding) ? "base64" : encoding;
}

function completeBuffer(Ported: typeof globalThis.Buffer): typeof globalThis.Buffer {
  const { from, byteLength, isEncoding } = Ported;
  const { toString: asText, write } = Ported.prototype;
  const methods = {
    toString(this: Buffer, encoding?: BufferEncoding, start?: number, end?: number): string {
      if (!isBase64Url(encoding)) return asText.call(this, encoding, start, end);
      const text = asText.call(this, "base64", start, end);
      return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
    },
    write(this: Buffer, text: string, ...rest: unknown[]): number {
      if (typeof text !== "string") throw invalidArgument("argument", "of type string", text);
      return Reflect.apply(write, this, [text, ...rest.map(known)]);
    },
  };
  define(Ported.prototype, { ...methods, toLocaleString: methods.toString });
  define(Ported, {
    from: (value: unknown, encoding?: unknown, length?: unknown) =>
      Reflect.apply(from, Ported, [value, typeof value === "string" ? known(encoding) : encoding, length]),
    byteLength: (value: unknown, encoding?: unknown) => Reflect.apply(byteLength, Ported, [value, known(encoding)]),
    isEncoding: (encoding: string) => isBase64Url(encoding) || isEncoding(encoding),
    copyBytesFrom: (view: Uint8Array, offset = 0, length = view.length - offset) =>
      Reflect.apply(
        from,
        Ported,
        [view.slice(offset, offset + length)].map((part) => [part.buffer, part.byteOffset, part.byteLength])[0] ?? [],
      ),
  });
  return Ported;
}

function define(target: object, members: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
  }
}
