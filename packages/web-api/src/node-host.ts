/**
 * What modules of Node, and `cloudflare:workers`, need of the prelude, for those that a bundle brings along: handed to its factory, and loaded where one of them is.
 *
 * I1 Tenant code can get hold of all of it: arguments are hostile, and nothing here gives more than the Web API does.
 */
import { HASH_SLICE_BYTES, HostOp } from "./boundary.ts";
import { copyBytes, isArrayBuffer } from "./bytes.ts";
import { formatMessage } from "./format-message.ts";
import { callHost, isInitialising } from "./host.ts";
import { inspect } from "./inspect.ts";
import {
  ArrayBufferPrototypeGetByteLength,
  ArrayBufferPrototypeSlice,
  ErrorCtor,
  ObjectFreeze,
  StringPrototypeToLowerCase,
  TypeErrorCtor,
} from "./primordials.ts";
import { currentRun } from "./request-run.ts";

/** Of hashes that the host holds: unique within the context, those of init included. */
let lastHashId = 0;

export const nodeHost = ObjectFreeze({
  __proto__: null,

  /** Of `cloudflare:workers`: `ctx.waitUntil` of the request whose entry is running. @throws Error where none is */
  waitUntil(promise: unknown): void {
    const run = isInitialising() ? undefined : currentRun();
    if (run === undefined) throw new ErrorCtor("waitUntil: no request is running: call it in a request handler");
    run.waitUntil(promise);
  },

  /** The digest of bytes, or undefined: there is no such algorithm. @param key an HMAC's */
  hash(algorithm: string, data: unknown, key: unknown): ArrayBuffer | undefined {
    const bytes = bytesOf(data);
    const keyBytes = keyOf(algorithm, key);
    if (ArrayBufferPrototypeGetByteLength(bytes) <= HASH_SLICE_BYTES) {
      return bufferOf(callHost(HostOp.HASH, 0, nameOf(algorithm), bytes, keyBytes));
    }
    const id = begin(algorithm, keyBytes);
    if (id === 0) return undefined;
    return update(id, bytes) ? bufferOf(callHost(HostOp.HASH_END, id)) : undefined;
  },

  /** Begins a hash at the host. Answers its id, or 0: there is no such algorithm. */
  beginHash(algorithm: string, key: unknown): number {
    return begin(algorithm, keyOf(algorithm, key));
  },

  /** False: the host holds no such hash. */
  updateHash(id: number, data: unknown): boolean {
    return update(id, bytesOf(data));
  },

  /** The digest. Undefined: the host holds no such hash. */
  endHash(id: number): ArrayBuffer | undefined {
    return bufferOf(callHost(HostOp.HASH_END, toId(id)));
  },

  /** The id of a hash that goes on from where another is, or 0: the host holds no such hash. */
  copyHash(id: number): number {
    const copyId = ++lastHashId;
    return callHost(HostOp.HASH_END, toId(id), copyId) === true ? copyId : 0;
  },

  /** Of bytes of one length, at most HASH_SLICE_BYTES; undefined: they are not. */
  timingSafeEqual(left: unknown, right: unknown): boolean | undefined {
    return callHost(HostOp.TIMING_SAFE_EQUAL, 0, bytesOf(left), bytesOf(right)) as boolean | undefined;
  },

  /** As the console shows values. */
  inspect(value: unknown, depthLimit?: number): string {
    return inspect(value, typeof depthLimit === "number" ? depthLimit : undefined);
  },

  /** As the console shows its arguments. */
  format(args: readonly unknown[]): string {
    return formatMessage(args);
  },
});

function begin(algorithm: string, key: ArrayBuffer | undefined): number {
  const id = ++lastHashId;
  return callHost(HostOp.HASH_BEGIN, id, nameOf(algorithm), undefined, key) === true ? id : 0;
}

function update(id: number, bytes: ArrayBuffer): boolean {
  const totalBytes = ArrayBufferPrototypeGetByteLength(bytes);
  if (totalBytes <= HASH_SLICE_BYTES) return callHost(HostOp.HASH_UPDATE, toId(id), undefined, bytes) === true;
  for (let from = 0; from < totalBytes; from += HASH_SLICE_BYTES) {
    const slice = ArrayBufferPrototypeSlice(bytes, from, from + HASH_SLICE_BYTES);
    if (callHost(HostOp.HASH_UPDATE, toId(id), undefined, slice) !== true) return false;
  }
  return true;
}

/** A key beyond a block of its hash stands for its digest (RFC 2104), and only one that is far beyond is not sent as it is. */
function keyOf(algorithm: string, key: unknown): ArrayBuffer | undefined {
  if (key === undefined) return undefined;
  const bytes = bytesOf(key);
  return ArrayBufferPrototypeGetByteLength(bytes) <= HASH_SLICE_BYTES
    ? bytes
    : nodeHost.hash(algorithm, bytes, undefined);
}

function nameOf(algorithm: unknown): string {
  return typeof algorithm === "string" ? StringPrototypeToLowerCase(algorithm) : "";
}

function toId(id: unknown): number {
  return typeof id === "number" ? id : 0;
}

function bytesOf(value: unknown): ArrayBuffer {
  const bytes = copyBytes(value);
  if (bytes === undefined) throw new TypeErrorCtor("The data is neither a buffer nor a view");
  return bytes;
}

function bufferOf(answer: unknown): ArrayBuffer | undefined {
  return isArrayBuffer(answer) ? answer : undefined;
}
