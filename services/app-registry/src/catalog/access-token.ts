/**
 * Tokens for the API: `nano_ID_SECRET`, where the id may be shown and the secret has 256 random bits.
 *
 * I1 Of a secret only its SHA-256 is kept: with that many random bits nothing is gained by a slower hash.
 */
import { hash, randomBytes, timingSafeEqual } from "node:crypto";

const ID_BYTES = 8;
const SECRET_BYTES = 32;
const FORM = /^nano_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;
/** Of no secret that is known. */
const NOBODYS_HASH = "0".repeat(64);

export interface AccessToken {
  readonly id: string;
  readonly secret: string;
}

export function createAccessToken(): AccessToken {
  return { id: randomBytes(ID_BYTES).toString("hex"), secret: randomBytes(SECRET_BYTES).toString("base64url") };
}

export function formatAccessToken({ id, secret }: AccessToken): string {
  return `nano_${id}_${secret}`;
}

/** Null where it does not have the form of one. */
export function parseAccessToken(text: string): AccessToken | null {
  const [, id, secret] = FORM.exec(text) ?? [];
  return id === undefined || secret === undefined ? null : { id, secret };
}

/** Lower-case hex. */
export function hashSecret(secret: string): string {
  return hash("sha256", secret);
}

/** Takes as long where there is no hash to compare with as where it is another. */
export function isSecretOf(secret: string, expectedHash: string | null): boolean {
  const isEqual = timingSafeEqual(Buffer.from(hashSecret(secret)), Buffer.from(expectedHash ?? NOBODYS_HASH));
  return isEqual && expectedHash !== null;
}
