/** `node:crypto`: hashes, HMACs, random values and keys from secrets, by the host. What signs and encrypts is `crypto.subtle`. */
import { hkdf, hkdfSync, pbkdf2 } from "./derive.guest.ts";
import { bytesOf, createHash, createHmac, getHashes, Hash, Hmac, hash } from "./hash.guest.ts";
import { createSecretKey, KeyObject } from "./key-object.guest.ts";
import { nodeError } from "./node-error.guest.ts";
import { nodeHost } from "./node-host.guest.ts";
import { randomBytes, randomFill, randomFillSync, randomInt, randomUUID } from "./random.guest.ts";

export {
  createHash,
  createHmac,
  createSecretKey,
  getHashes,
  Hash,
  Hmac,
  hash,
  hkdf,
  hkdfSync,
  KeyObject,
  pbkdf2,
  randomBytes,
  randomFill,
  randomFillSync,
  randomInt,
  randomUUID,
};

export function timingSafeEqual(left: ArrayBufferView, right: ArrayBufferView): boolean {
  const [one, other] = [bytesOf(left, undefined, "buf1"), bytesOf(right, undefined, "buf2")];
  const isEqual = one.length === other.length ? nodeHost().timingSafeEqual(one, other) : undefined;
  if (isEqual !== undefined) return isEqual;
  const text = "Input buffers must have the same byte length, of at most a mebibyte";
  throw nodeError("ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH", text, RangeError);
}

export function getRandomValues<T extends ArrayBufferView>(view: T): T {
  return crypto.getRandomValues(view as never);
}

export const constants = {};

export default {
  constants,
  createHash,
  createHmac,
  createSecretKey,
  getHashes,
  getRandomValues,
  Hash,
  Hmac,
  hash,
  hkdf,
  hkdfSync,
  KeyObject,
  pbkdf2,
  randomBytes,
  randomFill,
  randomFillSync,
  randomInt,
  randomUUID,
  timingSafeEqual,
};
