/** generateKey: keys and pairs that the host draws. */
import { HostOp } from "../boundary.ts";
import { isInitialising } from "../host.ts";
import { domException } from "../leaf/make-dom-exception.ts";
import { ArrayBufferPrototypeGetByteLength, ErrorCtor, TypeErrorCtor, Uint8ArrayCtor } from "../primordials.ts";
import { askCrypto } from "./crypto-calls.ts";
import { requireCurve } from "./import-key.ts";
import { familyOf } from "./key-family.ts";
import { intersect, requireKnown, usagesOf } from "./key-usages.ts";
import { type KeyPurpose, keyOf, type MadeKey, readKeys } from "./made-keys.ts";
import type { Algorithm } from "./normalize-algorithm.ts";

/** Bits of an HMAC key where none are asked for: the block of its hash. */
const BLOCK_BITS = 512;
const LONG_BLOCK_BITS = 1024;

/** Answers a CryptoKey, or an object with a pair. @throws DOMException, Error while the app initialises */
export function generateKey(purpose: KeyPurpose): unknown {
  const { algorithm, usages } = purpose;
  const { name } = algorithm;
  const isPair = familyOf(name) !== "secret";
  const ownUsages = usagesOf(name, isPair ? "private" : "secret");
  const publicUsages = isPair ? usagesOf(name, "public") : [];
  for (let i = 0; i < usages.length; i++) {
    const usage = [usages[i] as string];
    if (intersect(usage, publicUsages).length === 0) requireKnown(usage, ownUsages, name);
  }
  requireCurve(algorithm);
  const command = generateCommand(purpose);
  if (intersect(usages, ownUsages).length === 0) throw domException("SyntaxError", "The key has no usages");
  // A heap would hold it for every context that is restored.
  if (isInitialising()) {
    throw new ErrorCtor(
      "crypto.subtle.generateKey is not available while the app initialises: call it in a request handler",
    );
  }
  return askCrypto(HostOp.CRYPTO_GENERATE, { a: command }, (answer) => {
    const keys = readKeys(answer);
    if (!isPair) return keyOf(keys[0] as MadeKey, purpose);
    return { publicKey: keyOf(keys[0] as MadeKey, purpose), privateKey: keyOf(keys[1] as MadeKey, purpose) };
  });
}

/** "Get key length": undefined for all that there is. @throws DOMException OperationError, TypeError for an HMAC key of no length */
export function keyBits({ name, length, hash }: Algorithm): number | undefined {
  if (name === "HKDF" || name === "PBKDF2") return undefined;
  if (name !== "HMAC") {
    if (length === 128 || length === 192 || length === 256) return length;
    throw domException("OperationError", `An AES key has 128, 192 or 256 bits, not ${length}`);
  }
  if (length === undefined) return hash === "SHA-1" || hash === "SHA-256" ? BLOCK_BITS : LONG_BLOCK_BITS;
  if (length > 0) return length;
  throw new TypeErrorCtor("An HMAC key of no length");
}

function generateCommand({ algorithm, extractable }: KeyPurpose): string {
  const { name, length, modulusLength, publicExponent, namedCurve } = algorithm;
  if (name === "HMAC" && length === 0) throw domException("OperationError", "An HMAC key of no length");
  const family = familyOf(name);
  const flag = extractable ? 1 : 0;
  if (family === "RSA") return `RSA ${flag} ${modulusLength as number} ${exponentOf(publicExponent as ArrayBuffer)}`;
  if (family === "secret") return `secret ${flag} ${keyBits(algorithm) as number}`;
  return `${family} ${flag} ${namedCurve ?? name}`;
}

/** As a number, where the host can have it: of at most 32 bits. */
function exponentOf(buffer: ArrayBuffer): number {
  const bytes = new Uint8ArrayCtor(buffer);
  const byteLength = ArrayBufferPrototypeGetByteLength(buffer);
  let exponent = 0;
  for (let i = 0; i < byteLength && exponent < 2 ** 32; i++) exponent = exponent * 256 + (bytes[i] as number);
  return exponent;
}
