// biome-ignore-all lint/complexity/noArguments: Web IDL counts the arguments that were passed
/** Crypto of the Web Cryptography API: random values, by the host. */
import { HostOp } from "../boundary.ts";
import type { SubtleCrypto } from "../crypto/subtle-crypto.ts";
import { callHost } from "../host.ts";
import {
  ArrayBufferIsView,
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
import { requireArguments } from "./webidl-convert.ts";

// The build turns this into the call of the module's wrapper: nothing of it runs before.
declare const require: (path: "../crypto/subtle-crypto.ts") => typeof import("../crypto/subtle-crypto.ts");

/** What the constructor wants to see: held here alone. */
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

export class Crypto {
  #subtle: SubtleCrypto | null = null;

  constructor(token: unknown = undefined) {
    if (token !== CREATE) throw new TypeErrorCtor("Illegal constructor");
  }

  get subtle(): SubtleCrypto {
    this.#subtle ??= require("../crypto/subtle-crypto.ts").createSubtle();
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

function mismatch(what: string): unknown {
  return domException("TypeMismatchError", `${what} does not hold integers`);
}
