/**
 * Hashes and HMACs of `node:crypto`: in one operation where the data is short, else piece by piece, with the state at the host.
 *
 * I1 Every argument is hostile: each is tested, and a wrong one is answered by undefined or false, never by a throw.
 * I2 A table holds at most MAX_OPEN_HASHES; one more ends that which was used least recently. It lives as long as its context.
 */
import { createHash, createHmac, type Hash, type Hmac, timingSafeEqual } from "node:crypto";
import { HASH_SLICE_BYTES, HostOp } from "@nano/web-api/boundary";
import { ownBuffer } from "./host-ops.ts";

/** Hashes of one context that wait for more data. Each is a few hundred bytes. */
export const MAX_OPEN_HASHES = 64;

/** By what an app may call them, in lower case: OpenSSL's names. */
const ALGORITHMS: ReadonlyMap<unknown, string> = new Map(
  ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha512-224", "sha512-256", "ripemd160"]
    .concat(["sha3-224", "sha3-256", "sha3-384", "sha3-512", "blake2b512", "blake2s256"])
    .map((name) => [name, name] as const)
    .concat([
      ["sha-1", "sha1"],
      ["sha-224", "sha224"],
      ["sha-256", "sha256"],
      ["sha-384", "sha384"],
      ["sha-512", "sha512"],
      ["sha512/224", "sha512-224"],
      ["sha512/256", "sha512-256"],
      ["rmd160", "ripemd160"],
      ["ripemd", "ripemd160"],
    ]),
);

type Open = Hash | Hmac;

const HANDLED = new Set<unknown>([
  HostOp.HASH,
  HostOp.HASH_BEGIN,
  HostOp.HASH_UPDATE,
  HostOp.HASH_END,
  HostOp.TIMING_SAFE_EQUAL,
]);

/** The hashes of an isolate, a table for each context that has some. */
export class HashOps {
  readonly #tables = new WeakMap<object, HashTable>();

  handles(code: unknown): boolean {
    return HANDLED.has(code);
  }

  run(context: object, code: unknown, id: unknown, a: unknown, b: unknown, c: unknown): unknown {
    let table = this.#tables.get(context);
    if (table === undefined) {
      table = new HashTable();
      this.#tables.set(context, table);
    }
    return table.run(code, id, a, b, c);
  }
}

export class HashTable {
  /** By the guest's ids, in order of their last use. */
  readonly #open = new Map<number, Open>();

  /** Of hashes that wait for more data. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Arguments are hostile (I1). */
  run(code: unknown, id: unknown, a: unknown, b: unknown, c: unknown): unknown {
    switch (code) {
      case HostOp.HASH: {
        const data = sliceOf(b);
        const hash = data === undefined ? undefined : begin(a, c);
        return data === undefined || hash === undefined ? undefined : ownBuffer(hash.update(data).digest());
      }
      case HostOp.HASH_BEGIN: {
        const hash = begin(a, c);
        if (hash === undefined || typeof id !== "number") return false;
        this.#keep(id, hash);
        return true;
      }
      case HostOp.HASH_UPDATE: {
        const data = sliceOf(b);
        const hash = this.#take(id);
        if (hash === undefined || data === undefined) return false;
        this.#keep(id as number, hash.update(data));
        return true;
      }
      case HostOp.HASH_END:
        return a === undefined ? this.#end(id) : this.#copy(id, a);
      case HostOp.TIMING_SAFE_EQUAL: {
        const [left, right] = [sliceOf(a), sliceOf(b)];
        if (left === undefined || right === undefined || left.length !== right.length) return undefined;
        return timingSafeEqual(left, right);
      }
      default:
        return undefined;
    }
  }

  #end(id: unknown): unknown {
    const hash = this.#take(id);
    return hash === undefined ? undefined : ownBuffer(hash.digest());
  }

  #copy(id: unknown, copyId: unknown): unknown {
    const hash = this.#take(id);
    if (hash === undefined) return undefined;
    this.#keep(id as number, hash);
    // An HMAC cannot be copied, in Node neither.
    if (typeof copyId !== "number" || !("copy" in hash)) return undefined;
    this.#keep(copyId, hash.copy());
    return true;
  }

  #take(id: unknown): Open | undefined {
    const hash = this.#open.get(id as number);
    this.#open.delete(id as number);
    return hash;
  }

  #keep(id: number, hash: Open): void {
    this.#open.delete(id);
    this.#open.set(id, hash);
    if (this.#open.size <= MAX_OPEN_HASHES) return;
    for (const oldest of this.#open.keys()) {
      this.#open.delete(oldest);
      return;
    }
  }
}

function begin(name: unknown, key: unknown): Open | undefined {
  const algorithm = ALGORITHMS.get(name);
  if (algorithm === undefined) return undefined;
  if (key === undefined) return createHash(algorithm);
  const bytes = sliceOf(key);
  return bytes === undefined ? undefined : createHmac(algorithm, bytes);
}

function sliceOf(value: unknown): Uint8Array | undefined {
  if (!(value instanceof ArrayBuffer) || value.detached || value.byteLength > HASH_SLICE_BYTES) return undefined;
  return new Uint8Array(value);
}
