// biome-ignore-all lint/complexity/noArguments: Web IDL counts the arguments that were passed
/**
 * SubtleCrypto of the Web Cryptography API. Arguments are converted here, in order; each operation has a file.
 *
 * I1 A method that gives a promise gives one whatever it is called with: what throws rejects it.
 */
import { HostOp } from "../boundary.ts";
import { copyBytes, isArrayBuffer } from "../bytes.ts";
import { callHost } from "../host.ts";
import { finishInterface } from "../leaf/webidl.ts";
import { requireArguments, toDOMString, toUnsignedInteger } from "../leaf/webidl-convert.ts";
import { ArrayBufferIsView, ArrayBufferPrototypeGetByteLength, TypeErrorCtor } from "../primordials.ts";
import { askCrypto, promiseOf } from "./crypto-calls.ts";
import type { CryptoKey } from "./crypto-key.ts";
import { type Algorithm, normalizeAlgorithm } from "./normalize-algorithm.ts";

interface Modules {
  "./ciphers.ts": typeof import("./ciphers.ts");
  "./crypto-key.ts": typeof import("./crypto-key.ts");
  "./derive-bits.ts": typeof import("./derive-bits.ts");
  "./generate-key.ts": typeof import("./generate-key.ts");
  "./import-key.ts": typeof import("./import-key.ts");
  "./key-usages.ts": typeof import("./key-usages.ts");
  "./signatures.ts": typeof import("./signatures.ts");
  "./wrap-key.ts": typeof import("./wrap-key.ts");
}
// The build turns this into the call of the module's wrapper: an app that makes digests evaluates nothing of keys.
declare const require: <Path extends keyof Modules>(path: Path) => Modules[Path];

/** What the constructor wants to see: held here alone. */
const CREATE = Symbol();

export class SubtleCrypto {
  #isSubtle = true;

  constructor(token: unknown = undefined) {
    if (token !== CREATE) throw new TypeErrorCtor("Illegal constructor");
  }

  encrypt(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    return promiseOf(() => {
      this.#require(arguments.length, 3, "encrypt");
      return cipher("encrypt", algorithm, key, data);
    });
  }

  decrypt(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    return promiseOf(() => {
      this.#require(arguments.length, 3, "decrypt");
      return cipher("decrypt", algorithm, key, data);
    });
  }

  sign(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    return promiseOf(() => {
      this.#require(arguments.length, 3, "sign");
      const { requireUse, toKeyState } = require("./crypto-key.ts");
      const { sign } = require("./signatures.ts");
      const scheme = toIdentifier(algorithm);
      const state = toKeyState(key, "SubtleCrypto.sign");
      requireBytes(data, "SubtleCrypto.sign");
      const normalized = normalizeAlgorithm("sign", scheme);
      const bytes = bytesOf(data);
      requireUse(state, normalized.name, "sign");
      return sign(normalized, state, bytes);
    });
  }

  verify(algorithm: unknown, key: unknown, signature: unknown, data: unknown): Promise<boolean> {
    return promiseOf(() => {
      this.#require(arguments.length, 4, "verify");
      const { requireUse, toKeyState } = require("./crypto-key.ts");
      const { verify } = require("./signatures.ts");
      const scheme = toIdentifier(algorithm);
      const state = toKeyState(key, "SubtleCrypto.verify");
      requireBytes(signature, "SubtleCrypto.verify");
      requireBytes(data, "SubtleCrypto.verify");
      const normalized = normalizeAlgorithm("sign", scheme);
      const signed = { signature: bytesOf(signature), data: bytesOf(data) };
      requireUse(state, normalized.name, "verify");
      return verify(normalized, state, signed);
    });
  }

  digest(algorithm: unknown, data: unknown): Promise<ArrayBuffer> {
    return promiseOf(() => {
      this.#require(arguments.length, 2, "digest");
      const hash = toIdentifier(algorithm);
      requireBytes(data, "SubtleCrypto.digest");
      const { name } = normalizeAlgorithm("digest", hash);
      return askCrypto(HostOp.DIGEST, { a: name, b: bytesOf(data) }, (answer) => answer);
    });
  }

  generateKey(algorithm: unknown, extractable: unknown, keyUsages: unknown): Promise<CryptoKey> {
    return promiseOf(() => {
      this.#require(arguments.length, 3, "generateKey");
      const { generateKey } = require("./generate-key.ts");
      const { toUsages } = require("./key-usages.ts");
      const wanted = toIdentifier(algorithm);
      const usages = toUsages(keyUsages, "SubtleCrypto.generateKey");
      return generateKey({
        algorithm: normalizeAlgorithm("generateKey", wanted),
        extractable: !!extractable,
        usages,
      });
    });
  }

  deriveKey(
    algorithm: unknown,
    baseKey: unknown,
    derivedKeyType: unknown,
    extractable: unknown,
    keyUsages: unknown,
  ): Promise<CryptoKey> {
    return promiseOf(() => {
      this.#require(arguments.length, 5, "deriveKey");
      const { requireUse, toKeyState } = require("./crypto-key.ts");
      const { deriveKey } = require("./derive-bits.ts");
      const { keyBits } = require("./generate-key.ts");
      const { requireDerivable } = require("./import-key.ts");
      const { requireUsages, toUsages } = require("./key-usages.ts");
      const derivation = toIdentifier(algorithm);
      const base = toKeyState(baseKey, "SubtleCrypto.deriveKey");
      const wanted = toIdentifier(derivedKeyType);
      const usages = toUsages(keyUsages, "SubtleCrypto.deriveKey");
      const normalized = normalizeAlgorithm("deriveBits", derivation);
      const purpose = { algorithm: normalizeAlgorithm("importKey", wanted), extractable: !!extractable, usages };
      const sized = normalizeAlgorithm("getKeyLength", wanted);
      requireUse(base, normalized.name, "deriveKey");
      const bits = keyBits(sized);
      requireDerivable(purpose);
      requireUsages(usages, purpose.algorithm.name, "secret");
      return deriveKey(normalized, base, { bits, purpose });
    });
  }

  deriveBits(algorithm: unknown, baseKey: unknown, length: unknown = null): Promise<ArrayBuffer> {
    return promiseOf(() => {
      this.#require(arguments.length, 2, "deriveBits");
      const { requireUse, toKeyState } = require("./crypto-key.ts");
      const { deriveBits } = require("./derive-bits.ts");
      const derivation = toIdentifier(algorithm);
      const base = toKeyState(baseKey, "SubtleCrypto.deriveBits");
      const bits = length === null ? undefined : toUnsignedInteger(length, 32);
      const normalized = normalizeAlgorithm("deriveBits", derivation);
      requireUse(base, normalized.name, "deriveBits");
      return deriveBits(normalized, base, bits);
    });
  }

  importKey(
    format: unknown,
    keyData: unknown,
    algorithm: unknown,
    extractable: unknown,
    keyUsages: unknown,
  ): Promise<CryptoKey> {
    return promiseOf(() => {
      this.#require(arguments.length, 5, "importKey");
      const { importKey, toKeyData, toKeyFormat } = require("./import-key.ts");
      const { toUsages } = require("./key-usages.ts");
      const form = toKeyFormat(format, "SubtleCrypto.importKey");
      const data = toKeyData(keyData, form);
      const wanted = toIdentifier(algorithm);
      const usages = toUsages(keyUsages, "SubtleCrypto.importKey");
      const purpose = { algorithm: normalizeAlgorithm("importKey", wanted), extractable: !!extractable, usages };
      return importKey(form, data, purpose);
    });
  }

  exportKey(format: unknown, key: unknown): Promise<ArrayBuffer | object> {
    return promiseOf(() => {
      this.#require(arguments.length, 2, "exportKey");
      const { toKeyState } = require("./crypto-key.ts");
      const { exportKey, toKeyFormat } = require("./import-key.ts");
      return exportKey(toKeyFormat(format, "SubtleCrypto.exportKey"), toKeyState(key, "SubtleCrypto.exportKey"));
    });
  }

  wrapKey(format: unknown, key: unknown, wrappingKey: unknown, wrapAlgorithm: unknown): Promise<ArrayBuffer> {
    return promiseOf(() => {
      this.#require(arguments.length, 4, "wrapKey");
      const { requireUse, toKeyState } = require("./crypto-key.ts");
      const { toKeyFormat } = require("./import-key.ts");
      const { wrapKey } = require("./wrap-key.ts");
      const form = toKeyFormat(format, "SubtleCrypto.wrapKey");
      const state = toKeyState(key, "SubtleCrypto.wrapKey");
      const wrapping = toKeyState(wrappingKey, "SubtleCrypto.wrapKey");
      const algorithm = normalizeWrapping(toIdentifier(wrapAlgorithm));
      requireUse(wrapping, algorithm.name, "wrapKey");
      return wrapKey(form, state, { algorithm, key: wrapping });
    });
  }

  unwrapKey(
    format: unknown,
    wrappedKey: unknown,
    unwrappingKey: unknown,
    unwrapAlgorithm: unknown,
    unwrappedKeyAlgorithm: unknown,
    extractable: unknown,
    keyUsages: unknown,
  ): Promise<CryptoKey> {
    return promiseOf(() => {
      this.#require(arguments.length, 7, "unwrapKey");
      const { requireUse, toKeyState } = require("./crypto-key.ts");
      const { toKeyFormat } = require("./import-key.ts");
      const { toUsages } = require("./key-usages.ts");
      const { unwrapKey } = require("./wrap-key.ts");
      const form = toKeyFormat(format, "SubtleCrypto.unwrapKey");
      requireBytes(wrappedKey, "SubtleCrypto.unwrapKey");
      const key = toKeyState(unwrappingKey, "SubtleCrypto.unwrapKey");
      const unwrapping = toIdentifier(unwrapAlgorithm);
      const wanted = toIdentifier(unwrappedKeyAlgorithm);
      const usages = toUsages(keyUsages, "SubtleCrypto.unwrapKey");
      const algorithm = normalizeWrapping(unwrapping);
      const purpose = { algorithm: normalizeAlgorithm("importKey", wanted), extractable: !!extractable, usages };
      const bytes = bytesOf(wrappedKey);
      requireUse(key, algorithm.name, "unwrapKey");
      return unwrapKey({ format: form, bytes, algorithm, key }, purpose);
    });
  }

  /** Of Workers, not of the standard. @throws TypeError where the two are not of one length */
  timingSafeEqual(a: unknown, b: unknown): boolean {
    this.#require(arguments.length, 2, "timingSafeEqual");
    requireBytes(a, "SubtleCrypto.timingSafeEqual");
    requireBytes(b, "SubtleCrypto.timingSafeEqual");
    const first = bytesOf(a);
    const second = bytesOf(b);
    if (ArrayBufferPrototypeGetByteLength(first) !== ArrayBufferPrototypeGetByteLength(second)) {
      throw new TypeErrorCtor("SubtleCrypto.timingSafeEqual: the two are not of the same length");
    }
    return callHost(HostOp.CRYPTO_EQUALS, 0, first, second) as boolean;
  }

  #require(passedCount: number, requiredCount: number, method: string): void {
    this.#isSubtle;
    requireArguments(passedCount, requiredCount, `SubtleCrypto.${method}`);
  }
}

finishInterface(SubtleCrypto, "SubtleCrypto");

export function createSubtle(): SubtleCrypto {
  return new SubtleCrypto(CREATE);
}

function cipher(mode: "encrypt" | "decrypt", algorithm: unknown, key: unknown, data: unknown): unknown {
  const { requireUse, toKeyState } = require("./crypto-key.ts");
  const operation = `SubtleCrypto.${mode}`;
  const wanted = toIdentifier(algorithm);
  const state = toKeyState(key, operation);
  requireBytes(data, operation);
  const normalized = normalizeAlgorithm("encrypt", wanted);
  const bytes = bytesOf(data);
  requireUse(state, normalized.name, mode);
  return require("./ciphers.ts").runCipher(mode, normalized, state, bytes);
}

/** Converts `(object or DOMString)`. */
function toIdentifier(value: unknown): unknown {
  return (typeof value === "object" && value !== null) || typeof value === "function" ? value : toDOMString(value);
}

/** @throws TypeError where the value is no BufferSource */
function requireBytes(value: unknown, operation: string): void {
  if (ArrayBufferIsView(value) || isArrayBuffer(value)) return;
  throw new TypeErrorCtor(`${operation}: the data is not a buffer or a view`);
}

/** Copied once the algorithm's getters have run. */
function bytesOf(value: unknown): ArrayBuffer {
  return copyBytes(value) as ArrayBuffer;
}

/** A cipher that is for wrapping alone, or any other. */
function normalizeWrapping(identifier: unknown): Algorithm {
  try {
    return normalizeAlgorithm("wrapKey", identifier);
  } catch {
    return normalizeAlgorithm("encrypt", identifier);
  }
}
