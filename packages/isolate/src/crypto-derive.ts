/** Derivations, as `CRYPTO_DERIVE` asks for them: bytes of a secret, a password or an exchange. */
import { diffieHellman, hkdf, hkdfSync, type KeyObject, pbkdf2, pbkdf2Sync } from "node:crypto";
import { maskBits } from "./crypto-import.ts";
import { CryptoRefusal } from "./crypto-job.ts";
import { isQuickKey } from "./crypto-kinds.ts";
import { digestAlgorithm } from "./host-ops.ts";

/** Of one derivation: iterations for each block of the hash that its output has. About a second of a core. */
export const MAX_PBKDF2_ROUNDS = 2_000_000;
/** Node takes no more of `info`. */
export const MAX_HKDF_INFO_BYTES = 1024;
/** HKDF can derive that many blocks of its hash. */
const MAX_HKDF_BLOCKS = 255;
/** A derivation of fewer rounds is not worth an event. */
const QUICK_PBKDF2_ROUNDS = 500;
const HASH_BYTES: Readonly<Record<string, number>> = { "SHA-1": 20, "SHA-256": 32, "SHA-384": 48, "SHA-512": 64 };

/** As `CryptoJob`, with bytes for an answer: they may become a key. */
export interface Derivation {
  readonly isQuick: boolean;
  readonly isLong: boolean;
  run(): Buffer;
  runLater(): Promise<Buffer>;
}

export interface DeriveInput {
  readonly key: KeyObject;
  /** Salt and info. */
  readonly data: ArrayBuffer;
  readonly other: KeyObject | undefined;
}

/** @param words of the command, without what its output is to be. @throws CryptoRefusal */
export function derivation(words: readonly string[], input: DeriveInput): Derivation {
  const [name, bitsText = "-", hash = "", saltText, iterationsText] = words;
  const bits = bitsText === "-" ? null : Number(bitsText);
  if (bits !== null && !(bits >= 0 && bits < 2 ** 32)) throw operationError("The length is out of range");
  if (name === "ECDH" || name === "X25519") return agreement(name, bits, input);
  const digest = digestAlgorithm(hash);
  if (digest === undefined || bits === null || bits % 8 !== 0)
    throw operationError("The hash or the length is malformed");
  if (input.key.type !== "secret") throw new CryptoRefusal("InvalidAccessError", "The key is not a secret one");
  const all = new Uint8Array(input.data);
  const saltBytes = Number(saltText) >>> 0;
  const stretch = {
    ...input,
    digest,
    bytes: bits / 8,
    blocks: Math.ceil(bits / 8 / (HASH_BYTES[hash] ?? 1)),
    salt: all.subarray(0, saltBytes),
  };
  if (name === "HKDF") return expand(stretch, all.subarray(saltBytes));
  if (name === "PBKDF2") return iterate(stretch, Number(iterationsText));
  throw new CryptoRefusal("NotSupportedError", "The derivation is unknown");
}

interface Stretch {
  readonly key: KeyObject;
  readonly digest: string;
  readonly bytes: number;
  readonly blocks: number;
  readonly salt: Uint8Array;
}

function expand({ key, digest, bytes, blocks, salt }: Stretch, info: Uint8Array): Derivation {
  if (blocks > MAX_HKDF_BLOCKS) throw operationError(`HKDF derives at most ${MAX_HKDF_BLOCKS} blocks of its hash`);
  if (info.length > MAX_HKDF_INFO_BYTES)
    throw operationError(`HKDF takes at most ${MAX_HKDF_INFO_BYTES} bytes of info here`);
  if (bytes === 0) return nothing();
  return {
    isQuick: true,
    isLong: false,
    run: () => Buffer.from(hkdfSync(digest, key, salt, info, bytes)),
    runLater: () =>
      new Promise((resolve, reject) => {
        hkdf(digest, key, salt, info, bytes, (error, derived) =>
          error === null ? resolve(Buffer.from(derived)) : reject(error),
        );
      }),
  };
}

function iterate({ key, digest, bytes, blocks, salt }: Stretch, iterations: number): Derivation {
  if (!(iterations >= 1)) throw operationError("PBKDF2 needs iterations");
  if (bytes === 0) return nothing();
  const rounds = iterations * blocks;
  if (!(rounds <= MAX_PBKDF2_ROUNDS)) {
    throw new CryptoRefusal(
      "NotSupportedError",
      `PBKDF2 may take ${MAX_PBKDF2_ROUNDS} rounds here, iterations times blocks of the hash: ${rounds} were asked for`,
    );
  }
  const password = key.export();
  return {
    isQuick: rounds <= QUICK_PBKDF2_ROUNDS,
    isLong: rounds > QUICK_PBKDF2_ROUNDS,
    run: () => pbkdf2Sync(password, salt, iterations, bytes, digest),
    runLater: () =>
      new Promise((resolve, reject) => {
        pbkdf2(password, salt, iterations, bytes, digest, (error, derived) =>
          error === null ? resolve(derived) : reject(error),
        );
      }),
  };
}

function agreement(name: "ECDH" | "X25519", bits: number | null, { key, other }: DeriveInput): Derivation {
  const kind = name === "ECDH" ? "ec" : "x25519";
  const isPair = key.type === "private" && other?.type === "public";
  if (!isPair || other === undefined || key.asymmetricKeyType !== kind || other.asymmetricKeyType !== kind) {
    throw new CryptoRefusal("InvalidAccessError", "The keys are of another kind");
  }
  const keys = { privateKey: key, publicKey: other };
  const cut = (secret: Buffer): Buffer => {
    if (bits === null) return secret;
    if (bits > secret.length * 8) throw operationError(`The secret has ${secret.length * 8} bits, not ${bits}`);
    return maskBits(secret, bits);
  };
  return {
    isQuick: isQuickKey(key),
    isLong: false,
    run: () => cut(diffieHellman(keys)),
    runLater: () =>
      new Promise((resolve, reject) => {
        diffieHellman(keys, (error, secret) => {
          if (error !== null) reject(error);
          else resolve(secret);
        });
      }).then((secret) => cut(secret as Buffer)),
  };
}

function nothing(): Derivation {
  const run = (): Buffer => Buffer.alloc(0);
  return { isQuick: true, isLong: false, run, runLater: async () => run() };
}

function operationError(message: string): CryptoRefusal {
  return new CryptoRefusal("OperationError", message);
}
