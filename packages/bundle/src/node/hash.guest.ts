/** Hash and Hmac of `node:crypto`. */
import { Buffer } from "./buffer.guest.ts";
import { secretBytes } from "./key-object.guest.ts";
import { invalidArgument, nodeError } from "./node-error.guest.ts";
import { nodeHost } from "./node-host.guest.ts";

export type Data = string | ArrayBuffer | ArrayBufferView;

/** What is kept here before the host has to keep a hash's state: most data is shorter, and hashed in one operation. */
const KEPT_BYTES = 64 * 1024;
const NAMES =
  "md5 sha1 sha224 sha256 sha384 sha512 sha512-224 sha512-256 ripemd160 sha3-224 sha3-256 sha3-384 sha3-512";

export function bytesOf(data: unknown, encoding?: string, name = "data"): Uint8Array {
  if (typeof data === "string") return Buffer.from(data, encoding as BufferEncoding);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  throw invalidArgument(name, "of type string or an instance of Buffer, TypedArray, or DataView", data);
}

/** Not a stream, as Node's is: that would bring all of streams along. */
class Digest {
  readonly #algorithm: string;
  readonly #key: Uint8Array | undefined;
  /** What has come and the host does not have. */
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  /** Of the hash that the host has begun, or 0. */
  #hostId = 0;
  #isOver = false;

  constructor(algorithm: string, key: Uint8Array | undefined) {
    this.#algorithm = algorithm.toLowerCase().replace(/^rsa-/, "");
    this.#key = key;
    // Whether there is such an algorithm is known at once.
    if (nodeHost().hash(this.#algorithm, new Uint8Array(), key) === undefined) throw unknownDigest(algorithm, key);
  }

  update(data: Data, encoding?: string): this {
    this.#refuseOver();
    const bytes = bytesOf(data, encoding);
    // What a view shows may change before it is hashed.
    this.#kept.push(typeof data === "string" ? bytes : bytes.slice());
    this.#keptBytes += bytes.byteLength;
    if (this.#keptBytes > KEPT_BYTES) this.#hand();
    return this;
  }

  digest(): Buffer;
  digest(encoding: string): string;
  digest(encoding?: string): Buffer | string {
    this.#refuseOver();
    this.#isOver = true;
    const digest = this.#finish();
    if (digest === undefined) throw lostState();
    const bytes = Buffer.from(digest);
    return encoding === undefined || encoding === "buffer" ? bytes : bytes.toString(encoding as BufferEncoding);
  }

  /** Takes over where another is. */
  protected continue(other: Digest): void {
    other.#refuseOver();
    this.#kept = [...other.#kept];
    this.#keptBytes = other.#keptBytes;
    if (other.#hostId === 0) return;
    this.#hostId = nodeHost().copyHash(other.#hostId);
    if (this.#hostId === 0) throw lostState();
  }

  protected get algorithm(): string {
    return this.#algorithm;
  }

  #finish(): ArrayBuffer | undefined {
    if (this.#hostId === 0) return nodeHost().hash(this.#algorithm, this.#takeKept(), this.#key);
    if (this.#keptBytes > 0) this.#hand();
    return nodeHost().endHash(this.#hostId);
  }

  #hand(): void {
    if (this.#hostId === 0) this.#hostId = nodeHost().beginHash(this.#algorithm, this.#key);
    if (!nodeHost().updateHash(this.#hostId, this.#takeKept())) throw lostState();
  }

  #takeKept(): Uint8Array {
    const [only] = this.#kept;
    const bytes = this.#kept.length === 1 && only !== undefined ? only : Buffer.concat(this.#kept);
    this.#kept = [];
    this.#keptBytes = 0;
    return bytes;
  }

  #refuseOver(): void {
    if (this.#isOver) throw nodeError("ERR_CRYPTO_HASH_FINALIZED", "Digest already called");
  }
}

export class Hash extends Digest {
  constructor(algorithm: string) {
    if (typeof algorithm !== "string") throw invalidArgument("algorithm", "of type string", algorithm);
    super(algorithm, undefined);
  }

  copy(): Hash {
    const copy = new Hash(this.algorithm);
    copy.continue(this);
    return copy;
  }
}

export class Hmac extends Digest {
  constructor(algorithm: string, key: unknown) {
    if (typeof algorithm !== "string") throw invalidArgument("hmac", "of type string", algorithm);
    super(algorithm, secretBytes(key).slice());
  }
}

export function createHash(algorithm: string): Hash {
  return new Hash(algorithm);
}

export function createHmac(algorithm: string, key: unknown): Hmac {
  return new Hmac(algorithm, key);
}

/** In one call. */
export function hash(algorithm: string, data: Data, encoding = "hex"): Buffer | string {
  return new Hash(algorithm).update(data).digest(encoding);
}

export function getHashes(): string[] {
  return NAMES.split(" ");
}

function unknownDigest(algorithm: string, key: Uint8Array | undefined): Error {
  if (key !== undefined) return nodeError("ERR_CRYPTO_INVALID_DIGEST", `Invalid digest: ${algorithm}`, TypeError);
  return nodeError("ERR_OSSL_EVP_UNSUPPORTED", "Digest method not supported");
}

function lostState(): Error {
  return nodeError(
    "ERR_CRYPTO_INVALID_STATE",
    "The host no longer holds this hash: it was begun while the app initialised, or too many others were begun after it",
  );
}
