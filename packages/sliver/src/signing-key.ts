/**
 * Ed25519 keys: the builder's private key file, and the directory of public keys that a node trusts.
 *
 * I1 A private key is never readable by others: made with mode 0600, refused at load when its mode is wider.
 * I2 A key file appears whole or not at all, and is never overwritten.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, type KeyObject } from "node:crypto";
import { lstat, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errors } from "./errors.ts";
import { writeDurably } from "./replace-file.ts";
import { KEY_ID_BYTES } from "./sliver-layout.ts";

/** Largest key file that is read; a PEM of Ed25519 has 119 bytes or fewer. */
export const MAX_KEY_FILE_BYTES = 4096;
/** Most keys of a trusted directory. */
export const MAX_TRUSTED_KEYS = 64;
const TRUSTED_KEY_SUFFIX = ".pem";

export interface SigningKey {
  /** First 16 hex digits of the SHA-256 of the raw public key. */
  readonly keyId: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** Public keys by key id. */
export type TrustedKeys = ReadonlyMap<string, KeyObject>;

/** Reads the private key at `path`, or makes one there. @throws SLIVER_KEY_UNUSABLE */
export async function loadOrCreateSigningKey(path: string): Promise<SigningKey> {
  const info = await lstat(path).catch(() => null);
  if (info === null) await createKeyFile(path);
  return loadSigningKey(path);
}

/** @throws SLIVER_KEY_UNUSABLE */
export async function loadSigningKey(path: string): Promise<SigningKey> {
  const info = await stat(path).catch((error: unknown) => {
    throw errors.KEY_UNUSABLE({ path, found: String(error), expected: "a private key file" }, error);
  });
  if (!info.isFile() || info.size > MAX_KEY_FILE_BYTES) {
    const found = info.isFile() ? `${info.size} bytes` : "no regular file";
    throw errors.KEY_UNUSABLE({ path, found, expected: `a file of at most ${MAX_KEY_FILE_BYTES} bytes` });
  }
  if ((info.mode & 0o077) !== 0) {
    throw errors.KEY_UNUSABLE({ path, found: `mode ${(info.mode & 0o777).toString(8)}`, expected: "mode 600" });
  }
  return signingKeyFrom(parsePem(path, await readFile(path, "utf8"), createPrivateKey));
}

/** A key that lives only in this process. */
export function createSigningKey(): SigningKey {
  return signingKeyFrom(generateKeyPairSync("ed25519").privateKey);
}

/** The public half as PEM, as a trusted directory holds it. */
export function exportPublicKey(key: Pick<SigningKey, "publicKey">): string {
  return key.publicKey.export({ type: "spki", format: "pem" }).toString();
}

/** @throws SLIVER_KEY_UNUSABLE */
export function importPublicKey(pem: string, path = "(text)"): KeyObject {
  return parsePem(path, pem, createPublicKey);
}

/** Writes the public half into a trusted directory, named for its key id. */
export async function trustKey(directory: string, key: SigningKey): Promise<void> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, `${key.keyId}${TRUSTED_KEY_SUFFIX}`);
  await writeFile(path, exportPublicKey(key), { mode: 0o644, flag: "wx" }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  });
}

/** The keys of a directory: every `*.pem` in it, each a public key. @throws SLIVER_KEY_UNUSABLE */
export async function loadTrustedKeys(directory: string): Promise<TrustedKeys> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(TRUSTED_KEY_SUFFIX)).sort();
  if (names.length > MAX_TRUSTED_KEYS) {
    throw errors.KEY_UNUSABLE({
      path: directory,
      found: `${names.length} keys`,
      expected: `at most ${MAX_TRUSTED_KEYS}`,
    });
  }
  const keys = new Map<string, KeyObject>();
  for (const name of names) {
    const path = join(directory, name);
    const info = await stat(path);
    if (!info.isFile() || info.size > MAX_KEY_FILE_BYTES) {
      throw errors.KEY_UNUSABLE({ path, found: `${info.size} bytes`, expected: "a public key file" });
    }
    const key = importPublicKey(await readFile(path, "utf8"), path);
    keys.set(keyIdOf(key), key);
  }
  return keys;
}

/** The trust of those who hold the key itself: builder, one machine, tests. */
export function trustedKeysOf(...keys: readonly SigningKey[]): TrustedKeys {
  return new Map(keys.map((key) => [key.keyId, key.publicKey]));
}

export function keyIdOf(publicKey: KeyObject): string {
  const x = publicKey.export({ format: "jwk" }).x ?? "";
  return hash("sha256", Buffer.from(x, "base64url")).slice(0, KEY_ID_BYTES * 2);
}

/** The key with its id. */
export function signingKeyFrom(privateKey: KeyObject): SigningKey {
  const publicKey = createPublicKey(privateKey);
  return { keyId: keyIdOf(publicKey), privateKey, publicKey };
}

function parsePem(path: string, pem: string, create: (pem: string) => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = create(pem);
  } catch (error) {
    throw errors.KEY_UNUSABLE({ path, found: "no PEM key", expected: "an Ed25519 key as PEM" }, error);
  }
  if (key.asymmetricKeyType !== "ed25519") {
    throw errors.KEY_UNUSABLE({ path, found: String(key.asymmetricKeyType), expected: "ed25519" });
  }
  return key;
}

async function createKeyFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const pem = createSigningKey().privateKey.export({ type: "pkcs8", format: "pem" });
  // Of two processes that make it at once, one key wins (I2).
  await writeDurably(path, pem, { mode: 0o600, replace: false });
}
