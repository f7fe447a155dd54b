/** Encryption and decryption, as `CRYPTO_CIPHER` asks for them. */
import {
  type CipherGCM,
  constants,
  createCipheriv,
  createDecipheriv,
  type DecipherGCM,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  webcrypto,
} from "node:crypto";
import { type CryptoJob, CryptoRefusal, QUICK_INPUT_BYTES } from "./crypto-job.ts";
import { isQuickKey } from "./crypto-kinds.ts";
import { digestAlgorithm, ownBuffer } from "./host-ops.ts";

const BLOCK_BYTES = 16;
const COUNTER_BITS = 128;
/** RFC 3394. */
const WRAP_IV = Buffer.alloc(8, 0xa6);
const TAG_BITS = new Set([32, 64, 96, 104, 112, 120, 128]);

interface CipherInput {
  readonly mode: "encrypt" | "decrypt";
  readonly key: KeyObject;
  readonly data: ArrayBuffer;
  /** IV or counter; the label of RSA-OAEP. */
  readonly iv: Buffer;
  /** What is authenticated beside the data. */
  readonly additional: Buffer;
}

/** @throws CryptoRefusal for a command that is malformed */
export function cipherJob(command: string, key: KeyObject, data: ArrayBuffer, parameters: ArrayBuffer): CryptoJob {
  const [mode, name, detail = "", ivBytes] = command.split(" ");
  if (mode !== "encrypt" && mode !== "decrypt") throw new CryptoRefusal("NotSupportedError", "The cipher is unknown");
  const all = Buffer.from(parameters);
  const split = name === "RSA-OAEP" ? all.length : Number(ivBytes) >>> 0;
  const input = { mode, key, data, iv: all.subarray(0, split), additional: all.subarray(split) } as const;
  if (name === "RSA-OAEP") return oaepJob(input, detail);
  if (key.type !== "secret" || ![16, 24, 32].includes(key.symmetricKeySize ?? 0)) {
    throw new CryptoRefusal("InvalidAccessError", "The key is not one of AES");
  }
  switch (name) {
    case "AES-GCM":
      return gcmJob(input, Number(detail));
    case "AES-CBC":
      return aesJob(input, { name, iv: input.iv }, () => cbc(input));
    case "AES-CTR":
      return ctrJob(input, Number(detail));
    case "AES-KW":
      return { isQuick: true, isLong: false, heldBytes: data.byteLength, ...both(() => wrap(input)) };
    default:
      throw new CryptoRefusal("NotSupportedError", "The cipher is unknown");
  }
}

function aesJob(
  { mode, key, data, iv, additional }: CipherInput,
  algorithm: { readonly name: string } & Record<string, unknown>,
  run: () => Buffer,
): CryptoJob {
  const heldBytes = data.byteLength + iv.length + additional.length;
  return {
    isQuick: heldBytes <= QUICK_INPUT_BYTES,
    isLong: false,
    heldBytes,
    run: () => ownBuffer(run()),
    runLater: () => webcrypto.subtle[mode](algorithm, key.toCryptoKey({ name: algorithm.name }, false, [mode]), data),
  };
}

function gcmJob(input: CipherInput, tagBits: number): CryptoJob {
  const { iv, additional: additionalData, data, mode } = input;
  if (!TAG_BITS.has(tagBits) || iv.length === 0) throw operationError("The IV is empty, or the tag of no known length");
  if (mode === "decrypt" && data.byteLength * 8 < tagBits) throw operationError("The data is shorter than its tag");
  return aesJob(input, { name: "AES-GCM", iv, additionalData, tagLength: tagBits }, () => gcm(input, tagBits / 8));
}

function gcm({ mode, key, iv, additional, data }: CipherInput, authTagLength: number): Buffer {
  const name = `aes-${(key.symmetricKeySize ?? 0) * 8}-gcm` as "aes-256-gcm";
  if (mode === "encrypt") {
    const cipher: CipherGCM = createCipheriv(name, key, iv, { authTagLength });
    cipher.setAAD(additional);
    return Buffer.concat([cipher.update(Buffer.from(data)), cipher.final(), cipher.getAuthTag()]);
  }
  const bytes = Buffer.from(data);
  const decipher: DecipherGCM = createDecipheriv(name, key, iv, { authTagLength });
  decipher.setAAD(additional);
  decipher.setAuthTag(bytes.subarray(bytes.length - authTagLength));
  return Buffer.concat([decipher.update(bytes.subarray(0, bytes.length - authTagLength)), decipher.final()]);
}

function cbc({ mode, key, iv, data }: CipherInput): Buffer {
  const name = `aes-${(key.symmetricKeySize ?? 0) * 8}-cbc`;
  const cipher = mode === "encrypt" ? createCipheriv(name, key, iv) : createDecipheriv(name, key, iv);
  return Buffer.concat([cipher.update(Buffer.from(data)), cipher.final()]);
}

function ctrJob(input: CipherInput, lengthBits: number): CryptoJob {
  const { iv, data } = input;
  if (!(lengthBits >= 1 && lengthBits <= COUNTER_BITS) || iv.length !== BLOCK_BYTES)
    throw operationError("The counter is malformed");
  const blockCount = BigInt(Math.ceil(data.byteLength / BLOCK_BYTES));
  if (blockCount > 1n << BigInt(lengthBits)) throw operationError("The counter would come back to where it began");
  const algorithm = { name: "AES-CTR", counter: iv, length: lengthBits };
  return aesJob(input, algorithm, () => ctr(input, BigInt(lengthBits)));
}

/** OpenSSL counts with the whole block, the standard with its last bits: where these wrap around, the rest begins at their zero. */
function ctr({ key, iv, data }: CipherInput, lengthBits: bigint): Buffer {
  const name = `aes-${(key.symmetricKeySize ?? 0) * 8}-ctr`;
  const bytes = Buffer.from(data);
  const start = BigInt(`0x${iv.toString("hex")}`);
  const span = 1n << lengthBits;
  const blocksLeft = span - (start % span);
  const first =
    BigInt(bytes.length) > blocksLeft * BigInt(BLOCK_BYTES) ? Number(blocksLeft) * BLOCK_BYTES : bytes.length;
  const head = createCipheriv(name, key, iv).update(bytes.subarray(0, first));
  if (first === bytes.length) return head;
  const wrapped = Buffer.from((start - (start % span)).toString(16).padStart(BLOCK_BYTES * 2, "0"), "hex");
  return Buffer.concat([head, createCipheriv(name, key, wrapped).update(bytes.subarray(first))]);
}

function wrap({ mode, key, data }: CipherInput): ArrayBuffer {
  const name = `aes${(key.symmetricKeySize ?? 0) * 8}-wrap`;
  const least = mode === "encrypt" ? 16 : 24;
  if (data.byteLength < least || data.byteLength % 8 !== 0)
    throw operationError("The data is not whole blocks of eight bytes");
  const cipher = mode === "encrypt" ? createCipheriv(name, key, WRAP_IV) : createDecipheriv(name, key, WRAP_IV);
  return ownBuffer(Buffer.concat([cipher.update(Buffer.from(data)), cipher.final()]));
}

function oaepJob({ mode, key, data, iv: label }: CipherInput, hash: string): CryptoJob {
  const oaepHash = digestAlgorithm(hash);
  if (oaepHash === undefined) throw new CryptoRefusal("NotSupportedError", "The hash is unknown");
  const type = mode === "encrypt" ? "public" : "private";
  if (key.type !== type || key.asymmetricKeyType !== "rsa")
    throw new CryptoRefusal("InvalidAccessError", "The key is of another kind");
  const options = {
    key,
    padding: constants.RSA_PKCS1_OAEP_PADDING,
    oaepHash,
    ...(label.length > 0 && { oaepLabel: label }),
  };
  const bytes = new Uint8Array(data);
  return {
    isQuick: isQuickKey(key),
    isLong: false,
    heldBytes: data.byteLength + label.length,
    run: () => ownBuffer(mode === "encrypt" ? publicEncrypt(options, bytes) : privateDecrypt(options, bytes)),
    runLater() {
      const cryptoKey = key.toCryptoKey({ name: "RSA-OAEP", hash }, false, [mode]);
      return webcrypto.subtle[mode]({ name: "RSA-OAEP", label: new Uint8Array(label) }, cryptoKey, data);
    },
  };
}

function both(run: () => ArrayBuffer) {
  return { run, runLater: async () => run() };
}

function operationError(message: string): CryptoRefusal {
  return new CryptoRefusal("OperationError", message);
}
