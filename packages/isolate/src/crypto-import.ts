/**
 * Makes keys of what a guest gives: raw bytes, PKCS #8, SubjectPublicKeyInfo, JSON Web Keys.
 *
 * I1 What comes in is hostile. A key is taken only if it is of the kind, the curve and the size that it is imported as.
 */
import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  type webcrypto,
} from "node:crypto";
import { CryptoRefusal } from "./crypto-job.ts";
import { MAX_KEY_BYTES, type OpenKey } from "./crypto-keys.ts";
import { coordinateBytes, curveOf, MAX_RSA_MODULUS_BITS } from "./crypto-kinds.ts";

const MAX_JWK_CHARS = 24 * 1024;
const UNCOMPRESSED_POINT = 4;
const BASE64URL = /^[A-Za-z0-9_-]*$/;
const PUBLIC_MEMBERS: Readonly<Record<string, readonly string[]>> = { RSA: ["n", "e"], EC: ["x", "y"], OKP: ["x"] };
const PRIVATE_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  RSA: ["d", "p", "q", "dp", "dq", "qi"],
  EC: ["d"],
  OKP: ["d"],
};

/** A key with its length, where that is not whole bytes. */
export interface ImportedKey extends OpenKey {
  readonly bits?: number;
}

/** Carries a command of CRYPTO_IMPORT out. @throws CryptoRefusal, what Node throws */
export function importMaterial(command: string, data: unknown): ImportedKey {
  const [family = "", format, flag, detail = ""] = command.split(" ");
  const extractable = flag === "1";
  if (data instanceof ArrayBuffer && data.byteLength > MAX_KEY_BYTES)
    throw dataError(`it is longer than ${MAX_KEY_BYTES} bytes`);
  const jwk = format === "jwk" ? parseJwk(data) : null;
  if (family === "secret") return importSecret(jwk === null ? bytesOf(data) : base64urlOf(jwk.k), detail, extractable);
  let key: KeyObject;
  try {
    if (jwk !== null) key = keyOfJwk(family, detail, jwk);
    else key = keyOfBytes(family, format, detail, bytesOf(data));
  } catch (cause) {
    if (cause instanceof CryptoRefusal) throw cause;
    throw dataError("it is malformed");
  }
  requireKind(key, family, detail);
  return { key, extractable: extractable || key.type === "public" };
}

/** The members of a JWK that are its purpose, with types that can be trusted; null where it does not have one. */
export function purposeOf(jwk: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const text = (value: unknown): string | null => {
    if (value === undefined || value === null) return null;
    if (typeof value !== "string") throw dataError("a member is not a string");
    return value;
  };
  const { ext = null, key_ops: keyOps = null } = jwk;
  if (ext !== null && typeof ext !== "boolean") throw dataError("ext is not true or false");
  if (keyOps !== null && !(Array.isArray(keyOps) && keyOps.every((operation) => typeof operation === "string"))) {
    throw dataError("key_ops is not a list of strings");
  }
  return { kty: text(jwk.kty), crv: text(jwk.crv), use: text(jwk.use), alg: text(jwk.alg), ext, key_ops: keyOps };
}

/** @throws CryptoRefusal */
export function parseJwk(data: unknown): Readonly<Record<string, unknown>> {
  const text = typeof data === "string" ? data : "";
  if (text.length > MAX_JWK_CHARS) throw dataError(`it is longer than ${MAX_JWK_CHARS} characters`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw dataError("it is not JSON");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw dataError("it is not a JSON Web Key");
  return parsed as Record<string, unknown>;
}

/** Of so many bits at most: the rest of the last byte is taken off. */
export function maskBits(bytes: Buffer, bits: number): Buffer {
  const kept = Buffer.from(bytes.subarray(0, Math.ceil(bits / 8)));
  const spare = kept.length * 8 - bits;
  if (spare > 0) kept[kept.length - 1] = (kept.at(-1) ?? 0) & (0xff << spare);
  return kept;
}

export function dataError(why: string): CryptoRefusal {
  return new CryptoRefusal("DataError", `The key cannot be imported: ${why}`);
}

/** `aes:0` · `mac:<bits, 0 for all>` · `any:0` */
function importSecret(bytes: Buffer, detail: string, extractable: boolean): ImportedKey {
  const [check, asked] = detail.split(":");
  const bits = bytes.length * 8;
  if (check === "aes" && bits !== 128 && bits !== 192 && bits !== 256)
    throw dataError(`an AES key does not have ${bits} bits`);
  if (check !== "mac") return { key: createSecretKey(bytes), extractable };
  const wanted = Number(asked);
  if (bits === 0) throw dataError("it is empty");
  if (!(wanted > 0)) return { key: createSecretKey(bytes), extractable };
  if (wanted > bits || wanted <= bits - 8) throw dataError(`it has ${bits} bits, not ${wanted}`);
  return { key: createSecretKey(maskBits(bytes, wanted)), extractable, bits: wanted };
}

function keyOfBytes(family: string, format: string | undefined, detail: string, bytes: Buffer): KeyObject {
  if (format === "pkcs8") return normalPoint(family, createPrivateKey({ key: bytes, format: "der", type: "pkcs8" }));
  if (format === "spki") return normalPoint(family, createPublicKey({ key: bytes, format: "der", type: "spki" }));
  if (format !== "raw") throw dataError("its format is unknown");
  if (family === "OKP") return publicKey({ kty: "OKP", crv: detail, x: bytes.toString("base64url") });
  const size = coordinateBytes(detail);
  if (family !== "EC" || bytes[0] !== UNCOMPRESSED_POINT || bytes.length !== 1 + 2 * size)
    throw dataError("it is not an uncompressed point");
  const x = bytes.subarray(1, 1 + size).toString("base64url");
  return publicKey({ kty: "EC", crv: detail, x, y: bytes.subarray(1 + size).toString("base64url") });
}

function keyOfJwk(family: string, detail: string, jwk: Readonly<Record<string, unknown>>): KeyObject {
  const isPrivate = jwk.d !== undefined && jwk.d !== null;
  const key: Record<string, string> = { kty: family };
  if (family !== "RSA") key.crv = detail;
  for (const member of PUBLIC_MEMBERS[family] ?? []) key[member] = base64urlOf(jwk[member]).toString("base64url");
  if (!isPrivate) {
    requireSizes(family, detail, key);
    return publicKey(key);
  }
  for (const member of PRIVATE_MEMBERS[family] ?? []) key[member] = base64urlOf(jwk[member]).toString("base64url");
  requireSizes(family, detail, key);
  const made = createPrivateKey({ key: key as webcrypto.JsonWebKey, format: "jwk" });
  requirePair(family, made, key);
  return made;
}

function publicKey(jwk: Record<string, string>): KeyObject {
  return createPublicKey({ key: jwk as webcrypto.JsonWebKey, format: "jwk" });
}

/** Coordinates and private keys have all their bytes, leading zeros too. */
function requireSizes(family: string, detail: string, key: Readonly<Record<string, string>>): void {
  if (family === "RSA") return;
  const size = family === "EC" ? coordinateBytes(detail) : 32;
  for (const member of ["x", "y", "d"]) {
    const value = key[member];
    if (value !== undefined && Buffer.from(value, "base64url").length !== size)
      throw dataError(`${member} does not have ${size} bytes`);
  }
}

/** The public half that was given is that of the private one. */
function requirePair(family: string, made: KeyObject, given: Readonly<Record<string, string>>): void {
  if (family === "OKP" && made.export({ format: "jwk" }).x !== given.x)
    throw dataError("its halves do not belong together");
  if (family !== "EC") return;
  const { d = "", x = "", y = "" } = given;
  const curve = made.asymmetricKeyDetails?.namedCurve ?? "";
  const computed = createECDH(curve);
  computed.setPrivateKey(Buffer.from(d, "base64url"));
  const point = Buffer.concat([
    Buffer.from([UNCOMPRESSED_POINT]),
    Buffer.from(x, "base64url"),
    Buffer.from(y, "base64url"),
  ]);
  if (!computed.getPublicKey().equals(point)) throw dataError("its halves do not belong together");
}

/** A point may have come compressed: from here on it is not. */
function normalPoint(family: string, key: KeyObject): KeyObject {
  if (family !== "EC" || key.asymmetricKeyType !== "ec") return key;
  const jwk = key.export({ format: "jwk" });
  return key.type === "private"
    ? createPrivateKey({ key: jwk, format: "jwk" })
    : createPublicKey({ key: jwk, format: "jwk" });
}

function requireKind(key: KeyObject, family: string, detail: string): void {
  const kind = key.asymmetricKeyType;
  if (family === "RSA") {
    if (kind !== "rsa") throw dataError("it is not an RSA key");
    const { modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
    if (modulusLength > MAX_RSA_MODULUS_BITS) {
      throw new CryptoRefusal(
        "NotSupportedError",
        `RSA keys have at most ${MAX_RSA_MODULUS_BITS} bits here, not ${modulusLength}`,
      );
    }
  } else if (family === "EC") {
    if (kind !== "ec" || curveOf(key) !== detail) throw dataError(`it is not a key of ${detail}`);
  } else if (kind !== detail.toLowerCase()) throw dataError(`it is not a key of ${detail}`);
}

function bytesOf(data: unknown): Buffer {
  if (!(data instanceof ArrayBuffer)) throw dataError("it is not bytes");
  return Buffer.from(data);
}

function base64urlOf(value: unknown): Buffer {
  if (typeof value !== "string" || !BASE64URL.test(value)) throw dataError("a member is missing, or not base64url");
  return Buffer.from(value, "base64url");
}
