/**
 * "Normalize an algorithm" of the Web Cryptography API: the dictionaries that each operation knows, read member by member as Web IDL says.
 *
 * I1 Bytes are copied after the last getter of a dictionary ran, as the standard has it.
 */
import { copyBytes, isArrayBuffer } from "../bytes.ts";
import { domException } from "../leaf/make-dom-exception.ts";
import { toDOMString } from "../leaf/webidl-convert.ts";
import {
  ArrayBufferIsView,
  StringPrototypeToLowerCase,
  StringPrototypeToUpperCase,
  TypedArrayPrototypeGetToStringTag,
  TypeErrorCtor,
} from "../primordials.ts";
import type { KeyState } from "./crypto-key.ts";
import { toEnforcedInteger } from "./enforced-integer.ts";

// The build turns this into the call of the module's wrapper: nothing of it runs before.
declare const require: (path: "./crypto-key.ts") => typeof import("./crypto-key.ts");

export type CryptoOperation =
  | "encrypt"
  | "sign"
  | "digest"
  | "generateKey"
  | "importKey"
  | "deriveBits"
  | "wrapKey"
  | "getKeyLength";

/** An algorithm with the members that it was given; undefined where it has none of that name. */
export interface Algorithm {
  name: string;
  hash?: string;
  namedCurve?: string;
  length?: number;
  modulusLength?: number;
  saltLength?: number;
  tagLength?: number;
  iterations?: number;
  publicExponent?: ArrayBuffer;
  iv?: ArrayBuffer;
  counter?: ArrayBuffer;
  additionalData?: ArrayBuffer;
  label?: ArrayBuffer;
  salt?: ArrayBuffer;
  info?: ArrayBuffer;
  public?: KeyState;
}

type MemberType = "bytes" | "bigInteger" | "hash" | "key" | "text" | 8 | 16 | 32;
interface Member {
  readonly key: keyof Algorithm;
  readonly type: MemberType;
  readonly isOptional: boolean;
}

const member = (key: keyof Algorithm, type: MemberType): Member => ({ key, type, isOptional: false });
const optional = (key: keyof Algorithm, type: MemberType): Member => ({ key, type, isOptional: true });

const NOTHING: readonly Member[] = [];
const HASH = [member("hash", "hash")];
const CURVE = [member("namedCurve", "text")];
const AES_LENGTH = [member("length", 16)];
const HMAC = [member("hash", "hash"), optional("length", 32)];
const PUBLIC = [member("public", "key")];
/** Of a dictionary that it inherits from first, then by name. */
const RSA_GENERATE = [member("modulusLength", 32), member("publicExponent", "bigInteger"), member("hash", "hash")];

type Dictionaries = Readonly<Record<string, readonly Member[]>>;

const aes = (members: readonly Member[]): Dictionaries => ({
  __proto__: null as never,
  "AES-CTR": members,
  "AES-CBC": members,
  "AES-GCM": members,
  "AES-KW": members,
});
const rsa = (members: readonly Member[]): Dictionaries => ({
  __proto__: null as never,
  "RSASSA-PKCS1-v1_5": members,
  "RSA-PSS": members,
  "RSA-OAEP": members,
});
/** For keys that are made or imported. */
const keys = (members: Dictionaries): Dictionaries => ({
  __proto__: null as never,
  ...members,
  ECDSA: CURVE,
  ECDH: CURVE,
  HMAC,
  Ed25519: NOTHING,
  X25519: NOTHING,
});

const SUPPORTED: Readonly<Record<CryptoOperation, Dictionaries>> = {
  digest: {
    __proto__: null as never,
    "SHA-1": NOTHING,
    "SHA-256": NOTHING,
    "SHA-384": NOTHING,
    "SHA-512": NOTHING,
  },
  encrypt: {
    __proto__: null as never,
    "RSA-OAEP": [optional("label", "bytes")],
    "AES-CTR": [member("counter", "bytes"), member("length", 8)],
    "AES-CBC": [member("iv", "bytes")],
    "AES-GCM": [optional("additionalData", "bytes"), member("iv", "bytes"), optional("tagLength", 8)],
  },
  wrapKey: { __proto__: null as never, "AES-KW": NOTHING },
  sign: {
    __proto__: null as never,
    "RSASSA-PKCS1-v1_5": NOTHING,
    "RSA-PSS": [member("saltLength", 32)],
    ECDSA: HASH,
    HMAC: NOTHING,
    Ed25519: NOTHING,
  },
  generateKey: keys({ __proto__: null as never, ...aes(AES_LENGTH), ...rsa(RSA_GENERATE) }),
  importKey: keys({ __proto__: null as never, ...aes(NOTHING), ...rsa(HASH), HKDF: NOTHING, PBKDF2: NOTHING }),
  deriveBits: {
    __proto__: null as never,
    ECDH: PUBLIC,
    X25519: PUBLIC,
    HKDF: [member("hash", "hash"), member("info", "bytes"), member("salt", "bytes")],
    PBKDF2: [member("hash", "hash"), member("iterations", 32), member("salt", "bytes")],
  },
  getKeyLength: { __proto__: null as never, ...aes(AES_LENGTH), HMAC, HKDF: NOTHING, PBKDF2: NOTHING },
};

/** Reads an `AlgorithmIdentifier`. @throws TypeError for a member that is wrong or missing, DOMException NotSupportedError */
export function normalizeAlgorithm(operation: CryptoOperation, given: unknown): Algorithm {
  const isObject = (typeof given === "object" && given !== null) || typeof given === "function";
  const source = isObject ? (given as Record<string, unknown>) : emptyDictionary;
  const name = knownName(operation, isObject ? requiredName(source) : toDOMString(given));
  const members = SUPPORTED[operation][name] as readonly Member[];
  // Read again, as the dictionary of the algorithm's own.
  if (isObject) requiredName(source);
  const algorithm: Record<string, unknown> = { __proto__: null, name } as never;
  for (let i = 0; i < members.length; i++) {
    const { key, type, isOptional } = members[i] as Member;
    const value = source[key];
    if (value !== undefined) algorithm[key] = convert(value, type, key);
    else if (!isOptional) throw new TypeErrorCtor(`The algorithm ${name} has no ${key}`);
  }
  for (let i = 0; i < members.length; i++) {
    const { key, type } = members[i] as Member;
    if ((type === "bytes" || type === "bigInteger") && algorithm[key] !== undefined) {
      algorithm[key] = copyBytes(algorithm[key]);
    }
  }
  return algorithm as unknown as Algorithm;
}

const emptyDictionary: Record<string, unknown> = { __proto__: null as never };

function requiredName(source: Record<string, unknown>): string {
  const { name } = source;
  if (name === undefined) throw new TypeErrorCtor("The algorithm has no name");
  return toDOMString(name);
}

/** Without regard to the case of ASCII letters: other ones share one of their cases with these, none both. */
function knownName(operation: CryptoOperation, asked: string): string {
  const known = SUPPORTED[operation];
  if (known[asked] !== undefined) return asked;
  const upper = StringPrototypeToUpperCase(asked);
  const lower = StringPrototypeToLowerCase(asked);
  for (const name in known) {
    if (StringPrototypeToUpperCase(name) === upper && StringPrototypeToLowerCase(name) === lower) return name;
  }
  throw domException("NotSupportedError", `The algorithm '${asked}' is not supported for ${operation}`);
}

function convert(value: unknown, type: MemberType, key: string): unknown {
  switch (type) {
    case "bytes":
      if (!ArrayBufferIsView(value) && !isArrayBuffer(value))
        throw new TypeErrorCtor(`${key} is not a buffer or a view`);
      return value;
    case "bigInteger":
      if (TypedArrayPrototypeGetToStringTag(value) !== "Uint8Array") throw new TypeErrorCtor(`${key} is no Uint8Array`);
      return value;
    case "hash":
      return normalizeAlgorithm("digest", value).name;
    case "key":
      return require("./crypto-key.ts").toKeyState(value, key);
    case "text":
      return toDOMString(value);
    default:
      return toEnforcedInteger(value, type, key);
  }
}
