/**
 * CryptoKey of the Web Cryptography API: what may be done with a key, and the host's handle of it.
 *
 * I1 A handle never leaves this package: no object that tenant code can read refers to it.
 * I2 What `algorithm` and `usages` answer is the app's to change: nothing here reads it again.
 */
import { cloneHooks } from "../leaf/clone-hooks.ts";
import { domException } from "../leaf/make-dom-exception.ts";
import { finishInterface } from "../leaf/webidl.ts";
import { TypeErrorCtor, Uint8ArrayCtor } from "../primordials.ts";

/** What the constructor wants to see: held here alone. */
const CREATE = Symbol();

/** The algorithm that a key is for; null where it has no such member. */
export interface KeyAlgorithm {
  readonly name: string;
  /** Bits of an AES or HMAC key. */
  readonly length: number | null;
  readonly hash: string | null;
  readonly namedCurve: string | null;
  readonly modulusLength: number | null;
  readonly publicExponent: Uint8Array<ArrayBuffer> | null;
}

/** A key as the platform knows it. */
export interface KeyState {
  readonly type: "secret" | "private" | "public";
  readonly extractable: boolean;
  readonly algorithm: KeyAlgorithm;
  /** In the order of the standard's list, each once. */
  readonly usages: readonly string[];
  readonly handle: string;
}

let stateIn: (value: object) => KeyState | undefined;

export class CryptoKey {
  readonly #state: KeyState;
  #algorithm: object | null = null;
  #usages: string[] | null = null;

  static {
    stateIn = (value) => (#state in value ? value.#state : undefined);
  }

  constructor(token: unknown = undefined, state: unknown = undefined) {
    if (token !== CREATE) throw new TypeErrorCtor("Illegal constructor");
    this.#state = state as KeyState;
  }

  get type(): string {
    return this.#state.type;
  }

  get extractable(): boolean {
    return this.#state.extractable;
  }

  get algorithm(): object {
    this.#algorithm ??= describeAlgorithm(this.#state.algorithm);
    return this.#algorithm;
  }

  get usages(): string[] {
    if (this.#usages === null) {
      const { usages } = this.#state;
      const copy: string[] = [];
      for (let i = 0; i < usages.length; i++) copy[i] = usages[i] as string;
      this.#usages = copy;
    }
    return this.#usages;
  }
}

finishInterface(CryptoKey, "CryptoKey");

export function createKey(state: KeyState): CryptoKey {
  return new CryptoKey(CREATE, state);
}

/** What is behind a CryptoKey; undefined where the value is none. */
export function keyStateOf(value: unknown): KeyState | undefined {
  return typeof value === "object" && value !== null ? stateIn(value) : undefined;
}

/** Converts an argument. @throws TypeError */
export function toKeyState(value: unknown, operation: string): KeyState {
  const state = keyStateOf(value);
  if (state === undefined) throw new TypeErrorCtor(`${operation}: the key is not a CryptoKey`);
  return state;
}

/** @throws DOMException InvalidAccessError where the key is of another algorithm, or not for this use */
export function requireUse(key: KeyState, algorithm: string, usage: string): void {
  if (key.algorithm.name !== algorithm) throw invalidAccess(`The key is for ${key.algorithm.name}, not ${algorithm}`);
  for (let i = 0; i < key.usages.length; i++) if (key.usages[i] === usage) return;
  throw invalidAccess(`The key may not be used for ${usage}`);
}

/** @throws DOMException InvalidAccessError where the key is of another type */
export function requireType(key: KeyState, type: KeyState["type"]): void {
  if (key.type !== type) throw invalidAccess(`The key is a ${key.type} one, not a ${type} one`);
}

export function invalidAccess(message: string): unknown {
  return domException("InvalidAccessError", message);
}

/** The members that its algorithm has, in the order of its dictionary. */
function describeAlgorithm(algorithm: KeyAlgorithm): object {
  const { name, length, hash, namedCurve, modulusLength, publicExponent } = algorithm;
  if (modulusLength !== null && publicExponent !== null) {
    return { name, modulusLength, publicExponent: new Uint8ArrayCtor(publicExponent), hash: { name: hash } };
  }
  if (namedCurve !== null) return { name, namedCurve };
  if (hash !== null) return { name, hash: { name: hash }, length };
  return length === null ? { name } : { name, length };
}

cloneHooks.isCryptoKey = (value) => stateIn(value) !== undefined;
cloneHooks.cloneCryptoKey = (value) => createKey(stateIn(value) as KeyState);
