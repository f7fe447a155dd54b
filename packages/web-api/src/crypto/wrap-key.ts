/** wrapKey and unwrapKey: a key that leaves or enters under another one. What is unwrapped stays with the host. */
import { HostOp } from "../boundary.ts";
import { isArrayBuffer } from "../bytes.ts";
import { JSONStringify } from "../primordials.ts";
import { encodeUtf8 } from "../utf8.ts";
import { type CipherCall, cipherCall, runCipher } from "./ciphers.ts";
import { askCrypto, type CryptoAnswer, thenAnswer } from "./crypto-calls.ts";
import type { CryptoKey, KeyState } from "./crypto-key.ts";
import { exportKey, importCommand, type KeyFormat } from "./import-key.ts";
import { requireAlgorithmName, requirePurpose } from "./json-web-key.ts";
import { requireUsages } from "./key-usages.ts";
import { type KeyPurpose, keyOf, type MadeKey, readKeys, readPurpose } from "./made-keys.ts";
import type { Algorithm } from "./normalize-algorithm.ts";

/** Answers the key in this form, encrypted. It is extractable: the app could have it anyway. @throws DOMException */
export function wrapKey(format: KeyFormat, key: KeyState, by: { algorithm: Algorithm; key: KeyState }): unknown {
  return thenAnswer(exportKey(format, key), (exported) => {
    const bytes = isArrayBuffer(exported) ? exported : encodeUtf8(JSONStringify(exported));
    return runCipher("encrypt", by.algorithm, by.key, bytes);
  });
}

export interface Wrapped {
  readonly format: KeyFormat;
  readonly bytes: ArrayBuffer;
  readonly algorithm: Algorithm;
  readonly key: KeyState;
}

/** Answers the key that is wrapped. @throws DOMException */
export function unwrapKey({ format, bytes, algorithm, key }: Wrapped, purpose: KeyPurpose): unknown {
  const cipher: CipherCall = cipherCall("decrypt", algorithm, key);
  const command = `${cipher.command}|${importCommand(format, purpose)}`;
  return askCrypto(HostOp.CRYPTO_UNWRAP, { a: command, b: key.handle, c: bytes, d: cipher.parameters }, (answer) =>
    unwrapped(answer, format, purpose),
  );
}

function unwrapped(answer: CryptoAnswer, format: KeyFormat, purpose: KeyPurpose): CryptoKey {
  const made = readKeys(answer)[0] as MadeKey;
  requireUsages(purpose.usages, purpose.algorithm.name, made[0]);
  if (format === "jwk") {
    const jwk = readPurpose(answer);
    requirePurpose(jwk, purpose.algorithm, purpose.usages, purpose.extractable);
    requireAlgorithmName(jwk.alg, purpose.algorithm, made[1]);
  }
  return keyOf(made, purpose);
}
