/** What keys may be used for: KeyUsage of the standard, and which of them each algorithm knows. */
import { domException } from "../leaf/make-dom-exception.ts";
import { toDOMString, toSequence } from "../leaf/webidl-convert.ts";
import { TypeErrorCtor } from "../primordials.ts";

const ALL_USAGES = ["encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey"];

type KeyType = "secret" | "private" | "public";

const NONE: readonly string[] = [];
const CIPHER = ["encrypt", "decrypt", "wrapKey", "unwrapKey"];
const DERIVE = ["deriveKey", "deriveBits"];

/** Converts `sequence<KeyUsage>`: each once, in the standard's order. @throws TypeError for another word */
export function toUsages(value: unknown, operation: string): readonly string[] {
  const list = toSequence(value, operation);
  for (let i = 0; i < list.length; i++) {
    const usage = toDOMString(list[i]);
    if (!includes(ALL_USAGES, usage)) throw new TypeErrorCtor(`${operation}: '${usage}' is not a key usage`);
    list[i] = usage;
  }
  return intersect(list as string[], ALL_USAGES);
}

/** The usages that a key of this algorithm and type may have. */
export function usagesOf(algorithm: string, type: KeyType): readonly string[] {
  switch (algorithm) {
    case "RSASSA-PKCS1-v1_5":
    case "RSA-PSS":
    case "ECDSA":
    case "Ed25519":
      return type === "private" ? ["sign"] : ["verify"];
    case "RSA-OAEP":
      return type === "private" ? ["decrypt", "unwrapKey"] : ["encrypt", "wrapKey"];
    case "ECDH":
    case "X25519":
      return type === "private" ? DERIVE : NONE;
    case "HMAC":
      return ["sign", "verify"];
    case "AES-KW":
      return ["wrapKey", "unwrapKey"];
    case "HKDF":
    case "PBKDF2":
      return DERIVE;
    default:
      return CIPHER;
  }
}

/** @throws DOMException SyntaxError where some are not the algorithm's, or a secret or private key has none */
export function requireUsages(usages: readonly string[], algorithm: string, type: KeyType): void {
  requireKnown(usages, usagesOf(algorithm, type), algorithm);
  if (type !== "public" && usages.length === 0) throw domException("SyntaxError", "The key has no usages");
}

/** @throws DOMException SyntaxError where one is not among those that the algorithm knows */
export function requireKnown(usages: readonly string[], known: readonly string[], algorithm: string): void {
  for (let i = 0; i < usages.length; i++) {
    if (!includes(known, usages[i] as string)) {
      throw domException("SyntaxError", `A key of ${algorithm} cannot be used for ${usages[i] as string}`);
    }
  }
}

/** Those of `order` that are in `usages`. */
export function intersect(usages: readonly string[], order: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (let i = 0; i < order.length; i++) {
    if (includes(usages, order[i] as string)) kept[kept.length] = order[i] as string;
  }
  return kept;
}

export function includes(list: readonly string[], searched: string): boolean {
  for (let i = 0; i < list.length; i++) if (list[i] === searched) return true;
  return false;
}
