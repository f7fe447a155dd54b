/** encrypt, decrypt, and the ciphers of wrapKey and unwrapKey: what the host is told of each. */
import { HostOp } from "../boundary.ts";
import { joinBytes } from "../bytes.ts";
import { domException } from "../leaf/make-dom-exception.ts";
import { ArrayBufferCtor, ArrayBufferPrototypeGetByteLength } from "../primordials.ts";
import { askCrypto } from "./crypto-calls.ts";
import { type KeyState, requireType } from "./crypto-key.ts";
import type { Algorithm } from "./normalize-algorithm.ts";

const AES_BLOCK_BYTES = 16;
const DEFAULT_TAG_BITS = 128;

/** What the host is asked: its command, and what belongs beside key and data. */
export interface CipherCall {
  readonly command: string;
  readonly parameters: ArrayBuffer;
}

/** Encrypts or decrypts by the host. @throws DOMException */
export function runCipher(
  mode: "encrypt" | "decrypt",
  algorithm: Algorithm,
  key: KeyState,
  data: ArrayBuffer,
): unknown {
  const { command, parameters } = cipherCall(mode, algorithm, key);
  return askCrypto(HostOp.CRYPTO_CIPHER, { a: command, b: key.handle, c: data, d: parameters }, (answer) => answer);
}

/** @throws DOMException where a parameter is not the algorithm's, or the key is of the wrong type */
export function cipherCall(mode: "encrypt" | "decrypt", algorithm: Algorithm, key: KeyState): CipherCall {
  const { name, iv, counter, length = 0, additionalData, label } = algorithm;
  switch (name) {
    case "RSA-OAEP":
      requireType(key, mode === "encrypt" ? "public" : "private");
      return { command: `${mode} ${name} ${key.algorithm.hash as string} 0`, parameters: label ?? noBytes() };
    case "AES-GCM": {
      const nonce = iv as ArrayBuffer;
      const ivBytes = ArrayBufferPrototypeGetByteLength(nonce);
      const command = `${mode} ${name} ${tagBits(algorithm)} ${ivBytes}`;
      if (additionalData === undefined) return { command, parameters: nonce };
      const totalBytes = ivBytes + ArrayBufferPrototypeGetByteLength(additionalData);
      return { command, parameters: joinBytes([nonce, additionalData], totalBytes) };
    }
    case "AES-CBC":
      requireBlock(iv as ArrayBuffer, "iv");
      return { command: `${mode} ${name} 0 ${AES_BLOCK_BYTES}`, parameters: iv as ArrayBuffer };
    case "AES-CTR":
      requireBlock(counter as ArrayBuffer, "counter");
      if (length === 0 || length > 128) throw operationError(`A counter has 1 to 128 bits, not ${length}`);
      return { command: `${mode} ${name} ${length} ${AES_BLOCK_BYTES}`, parameters: counter as ArrayBuffer };
    default:
      return { command: `${mode} ${name} 0 0`, parameters: noBytes() };
  }
}

function tagBits({ tagLength = DEFAULT_TAG_BITS }: Algorithm): number {
  const isKnown = tagLength === 32 || tagLength === 64 || (tagLength >= 96 && tagLength <= 128 && tagLength % 8 === 0);
  if (!isKnown) throw operationError(`A tag cannot have ${tagLength} bits`);
  return tagLength;
}

function requireBlock(bytes: ArrayBuffer, what: string): void {
  const byteLength = ArrayBufferPrototypeGetByteLength(bytes);
  if (byteLength !== AES_BLOCK_BYTES)
    throw operationError(`The ${what} has ${byteLength} bytes instead of ${AES_BLOCK_BYTES}`);
}

function operationError(message: string): unknown {
  return domException("OperationError", message);
}

function noBytes(): ArrayBuffer {
  return new ArrayBufferCtor(0);
}
