/** Signatures and their verification, as `CRYPTO_SIGN` and `CRYPTO_VERIFY` ask for them. */
import { constants, createHmac, type KeyObject, sign, timingSafeEqual, verify, webcrypto } from "node:crypto";
import { type CryptoJob, CryptoRefusal, QUICK_INPUT_BYTES } from "./crypto-job.ts";
import { isQuickKey } from "./crypto-kinds.ts";
import { digestAlgorithm, ownBuffer } from "./host-ops.ts";

/** Longer ones fit into no modulus. */
const MAX_SALT_BYTES = 1024;

interface Scheme {
  readonly name: string;
  /** As WebCrypto and as Node call it; the latter is null where the scheme has its own. */
  readonly hash: string;
  readonly digest: string | null;
  readonly saltBytes: number;
}

/** @throws CryptoRefusal for a command that is malformed */
export function signJob(command: string, key: KeyObject, data: ArrayBuffer): CryptoJob {
  const scheme = parseScheme(command);
  if (scheme.name === "HMAC") return hmacJob(scheme, key, data);
  requireType(key, "private");
  const options = optionsOf(scheme, key);
  if (scheme.saltBytes > MAX_SALT_BYTES) throw new CryptoRefusal("OperationError", "The salt is longer than the key");
  const bytes = new Uint8Array(data);
  return {
    ...weigh(key, data),
    run: () => ownBuffer(sign(scheme.digest, bytes, options)),
    runLater: () =>
      new Promise((resolve, reject) => {
        sign(scheme.digest, bytes, options, (error, signature) =>
          error === null ? resolve(ownBuffer(signature)) : reject(error),
        );
      }),
  };
}

/** A signature that could not be one, whatever the data, is not the data's. @throws CryptoRefusal for a command that is malformed */
export function verifyJob(command: string, key: KeyObject, data: ArrayBuffer, signature: ArrayBuffer): CryptoJob {
  const scheme = parseScheme(command);
  if (scheme.name === "HMAC") return hmacVerifyJob(hmacJob(scheme, key, data), signature);
  requireType(key, "public");
  const options = optionsOf(scheme, key);
  const bytes = new Uint8Array(data);
  const given = new Uint8Array(signature);
  const isPossible = scheme.saltBytes <= MAX_SALT_BYTES;
  return {
    ...weigh(key, data, signature.byteLength),
    run() {
      try {
        return isPossible && verify(scheme.digest, bytes, options, given);
      } catch {
        return false;
      }
    },
    runLater: () =>
      new Promise((resolve) => {
        if (!isPossible) resolve(false);
        else verify(scheme.digest, bytes, options, given, (error, isValid) => resolve(error === null && isValid));
      }),
  };
}

function parseScheme(command: string): Scheme {
  const [name = "", hash = "", saltBytes] = command.split(" ");
  const digest = digestAlgorithm(hash) ?? null;
  const isKnown = name === "Ed25519" ? hash === "-" : digest !== null;
  if (!isKnown) throw new CryptoRefusal("NotSupportedError", "The scheme is unknown");
  return { name, hash, digest, saltBytes: Number(saltBytes) >>> 0 };
}

function optionsOf({ name, saltBytes }: Scheme, key: KeyObject) {
  const kind = key.asymmetricKeyType;
  if (name === "ECDSA" && kind === "ec") return { key, dsaEncoding: "ieee-p1363" as const };
  if (name === "Ed25519" && kind === "ed25519") return { key };
  if (name === "RSASSA-PKCS1-v1_5" && kind === "rsa") return { key, padding: constants.RSA_PKCS1_PADDING };
  if (name === "RSA-PSS" && kind === "rsa") {
    return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: Math.min(saltBytes, MAX_SALT_BYTES) };
  }
  throw new CryptoRefusal("InvalidAccessError", "The key is of another kind");
}

function weigh(key: KeyObject, data: ArrayBuffer, signatureBytes = 0) {
  const isQuick = isQuickKey(key) && data.byteLength <= QUICK_INPUT_BYTES;
  return { isQuick, isLong: false, heldBytes: data.byteLength + signatureBytes };
}

function hmacJob({ hash, digest }: Scheme, key: KeyObject, data: ArrayBuffer): CryptoJob {
  requireType(key, "secret");
  if (digest === null) throw new CryptoRefusal("NotSupportedError", "The hash is unknown");
  return {
    isQuick: data.byteLength <= QUICK_INPUT_BYTES,
    isLong: false,
    heldBytes: data.byteLength,
    run: () => ownBuffer(createHmac(digest, key).update(new Uint8Array(data)).digest()),
    runLater: () => webcrypto.subtle.sign("HMAC", key.toCryptoKey({ name: "HMAC", hash }, false, ["sign"]), data),
  };
}

function hmacVerifyJob(job: CryptoJob, signature: ArrayBuffer): CryptoJob {
  const isEqual = (expected: unknown): boolean => {
    const bytes = new Uint8Array(expected as ArrayBuffer);
    return bytes.byteLength === signature.byteLength && timingSafeEqual(bytes, new Uint8Array(signature));
  };
  const heldBytes = job.heldBytes + signature.byteLength;
  return { ...job, heldBytes, run: () => isEqual(job.run()), runLater: async () => isEqual(await job.runLater()) };
}

function requireType(key: KeyObject, type: KeyObject["type"]): void {
  if (key.type !== type) throw new CryptoRefusal("InvalidAccessError", `The key is not a ${type} one`);
}
