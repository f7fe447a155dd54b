/** Which kinds of key pairs there are here, by Node's names of them. */
import type { KeyObject } from "node:crypto";

/** Of a modulus: an operation with a longer one would hold a thread for seconds. */
export const MAX_RSA_MODULUS_BITS = 8192;
/** Of a public exponent whose operations are quick: others make a verification as slow as a signature. */
const MAX_QUICK_EXPONENT = 2n ** 32n;
const MAX_QUICK_MODULUS_BITS = 4096;

const CURVES: Readonly<Record<string, { readonly name: string; readonly coordinateBytes: number }>> = {
  prime256v1: { name: "P-256", coordinateBytes: 32 },
  secp384r1: { name: "P-384", coordinateBytes: 48 },
  secp521r1: { name: "P-521", coordinateBytes: 66 },
};

/** The curve of an EC key, undefined where it is none of these. */
export function curveOf(key: KeyObject): string | undefined {
  const { namedCurve = "" } = key.asymmetricKeyDetails ?? {};
  return Object.hasOwn(CURVES, namedCurve) ? CURVES[namedCurve]?.name : undefined;
}

/** Bytes of a coordinate, and of a private key, of a curve; 0: it is none of these. */
export function coordinateBytes(curve: unknown): number {
  for (const { name, coordinateBytes: bytes } of Object.values(CURVES)) if (name === curve) return bytes;
  return 0;
}

/** Whether a key is of a kind and size that operations take. */
export function isKnownKind(key: KeyObject): boolean {
  switch (key.asymmetricKeyType) {
    case "rsa":
      return (key.asymmetricKeyDetails?.modulusLength ?? Number.POSITIVE_INFINITY) <= MAX_RSA_MODULUS_BITS;
    case "ec":
      return curveOf(key) !== undefined;
    case "ed25519":
    case "x25519":
      return true;
    default:
      return key.type === "secret";
  }
}

/** Whether an operation with the key takes less than an event: measured at 30 to 150 µs, the others at a millisecond and more. */
export function isQuickKey(key: KeyObject): boolean {
  if (key.asymmetricKeyType === "ec") return curveOf(key) === "P-256";
  if (key.asymmetricKeyType !== "rsa") return true;
  const { modulusLength = 0, publicExponent = MAX_QUICK_EXPONENT } = key.asymmetricKeyDetails ?? {};
  return key.type === "public" && modulusLength <= MAX_QUICK_MODULUS_BITS && publicExponent < MAX_QUICK_EXPONENT;
}
