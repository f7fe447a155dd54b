/** Keys and pairs that are drawn, as `CRYPTO_GENERATE` asks for them. */
import { createSecretKey, generateKeyPair, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { maskBits } from "./crypto-import.ts";
import { CryptoRefusal } from "./crypto-job.ts";
import { coordinateBytes } from "./crypto-kinds.ts";

/** A longer one takes seconds to find. */
export const MAX_GENERATED_MODULUS_BITS = 4096;
const MIN_GENERATED_MODULUS_BITS = 512;
/** Of an HMAC key. */
export const MAX_SECRET_BITS = 64 * 1024;
/** With another one a search may take long, or for ever. */
const EXPONENTS = new Set([3, 65_537]);

/** Either keys at once, or the search for a pair. */
export interface Generation {
  readonly isQuick: boolean;
  readonly isLong: boolean;
  readonly bits?: number;
  run(): readonly KeyObject[];
  runLater(): Promise<readonly KeyObject[]>;
}

/** @param words of the command, without its flag. @throws CryptoRefusal */
export function generation(words: readonly string[]): Generation {
  const [family, detail = "", exponent] = words;
  switch (family) {
    case "secret":
      return secret(Number(detail));
    case "RSA":
      return rsa(Number(detail), Number(exponent));
    case "EC":
      if (coordinateBytes(detail) > 0) return pair("ec", { namedCurve: detail });
      throw new CryptoRefusal("NotSupportedError", "The curve is unknown");
    default:
      if (detail === "Ed25519") return pair("ed25519", {});
      if (detail === "X25519") return pair("x25519", {});
      throw new CryptoRefusal("NotSupportedError", "The algorithm is unknown");
  }
}

function secret(bits: number): Generation {
  if (!(Number.isInteger(bits) && bits > 0 && bits <= MAX_SECRET_BITS)) {
    throw new CryptoRefusal("OperationError", `A secret key has at most ${MAX_SECRET_BITS} bits here`);
  }
  const run = (): readonly KeyObject[] => [createSecretKey(maskBits(randomBytes(Math.ceil(bits / 8)), bits))];
  return { isQuick: true, isLong: false, bits, run, runLater: async () => run() };
}

function rsa(modulusLength: number, publicExponent: number): Generation {
  if (!EXPONENTS.has(publicExponent))
    throw new CryptoRefusal("OperationError", "The public exponent is not 3 or 65537");
  if (!(modulusLength >= MIN_GENERATED_MODULUS_BITS && modulusLength <= MAX_GENERATED_MODULUS_BITS)) {
    const range = `${MIN_GENERATED_MODULUS_BITS} to ${MAX_GENERATED_MODULUS_BITS}`;
    throw new CryptoRefusal("OperationError", `An RSA key that is made here has ${range} bits, not ${modulusLength}`);
  }
  const options = { modulusLength, publicExponent };
  return {
    isQuick: false,
    isLong: true,
    run: () => listOf(generateKeyPairSync("rsa", options)),
    runLater: () =>
      new Promise((resolve, reject) => {
        generateKeyPair("rsa", options, (error, publicKey, privateKey) =>
          error === null ? resolve([publicKey, privateKey]) : reject(error),
        );
      }),
  };
}

function pair(kind: "ec" | "ed25519" | "x25519", options: { readonly namedCurve?: string }): Generation {
  // The overloads have a signature for each kind.
  const run = (): readonly KeyObject[] => listOf(generateKeyPairSync(kind as "ec", options as { namedCurve: string }));
  return { isQuick: true, isLong: false, run, runLater: async () => run() };
}

function listOf({ publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject }): readonly KeyObject[] {
  return [publicKey, privateKey];
}
