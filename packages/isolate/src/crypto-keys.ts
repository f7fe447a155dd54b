/**
 * Keys of guests, which hold them as handles: strings with the key inside, sealed for one isolate.
 *
 * I1 A handle of another isolate, or one that was changed, opens to nothing: each isolate's handles are encrypted with a key of its own, made when
 *    it first needs one, and never the same nonce twice.
 * I2 A plain handle holds its key as it is. Hosts of init give them, whose handles outlive their process in a heap; a guest that makes one has
 *    a key that it knew before.
 * I3 At most MAX_OPEN_KEYS are kept open, those that were used last; the others are in their handles alone, which the guest's collector frees.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { isKnownKind } from "./crypto-kinds.ts";

/** Open at a time, of one isolate. */
export const MAX_OPEN_KEYS = 32;
/** Of the longest key that is kept, as DER. */
export const MAX_KEY_BYTES = 16 * 1024;
const MAX_HANDLE_CHARS = 24 * 1024;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SEALING_KEY_BYTES = 32;
const SEALING_CIPHER = "aes-256-gcm";
const PLAIN = "0";
const SEALED = "1";
const KINDS = ["secret", "private", "public"] as const;

/** A key that can be used, and whether it may be exported. */
export interface OpenKey {
  readonly key: KeyObject;
  readonly extractable: boolean;
}

/** Makes handles of keys, and finds the keys of handles. */
export interface CryptoKeys {
  keep(open: OpenKey): string;
  /** Undefined: it is no handle of this isolate's. The argument is hostile. */
  open(handle: unknown): OpenKey | undefined;
}

/** Of a top level: what it leaves in a heap has to be of use in another process. */
export class PlainKeys implements CryptoKeys {
  keep(open: OpenKey): string {
    return PLAIN + payloadOf(open).toString("base64");
  }

  open(handle: unknown): OpenKey | undefined {
    return isHandle(handle) && handle.startsWith(PLAIN)
      ? openPayload(Buffer.from(handle.slice(1), "base64"))
      : undefined;
  }
}

/** Of requests. */
export class SealedKeys implements CryptoKeys {
  readonly #plain = new PlainKeys();
  /** The one that was used last is last. */
  readonly #open = new Map<string, OpenKey>();
  #sealingKey: Buffer | null = null;
  #sealedCount = 0;

  get openCount(): number {
    return this.#open.size;
  }

  keep(open: OpenKey): string {
    this.#sealingKey ??= randomBytes(SEALING_KEY_BYTES);
    const nonce = Buffer.alloc(NONCE_BYTES);
    nonce.writeUIntBE(++this.#sealedCount, 0, 6);
    const cipher = createCipheriv(SEALING_CIPHER, this.#sealingKey, nonce);
    const text = cipher.update(payloadOf(open));
    cipher.final();
    const handle = SEALED + Buffer.concat([nonce, cipher.getAuthTag(), text]).toString("base64");
    this.#remember(handle, open);
    return handle;
  }

  open(handle: unknown): OpenKey | undefined {
    if (!isHandle(handle)) return undefined;
    const known = this.#open.get(handle);
    const open = known ?? (handle.startsWith(SEALED) ? this.#unseal(handle) : this.#plain.open(handle));
    if (open === undefined) return undefined;
    if (known !== undefined) this.#open.delete(handle);
    this.#remember(handle, open);
    return open;
  }

  #unseal(handle: string): OpenKey | undefined {
    const bytes = Buffer.from(handle.slice(1), "base64");
    if (this.#sealingKey === null || bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
    const decipher = createDecipheriv(SEALING_CIPHER, this.#sealingKey, bytes.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    try {
      const text = decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES));
      decipher.final();
      return openPayload(text);
    } catch {
      // Not what was sealed here.
      return undefined;
    }
  }

  #remember(handle: string, open: OpenKey): void {
    this.#open.set(handle, open);
    if (this.#open.size <= MAX_OPEN_KEYS) return;
    for (const oldest of this.#open.keys()) {
      this.#open.delete(oldest);
      return;
    }
  }
}

function isHandle(value: unknown): value is string {
  return typeof value === "string" && value.length > 2 && value.length <= MAX_HANDLE_CHARS;
}

/** Its kind, whether it is extractable, and the key: raw or as DER. */
function payloadOf({ key, extractable }: OpenKey): Buffer {
  const kind = KINDS.indexOf(key.type);
  return Buffer.concat([Buffer.from([kind, extractable ? 1 : 0]), materialOf(key)]);
}

function materialOf(key: KeyObject): Buffer {
  if (key.type === "secret") return key.export();
  return key.export({ format: "der", type: key.type === "private" ? "pkcs8" : "spki" });
}

function openPayload(payload: Buffer): OpenKey | undefined {
  const material = payload.subarray(2);
  const extractable = payload[1] === 1;
  try {
    const key = openMaterial(KINDS[payload[0] ?? KINDS.length], material);
    return key !== undefined && isKnownKind(key) ? { key, extractable } : undefined;
  } catch {
    // A plain one that a guest made.
    return undefined;
  }
}

function openMaterial(kind: KeyObject["type"] | undefined, material: Buffer): KeyObject | undefined {
  if (kind === "secret") return createSecretKey(material);
  if (kind === "private") return createPrivateKey({ key: material, format: "der", type: "pkcs8" });
  return kind === "public" ? createPublicKey({ key: material, format: "der", type: "spki" }) : undefined;
}
