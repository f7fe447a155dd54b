/** JsonWebKey of the Web Cryptography API: read as a dictionary, compared with what a key is imported for, made of one that is exported. */
import { defineProperty } from "../define-property.ts";
import { domException } from "../leaf/make-dom-exception.ts";
import { toDictionary, toDOMString, toSequence } from "../leaf/webidl-convert.ts";
import { JSONStringify, StringPrototypeSlice } from "../primordials.ts";
import { familyOf } from "./key-family.ts";
import { includes } from "./key-usages.ts";
import type { Algorithm } from "./normalize-algorithm.ts";

/** The members that say what a key is for; null where it does not. */
export interface JwkPurpose {
  readonly kty: string | null;
  readonly crv: string | null;
  readonly use: string | null;
  readonly alg: string | null;
  readonly ext: boolean | null;
  readonly key_ops: readonly string[] | null;
}

export interface JsonWebKey extends JwkPurpose {
  /** Whether it holds a private key. */
  readonly isPrivate: boolean;
  /** The members of the key itself, as JSON. */
  readonly material: string;
}

const HASH_PREFIX_UNITS = "SHA-".length;

/** Converts a dictionary, its members in the order of their names. @throws TypeError, DOMException NotSupportedError */
export function toJsonWebKey(value: unknown): JsonWebKey {
  const source = toDictionary(value, "SubtleCrypto.importKey");
  const text = (member: string): string | null => {
    const given = source[member];
    return given === undefined ? null : toDOMString(given);
  };
  const alg = text("alg");
  const crv = text("crv");
  const d = text("d");
  const dp = text("dp");
  const dq = text("dq");
  const e = text("e");
  const { ext } = source;
  const k = text("k");
  const operations = source.key_ops;
  const keyOps = operations === undefined ? null : toSequence(operations, "key_ops");
  if (keyOps !== null) for (let i = 0; i < keyOps.length; i++) keyOps[i] = toDOMString(keyOps[i]);
  const kty = text("kty");
  const n = text("n");
  if (source.oth !== undefined) throw domException("NotSupportedError", "RSA keys of more than two primes");
  const p = text("p");
  const q = text("q");
  const qi = text("qi");
  const use = text("use");
  const x = text("x");
  const y = text("y");
  const members = { __proto__: null, kty, crv, d, dp, dq, e, k, n, p, q, qi, x, y };
  return {
    kty,
    crv,
    use,
    alg,
    ext: ext === undefined ? null : !!ext,
    key_ops: keyOps as string[] | null,
    isPrivate: d !== null,
    material: JSONStringify(members),
  };
}

/** @throws DOMException DataError where the key says that it is for something else */
export function requirePurpose(jwk: JwkPurpose, algorithm: Algorithm, usages: readonly string[], extractable: boolean) {
  const { name, namedCurve } = algorithm;
  const family = familyOf(name);
  const keyType = family === "secret" ? "oct" : family;
  if (jwk.kty !== keyType) throw dataError(`kty is not '${keyType}'`);
  const curve = name === "Ed25519" || name === "X25519" ? name : namedCurve;
  if (curve !== undefined && jwk.crv !== curve) throw dataError(`crv is not '${curve}'`);
  const use = useOf(name);
  if (usages.length > 0 && jwk.use !== null && jwk.use !== use) throw dataError(`use is not '${use}'`);
  requireOperations(jwk.key_ops, usages);
  if (jwk.ext === false && extractable) throw dataError("ext forbids that the key can be exported");
}

/** @throws DOMException DataError where `alg` is another algorithm's. @param bits of the key, where that is part of the name */
export function requireAlgorithmName(alg: string | null, algorithm: Algorithm, bits: number): void {
  if (alg === null) return;
  const expected = algorithmName(algorithm.name, algorithm.hash ?? null, bits);
  if (algorithm.name === "ECDSA" && alg !== signatureName(algorithm.namedCurve))
    throw dataError("alg is of another curve");
  if (algorithm.name === "Ed25519" && alg !== "Ed25519" && alg !== "EdDSA") throw dataError("alg is not 'Ed25519'");
  if (expected !== null && alg !== expected) throw dataError(`alg is not '${expected}'`);
}

/** The name by which a JWK calls an algorithm with its hash or length; null where it does not. */
export function algorithmName(name: string, hash: string | null, bits: number): string | null {
  const digits = hash === null ? "" : StringPrototypeSlice(hash, HASH_PREFIX_UNITS);
  switch (name) {
    case "RSASSA-PKCS1-v1_5":
      return `RS${digits}`;
    case "RSA-PSS":
      return `PS${digits}`;
    case "RSA-OAEP":
      return digits === "1" ? "RSA-OAEP" : `RSA-OAEP-${digits}`;
    case "HMAC":
      return `HS${digits}`;
    case "AES-CTR":
    case "AES-CBC":
    case "AES-GCM":
    case "AES-KW":
      return `A${bits}${StringPrototypeSlice(name, "AES-".length)}`;
    default:
      return null;
  }
}

/** Gives an exported key the members that say what it is for. */
export function completeJwk(
  jwk: object,
  purpose: { alg: string | null; usages: readonly string[]; ext: boolean },
): object {
  const { alg, usages, ext } = purpose;
  const operations: string[] = [];
  for (let i = 0; i < usages.length; i++) operations[i] = usages[i] as string;
  if (alg !== null) defineProperty(jwk, "alg", alg);
  defineProperty(jwk, "key_ops", operations);
  defineProperty(jwk, "ext", ext);
  return jwk;
}

export function dataError(message: string): unknown {
  return domException("DataError", `The key is not one of this algorithm: ${message}`);
}

function requireOperations(keyOps: readonly string[] | null, usages: readonly string[]): void {
  if (keyOps === null) return;
  for (let i = 0; i < keyOps.length; i++) {
    for (let j = 0; j < i; j++) if (keyOps[i] === keyOps[j]) throw dataError("key_ops has one twice");
  }
  for (let i = 0; i < usages.length; i++) {
    if (!includes(keyOps, usages[i] as string)) throw dataError("key_ops has not all usages");
  }
}

function useOf(name: string): string {
  switch (name) {
    case "RSASSA-PKCS1-v1_5":
    case "RSA-PSS":
    case "ECDSA":
    case "Ed25519":
    case "HMAC":
      return "sig";
    default:
      return "enc";
  }
}

function signatureName(curve: string | undefined): string {
  if (curve === "P-256") return "ES256";
  return curve === "P-384" ? "ES384" : "ES512";
}
