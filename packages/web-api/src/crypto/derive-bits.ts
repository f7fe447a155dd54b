/** deriveBits and deriveKey: what the host is told of each derivation. What becomes a key stays with the host. */
import { HostOp } from "../boundary.ts";
import { joinBytes } from "../bytes.ts";
import { domException } from "../leaf/make-dom-exception.ts";
import { ArrayBufferCtor, ArrayBufferPrototypeGetByteLength } from "../primordials.ts";
import { askCrypto } from "./crypto-calls.ts";
import { invalidAccess, type KeyState, requireType } from "./crypto-key.ts";
import { type KeyPurpose, keyOf, type MadeKey, readKeys } from "./made-keys.ts";
import type { Algorithm } from "./normalize-algorithm.ts";

/** Answers so many bits; undefined: all that there are. @throws DOMException */
export function deriveBits(algorithm: Algorithm, key: KeyState, bits: number | undefined): unknown {
  return askCrypto(HostOp.CRYPTO_DERIVE, derivation("bits", algorithm, key, bits), (answer) => answer);
}

/** Answers a key of so many bits. @throws DOMException */
export function deriveKey(
  algorithm: Algorithm,
  key: KeyState,
  derived: { bits: number | undefined; purpose: KeyPurpose },
): unknown {
  const { bits, purpose } = derived;
  const output = purpose.extractable ? "key1" : "key0";
  return askCrypto(HostOp.CRYPTO_DERIVE, derivation(output, algorithm, key, bits), (answer) =>
    keyOf(readKeys(answer)[0] as MadeKey, purpose),
  );
}

function derivation(output: string, algorithm: Algorithm, key: KeyState, bits: number | undefined) {
  const { name, hash = "-", salt, info, iterations = 0 } = algorithm;
  const other = algorithm.public;
  if (other !== undefined) {
    requireAgreement(key, other);
    return { a: `${output} ${name} ${bits ?? "-"} - 0 0`, b: key.handle, c: new ArrayBufferCtor(0), d: other.handle };
  }
  if (bits === undefined || bits % 8 !== 0)
    throw operationError(`${name} derives whole bytes: ${bits ?? "no"} bits were asked for`);
  if (name === "PBKDF2" && iterations === 0) throw operationError("PBKDF2 needs iterations");
  const saltBytes = ArrayBufferPrototypeGetByteLength(salt as ArrayBuffer);
  const command = `${output} ${name} ${bits} ${hash} ${saltBytes} ${iterations}`;
  if (info === undefined) return { a: command, b: key.handle, c: salt, d: undefined };
  const totalBytes = saltBytes + ArrayBufferPrototypeGetByteLength(info);
  return { a: command, b: key.handle, c: joinBytes([salt as ArrayBuffer, info], totalBytes), d: undefined };
}

/** @throws DOMException InvalidAccessError where the two keys do not belong to one exchange */
function requireAgreement(key: KeyState, other: KeyState): void {
  requireType(key, "private");
  requireType(other, "public");
  const { name, namedCurve } = key.algorithm;
  if (other.algorithm.name !== name || other.algorithm.namedCurve !== namedCurve) {
    throw invalidAccess("The other side's key is of another algorithm or curve");
  }
}

function operationError(message: string): unknown {
  return domException("OperationError", message);
}
