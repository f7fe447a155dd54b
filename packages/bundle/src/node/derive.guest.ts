/** Keys from secrets, of `node:crypto`: HKDF by the host's HMAC, PBKDF2 by the platform's `crypto.subtle`, off the thread. */
import { Buffer } from "./buffer.guest.ts";
import { bytesOf, createHmac, type Data } from "./hash.guest.ts";
import { secretBytes } from "./key-object.guest.ts";
import { nodeError } from "./node-error.guest.ts";

type Callback<T> = (error: Error | null, key?: T) => void;

const SUBTLE_NAMES: Readonly<Record<string, string>> = {
  sha1: "SHA-1",
  sha256: "SHA-256",
  sha384: "SHA-384",
  sha512: "SHA-512",
};

/** RFC 5869. */
export function hkdfSync(digest: string, secret: unknown, salt: Data, info: Data, lengthBytes: number): ArrayBuffer {
  const pseudoRandomKey = createHmac(digest, bytesOf(salt, undefined, "salt"))
    .update(secretBytes(secret))
    .digest();
  const infoBytes = bytesOf(info, undefined, "info");
  const blockCount = Math.ceil(lengthBytes / pseudoRandomKey.length);
  if (!(lengthBytes >= 0) || blockCount > 255) {
    throw nodeError("ERR_CRYPTO_INVALID_KEYLEN", "Invalid key length", RangeError);
  }
  const blocks: Buffer[] = [];
  for (let count = 1; count <= blockCount; count++) {
    const hmac = createHmac(digest, pseudoRandomKey)
      .update(blocks.at(-1) ?? new Uint8Array())
      .update(infoBytes);
    blocks.push(hmac.update(Uint8Array.of(count)).digest());
  }
  return new Uint8Array(Buffer.concat(blocks).subarray(0, lengthBytes)).buffer;
}

export function hkdf(...args: [string, unknown, Data, Data, number, Callback<ArrayBuffer>]): void {
  const [digest, secret, salt, info, lengthBytes, callback] = args;
  const key = hkdfSync(digest, secret, salt, info, lengthBytes);
  setTimeout(() => callback(null, key), 0);
}

export function pbkdf2(...args: [Data, Data, number, number, string, Callback<Buffer>]): void {
  const [password, salt, iterations, lengthBytes, digest, callback] = args;
  const hash = SUBTLE_NAMES[digest.toLowerCase().replace("sha-", "sha")];
  if (hash === undefined) {
    throw nodeError("ERR_CRYPTO_INVALID_DIGEST", `Invalid digest: ${digest}`, TypeError);
  }
  const parameters = {
    name: "PBKDF2",
    hash,
    salt: bytesOf(salt, undefined, "salt") as Uint8Array<ArrayBuffer>,
    iterations,
  };
  crypto.subtle
    .importKey("raw", bytesOf(password, undefined, "password") as Uint8Array<ArrayBuffer>, "PBKDF2", false, [
      "deriveBits",
    ])
    .then((key) => crypto.subtle.deriveBits(parameters, key, lengthBytes * 8))
    .then(
      (bits) => callback(null, Buffer.from(bits)),
      (reason: Error) => callback(reason),
    );
}
