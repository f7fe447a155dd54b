/** sign and verify: what the host is told of each scheme. */
import { HostOp } from "../boundary.ts";
import { askCrypto } from "./crypto-calls.ts";
import { type KeyState, requireType } from "./crypto-key.ts";
import type { Algorithm } from "./normalize-algorithm.ts";

/** Answers the signature of the data. @throws DOMException */
export function sign(algorithm: Algorithm, key: KeyState, data: ArrayBuffer): unknown {
  if (algorithm.name !== "HMAC") requireType(key, "private");
  const args = { a: schemeOf(algorithm, key), b: key.handle, c: data };
  return askCrypto(HostOp.CRYPTO_SIGN, args, (answer) => answer);
}

/** Answers whether the signature is the data's. @throws DOMException */
export function verify(
  algorithm: Algorithm,
  key: KeyState,
  signed: { signature: ArrayBuffer; data: ArrayBuffer },
): unknown {
  if (algorithm.name !== "HMAC") requireType(key, "public");
  const args = { a: schemeOf(algorithm, key), b: key.handle, c: signed.data, d: signed.signature };
  return askCrypto(HostOp.CRYPTO_VERIFY, args, (answer) => answer);
}

function schemeOf({ name, hash, saltLength = 0 }: Algorithm, key: KeyState): string {
  switch (name) {
    case "Ed25519":
      return `${name} - 0`;
    case "ECDSA":
      return `${name} ${hash as string} 0`;
    default:
      return `${name} ${key.algorithm.hash as string} ${saltLength}`;
  }
}
