/** KeyObject of `node:crypto`, for secrets alone: what signs with key pairs is `crypto.subtle`. */
import { Buffer } from "./buffer.guest.ts";
import { invalidArgument } from "./node-error.guest.ts";

export class KeyObject {
  readonly #bytes: Uint8Array;

  constructor(type: string, bytes: Uint8Array) {
    if (type !== "secret") throw new TypeError(`Keys of type ${type} are not available: use crypto.subtle`);
    this.#bytes = bytes;
  }

  get type(): "secret" {
    return "secret";
  }

  get symmetricKeySize(): number {
    return this.#bytes.byteLength;
  }

  export(options?: { readonly format?: string }): Buffer | { kty: "oct"; k: string } {
    const bytes = Buffer.from(this.#bytes);
    return options?.format === "jwk" ? { kty: "oct", k: bytes.toString("base64url") } : bytes;
  }

  equals(other: KeyObject): boolean {
    return Buffer.compare(this.#bytes, other.#bytes) === 0;
  }

  static bytesOf(key: KeyObject): Uint8Array {
    return key.#bytes;
  }
}

export function createSecretKey(key: unknown, encoding?: BufferEncoding): KeyObject {
  return new KeyObject("secret", secretBytes(key, encoding).slice());
}

export function secretBytes(key: unknown, encoding?: BufferEncoding): Uint8Array {
  if (key instanceof KeyObject) return KeyObject.bytesOf(key);
  if (typeof key === "string") return Buffer.from(key, encoding);
  if (ArrayBuffer.isView(key)) return new Uint8Array(key.buffer, key.byteOffset, key.byteLength);
  if (key instanceof ArrayBuffer) return new Uint8Array(key);
  throw invalidArgument(
    "key",
    "of type string or an instance of ArrayBuffer, Buffer, TypedArray, DataView, or KeyObject",
    key,
  );
}
