/** Keys as the host answers them (`KEYS` of the boundary), made CryptoKeys. */
import { JSONParse, StringPrototypeCharCodeAt, Uint8ArrayCtor } from "../primordials.ts";
import type { CryptoAnswer } from "./crypto-calls.ts";
import { type CryptoKey, createKey, type KeyAlgorithm, type KeyState } from "./crypto-key.ts";
import type { JwkPurpose } from "./json-web-key.ts";
import { intersect, usagesOf } from "./key-usages.ts";
import type { Algorithm } from "./normalize-algorithm.ts";

/** `[type, bits, public exponent, handle]`. */
export type MadeKey = readonly [type: KeyState["type"], bits: number, exponent: string, handle: string];

/** What a key is made for. */
export interface KeyPurpose {
  readonly algorithm: Algorithm;
  readonly extractable: boolean;
  readonly usages: readonly string[];
}

export function readKeys(answer: CryptoAnswer): readonly MadeKey[] {
  return JSONParse(answer as string) as MadeKey[];
}

/** Of a JWK that the host unwrapped: what it says that it is for, after its key. */
export function readPurpose(answer: CryptoAnswer): JwkPurpose {
  return (JSONParse(answer as string) as [MadeKey, JwkPurpose])[1];
}

/** The CryptoKey of a key. Those of a pair have each the usages that they can have. */
export function keyOf(made: MadeKey, { algorithm, extractable, usages }: KeyPurpose): CryptoKey {
  const type = made[0];
  return createKey({
    type,
    extractable: type === "public" || extractable,
    algorithm: keyAlgorithm(algorithm, made),
    usages: intersect(usages, usagesOf(algorithm.name, type)),
    handle: made[3],
  });
}

function keyAlgorithm({ name, hash, namedCurve }: Algorithm, made: MadeKey): KeyAlgorithm {
  const bits = made[1];
  const exponent = made[2];
  return {
    name,
    length: isSized(name) ? bits : null,
    hash: hash ?? null,
    namedCurve: namedCurve ?? null,
    modulusLength: exponent === "" ? null : bits,
    publicExponent: exponent === "" ? null : bytesOfHex(exponent),
  };
}

function isSized(name: string): boolean {
  return name === "HMAC" || name === "AES-CBC" || name === "AES-CTR" || name === "AES-GCM" || name === "AES-KW";
}

function bytesOfHex(hex: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8ArrayCtor(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = nibble(StringPrototypeCharCodeAt(hex, 2 * i)) * 16 + nibble(StringPrototypeCharCodeAt(hex, 2 * i + 1));
  }
  return bytes;
}

/** Of a lower-case digit. */
function nibble(unit: number): number {
  return unit < 0x3a ? unit - 0x30 : unit - 0x57;
}
