// biome-ignore-all lint/complexity/noArguments: Web IDL counts the arguments that were passed
/** Crypto and SubtleCrypto of the Web Cryptography API: random values and digests, by the host. */
import { HostOp } from "../boundary.ts";
import { copyBytes, isArrayBuffer } from "../bytes.ts";
import { callHost } from "../host.ts";
import {
  ArrayBufferIsView,
  MapCtor,
  MapPrototypeDelete,
  MapPrototypeGet,
  MapPrototypeSet,
  PromiseCtor,
  StringPrototypeToUpperCase,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeGetByteOffset,
  TypedArrayPrototypeGetToStringTag,
  TypedArrayPrototypeSet,
  TypeErrorCtor,
  Uint8ArrayCtor,
} from "../primordials.ts";
import { domException } from "./make-dom-exception.ts";
import { finishInterface } from "./webidl.ts";
import { requireArguments, toDOMString } from "./webidl-convert.ts";

/** What the constructors want to see: held here alone. */
const CREATE = Symbol();
const QUOTA_BYTES = 65_536;

const INTEGER_ARRAYS: Readonly<Record<string, boolean>> = {
  __proto__: null as never,
  Int8Array: true,
  Uint8Array: true,
  Uint8ClampedArray: true,
  Int16Array: true,
  Uint16Array: true,
  Int32Array: true,
  Uint32Array: true,
  BigInt64Array: true,
  BigUint64Array: true,
};

const DIGESTS: Readonly<Record<string, boolean>> = {
  __proto__: null as never,
  "SHA-1": true,
  "SHA-256": true,
  "SHA-384": true,
  "SHA-512": true,
};

interface PendingDigest {
  readonly resolve: (digest: ArrayBuffer) => void;
  readonly reject: (reason: unknown) => void;
}

/** Digests that the host makes off its thread: it answers each by an event. */
const pendingDigests = new MapCtor<number, PendingDigest>();
let lastDigestId = 0;

export class SubtleCrypto {
  #isSubtle = true;

  constructor(token: unknown = undefined) {
    if (token !== CREATE) throw new TypeErrorCtor("Illegal constructor");
  }

  // Async, so that whatever is wrong with the call rejects.
  async digest(algorithm: unknown, data: unknown): Promise<ArrayBuffer> {
    this.#isSubtle;
    requireArguments(arguments.length, 2, "SubtleCrypto.digest");
    const name = digestName(algorithm);
    const bytes = copyBytes(data);
    if (bytes === undefined) throw new TypeErrorCtor("SubtleCrypto.digest: the data is not a buffer or a view");
    const id = ++lastDigestId;
    const answer = callHost(HostOp.DIGEST, id, name, bytes);
    if (isArrayBuffer(answer)) return answer;
    return new PromiseCtor<ArrayBuffer>((resolve, reject) => {
      MapPrototypeSet(pendingDigests, id, { resolve, reject });
    });
  }
}

finishInterface(SubtleCrypto, "SubtleCrypto");

export class Crypto {
  #subtle: SubtleCrypto | null = null;

  constructor(token: unknown = undefined) {
    if (token !== CREATE) throw new TypeErrorCtor("Illegal constructor");
  }

  get subtle(): SubtleCrypto {
    this.#subtle ??= new SubtleCrypto(CREATE);
    return this.#subtle;
  }

  getRandomValues(array: unknown): unknown {
    this.#subtle;
    requireArguments(arguments.length, 1, "Crypto.getRandomValues");
    const type = TypedArrayPrototypeGetToStringTag(array);
    if (type === undefined) {
      if (typeof array === "object" && array !== null && ArrayBufferIsView(array)) throw mismatch("A DataView");
      throw new TypeErrorCtor("Crypto.getRandomValues: the argument is not a view");
    }
    if (INTEGER_ARRAYS[type] !== true) throw mismatch(type);
    const view = array as ArrayBufferView;
    const byteLength = TypedArrayPrototypeGetByteLength(view);
    if (byteLength > QUOTA_BYTES) {
      throw domException("QuotaExceededError", `${byteLength} bytes were asked for, of at most ${QUOTA_BYTES}`);
    }
    if (byteLength === 0) return array;
    const target = new Uint8ArrayCtor(
      TypedArrayPrototypeGetBuffer(view),
      TypedArrayPrototypeGetByteOffset(view),
      byteLength,
    );
    TypedArrayPrototypeSet(target, new Uint8ArrayCtor(callHost(HostOp.RANDOM_BYTES, 0, byteLength) as ArrayBuffer));
    return array;
  }

  randomUUID(): string {
    this.#subtle;
    return callHost(HostOp.RANDOM_UUID) as string;
  }
}

finishInterface(Crypto, "Crypto");

export function createCrypto(): Crypto {
  return new Crypto(CREATE);
}

/** Settles a digest that the host answers by an event: with its bytes, or with the message of an OperationError. */
export function settleDigest(id: number, digest: unknown, message: unknown): void {
  const pending = MapPrototypeGet(pendingDigests, id);
  if (pending === undefined) return;
  MapPrototypeDelete(pendingDigests, id);
  if (isArrayBuffer(digest)) pending.resolve(digest);
  else pending.reject(domException("OperationError", toDOMString(message)));
}

function mismatch(what: string): unknown {
  return domException("TypeMismatchError", `${what} does not hold integers`);
}

/** "Normalize an algorithm" for digests: a name, or an object with one, in any case. */
function digestName(algorithm: unknown): string {
  if (algorithm === undefined || algorithm === null) throw new TypeErrorCtor("SubtleCrypto.digest: no algorithm");
  let given: unknown = algorithm;
  if (typeof algorithm === "object" || typeof algorithm === "function") {
    given = (algorithm as { name?: unknown }).name;
    if (given === undefined) throw new TypeErrorCtor("SubtleCrypto.digest: the algorithm has no name");
  }
  const text = toDOMString(given);
  const name = StringPrototypeToUpperCase(text);
  if (DIGESTS[name] !== true) throw domException("NotSupportedError", `Unrecognized digest algorithm: ${text}`);
  return name;
}
