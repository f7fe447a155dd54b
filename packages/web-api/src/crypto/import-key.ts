/** importKey and exportKey: the forms that each algorithm's keys have outside. */
import { HostOp } from "../boundary.ts";
import { copyBytes, isArrayBuffer } from "../bytes.ts";
import { domException } from "../leaf/make-dom-exception.ts";
import { toDOMString } from "../leaf/webidl-convert.ts";
import { ArrayBufferIsView, JSONParse, TypeErrorCtor } from "../primordials.ts";
import { askCrypto } from "./crypto-calls.ts";
import { invalidAccess, type KeyState } from "./crypto-key.ts";
import {
  algorithmName,
  completeJwk,
  type JsonWebKey,
  requireAlgorithmName,
  requirePurpose,
  toJsonWebKey,
} from "./json-web-key.ts";
import { familyOf, type KeyFamily } from "./key-family.ts";
import { requireUsages } from "./key-usages.ts";
import { type KeyPurpose, keyOf, type MadeKey, readKeys } from "./made-keys.ts";
import type { Algorithm } from "./normalize-algorithm.ts";

export type KeyFormat = "raw" | "spki" | "pkcs8" | "jwk";

/** Converts an argument. @throws TypeError */
export function toKeyFormat(value: unknown, operation: string): KeyFormat {
  const format = toDOMString(value);
  if (format === "raw" || format === "spki" || format === "pkcs8" || format === "jwk") return format;
  throw new TypeErrorCtor(`${operation}: '${format}' is not a key format`);
}

/** Converts `(BufferSource or JsonWebKey)`. @throws TypeError where it does not fit the format, DOMException */
export function toKeyData(value: unknown, format: KeyFormat): ArrayBuffer | JsonWebKey {
  const isBytes = ArrayBufferIsView(value) || isArrayBuffer(value);
  if (format === "jwk") {
    if (isBytes) throw new TypeErrorCtor("SubtleCrypto.importKey: a JSON Web Key is an object");
    return toJsonWebKey(value);
  }
  const bytes = isBytes ? copyBytes(value) : undefined;
  if (bytes === undefined) throw new TypeErrorCtor("SubtleCrypto.importKey: the key is not a buffer or a view");
  return bytes;
}

/** Makes a key of its material, by the host. */
export function importKey(format: KeyFormat, data: ArrayBuffer | JsonWebKey, purpose: KeyPurpose): unknown {
  const { algorithm, extractable, usages } = purpose;
  const command = importCommand(format, purpose);
  const jwk = format === "jwk" ? (data as JsonWebKey) : null;
  requireUsages(usages, algorithm.name, typeOf(format, algorithm.name, jwk?.isPrivate === true));
  if (jwk !== null) requirePurpose(jwk, algorithm, usages, extractable);
  return askCrypto(HostOp.CRYPTO_IMPORT, { a: command, b: jwk === null ? data : jwk.material }, (answer) => {
    const made = readKeys(answer)[0] as MadeKey;
    if (jwk !== null) requireAlgorithmName(jwk.alg, algorithm, made[1]);
    return keyOf(made, purpose);
  });
}

/** The host's command to import. @throws DOMException where the algorithm's keys have no such form, or cannot be so */
export function importCommand(format: KeyFormat, purpose: KeyPurpose): string {
  const { algorithm, extractable } = purpose;
  const { name, length = 0, namedCurve } = algorithm;
  const family = familyOf(name);
  if (!hasForm(name, family, format))
    throw domException("NotSupportedError", `Keys of ${name} are not imported as ${format}`);
  requireCurve(algorithm);
  requireDerivable(purpose);
  if (name === "HMAC" && algorithm.length === 0) throw domException("DataError", "An HMAC key of no length");
  const detail = family === "secret" ? `${checkOf(name)}${length}` : (namedCurve ?? name);
  return `${family} ${format} ${extractable ? 1 : 0} ${detail}`;
}

/** @throws DOMException NotSupportedError */
export function requireCurve({ name, namedCurve }: Algorithm): void {
  if (familyOf(name) !== "EC" || namedCurve === "P-256" || namedCurve === "P-384" || namedCurve === "P-521") return;
  throw domException("NotSupportedError", `The curve '${namedCurve}' is not supported`);
}

/** @throws DOMException SyntaxError where a key that only derives could be exported */
export function requireDerivable({ algorithm, extractable }: KeyPurpose): void {
  const { name } = algorithm;
  if (!extractable || (name !== "HKDF" && name !== "PBKDF2")) return;
  throw domException("SyntaxError", `Keys of ${name} cannot be extractable`);
}

/** Answers bytes, or an object. @throws DOMException */
export function exportKey(format: KeyFormat, key: KeyState): unknown {
  const { name } = key.algorithm;
  if (name === "HKDF" || name === "PBKDF2") throw domException("NotSupportedError", `Keys of ${name} are not exported`);
  if (!key.extractable) throw invalidAccess("The key is not extractable");
  const family = familyOf(name);
  if (!hasForm(name, family, format))
    throw domException("NotSupportedError", `Keys of ${name} are not exported as ${format}`);
  const wanted = format === "pkcs8" ? "private" : family === "secret" || format === "jwk" ? key.type : "public";
  if (key.type !== wanted) throw invalidAccess(`A ${key.type} key is not exported as ${format}`);
  return askCrypto(HostOp.CRYPTO_EXPORT, { a: format, b: key.handle }, (answer) =>
    format === "jwk" ? describeKey(JSONParse(answer as string) as object, key) : answer,
  );
}

/** What the host has to look at the length of a secret for. */
function checkOf(name: string): string {
  if (name === "HKDF" || name === "PBKDF2") return "any:";
  return name === "HMAC" ? "mac:" : "aes:";
}

function typeOf(format: KeyFormat, name: string, isPrivate: boolean): KeyState["type"] {
  if (familyOf(name) === "secret") return "secret";
  return format === "pkcs8" || isPrivate ? "private" : "public";
}

function hasForm(name: string, family: KeyFamily, format: KeyFormat): boolean {
  if (name === "HKDF" || name === "PBKDF2") return format === "raw";
  if (family === "secret") return format === "raw" || format === "jwk";
  return family !== "RSA" || format !== "raw";
}

function describeKey(jwk: object, { algorithm, usages, extractable }: KeyState): object {
  const alg = algorithmName(algorithm.name, algorithm.hash, algorithm.length ?? 0);
  return completeJwk(jwk, { alg, usages, ext: extractable });
}
