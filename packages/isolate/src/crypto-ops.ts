/**
 * Operations on keys by number: what a guest asks for becomes an answer, or a job.
 *
 * I1 Every argument is hostile: a command that is malformed, a handle of elsewhere, or what is no buffer is refused, never thrown at the guest.
 */
import { createSecretKey, timingSafeEqual, webcrypto } from "node:crypto";
import { HostOp } from "@nano/web-api/boundary";
import { cipherJob } from "./crypto-cipher.ts";
import { derivation } from "./crypto-derive.ts";
import { describeKey, exportMaterial } from "./crypto-export.ts";
import { generation } from "./crypto-generate.ts";
import { importMaterial, parseJwk, purposeOf } from "./crypto-import.ts";
import {
  answerOfFailure,
  type CryptoAnswer,
  type CryptoJob,
  CryptoRefusal,
  isJob,
  MAX_CRYPTO_INPUT_BYTES,
  QUICK_INPUT_BYTES,
} from "./crypto-job.ts";
import type { CryptoKeys, OpenKey } from "./crypto-keys.ts";
import { signJob, verifyJob } from "./crypto-sign.ts";
import { digestAlgorithm, digestBytes, ownBuffer } from "./host-ops.ts";

/** The longest that there is has two algorithms with all that they take. */
const MAX_COMMAND_CHARS = 1024;
const FIRST = HostOp.CRYPTO_IMPORT;
const LAST = HostOp.CRYPTO_EQUALS;

/** Arguments of an operation, as the guest gave them. */
export interface CryptoArguments {
  readonly code: unknown;
  readonly a: unknown;
  readonly b: unknown;
  readonly c: unknown;
  readonly d: unknown;
}

export function isCryptoOp(code: unknown): boolean {
  return code === HostOp.DIGEST || (typeof code === "number" && code >= FIRST && code <= LAST);
}

/** Never throws; a job may, which `answerOfFailure` answers. */
export function beginCrypto(keys: CryptoKeys, args: CryptoArguments): CryptoAnswer | CryptoJob {
  try {
    return perform(keys, args);
  } catch (thrown) {
    return answerOfFailure(thrown);
  }
}

/** The answer now, whatever it takes. */
export function runCrypto(keys: CryptoKeys, args: CryptoArguments): CryptoAnswer {
  const begun = beginCrypto(keys, args);
  return isJob(begun) ? runJob(begun) : begun;
}

export function runJob(job: CryptoJob): CryptoAnswer {
  try {
    return job.run();
  } catch (thrown) {
    return answerOfFailure(thrown);
  }
}

function perform(keys: CryptoKeys, { code, a, b, c, d }: CryptoArguments): CryptoAnswer | CryptoJob {
  if (code === HostOp.DIGEST) return digestJob(a, bytesOf(b));
  if (code === HostOp.CRYPTO_EQUALS) return isEqual(bytesOf(a), bytesOf(b));
  if (typeof a !== "string" || a.length > MAX_COMMAND_CHARS)
    throw new CryptoRefusal("OperationError", "There is no command");
  switch (code) {
    case HostOp.CRYPTO_IMPORT:
      return JSON.stringify([describeKey(keys, importMaterial(a, b))]);
    case HostOp.CRYPTO_GENERATE:
      return generateJob(keys, a);
    case HostOp.CRYPTO_EXPORT: {
      const { key, extractable } = openKey(keys, b);
      if (!extractable) throw new CryptoRefusal("InvalidAccessError", "The key is not extractable");
      return exportMaterial(a, key);
    }
    case HostOp.CRYPTO_SIGN:
      return signJob(a, openKey(keys, b).key, bytesOf(c));
    case HostOp.CRYPTO_VERIFY:
      return verifyJob(a, openKey(keys, b).key, bytesOf(c), bytesOf(d));
    case HostOp.CRYPTO_CIPHER:
      return cipherJob(a, openKey(keys, b).key, bytesOf(c), bytesOf(d));
    case HostOp.CRYPTO_DERIVE:
      return deriveJob(keys, a, {
        key: openKey(keys, b).key,
        data: bytesOf(c),
        other: d === undefined ? undefined : openKey(keys, d).key,
      });
    case HostOp.CRYPTO_UNWRAP:
      return unwrapJob(keys, a, cipherJob(a.split("|")[0] ?? "", openKey(keys, b).key, bytesOf(c), bytesOf(d)));
    default:
      throw new CryptoRefusal("NotSupportedError", "The operation is unknown");
  }
}

function openKey(keys: CryptoKeys, handle: unknown): OpenKey {
  const open = keys.open(handle);
  if (open === undefined) throw new CryptoRefusal("InvalidAccessError", "The key is not one of this context");
  return open;
}

function bytesOf(value: unknown): ArrayBuffer {
  if (!(value instanceof ArrayBuffer)) throw new CryptoRefusal("OperationError", "The data is not bytes");
  if (value.byteLength <= MAX_CRYPTO_INPUT_BYTES) return value;
  throw new CryptoRefusal(
    "QuotaExceededError",
    `The data has ${value.byteLength} bytes, at most ${MAX_CRYPTO_INPUT_BYTES} are taken`,
  );
}

function isEqual(a: ArrayBuffer, b: ArrayBuffer): boolean {
  return a.byteLength === b.byteLength && timingSafeEqual(new Uint8Array(a), new Uint8Array(b));
}

function digestJob(name: unknown, data: ArrayBuffer): CryptoJob {
  const algorithm = digestAlgorithm(name);
  if (algorithm === undefined) throw new CryptoRefusal("NotSupportedError", "The hash is unknown");
  return {
    isQuick: data.byteLength <= QUICK_INPUT_BYTES,
    isLong: false,
    heldBytes: data.byteLength,
    run: () => digestBytes(algorithm, data),
    runLater: () => webcrypto.subtle.digest(name as string, data),
  };
}

function generateJob(keys: CryptoKeys, command: string): CryptoJob {
  const [family = "", flag, ...rest] = command.split(" ");
  const made = generation([family, ...rest]);
  const answer = (drawn: Awaited<ReturnType<typeof made.runLater>>): string =>
    JSON.stringify(
      drawn.map((key) =>
        describeKey(keys, { key, extractable: key.type === "public" || flag === "1", ...bitsOf(made.bits) }),
      ),
    );
  return {
    isQuick: made.isQuick,
    isLong: made.isLong,
    heldBytes: 0,
    run: () => answer(made.run()),
    runLater: async () => answer(await made.runLater()),
  };
}

function deriveJob(keys: CryptoKeys, command: string, input: Parameters<typeof derivation>[1]): CryptoJob {
  const [output = "", ...words] = command.split(" ");
  const derived = derivation(words, input);
  const bits = words[1] === "-" ? undefined : Number(words[1]);
  const answer = (bytes: Buffer): CryptoAnswer => {
    if (output === "bits") return ownBuffer(bytes);
    const extractable = output === "key1";
    return JSON.stringify([describeKey(keys, { key: createSecretKey(bytes), extractable, ...bitsOf(bits) })]);
  };
  return {
    isQuick: derived.isQuick,
    isLong: derived.isLong,
    heldBytes: input.data.byteLength,
    run: () => answer(derived.run()),
    runLater: async () => answer(await derived.runLater()),
  };
}

/** What is unwrapped goes from the cipher to the import, and never to the guest. */
function unwrapJob(keys: CryptoKeys, command: string, cipher: CryptoJob): CryptoJob {
  const importCommand = command.slice(command.indexOf("|") + 1);
  const isJwk = importCommand.split(" ")[1] === "jwk";
  const answer = (material: CryptoAnswer): CryptoAnswer => {
    if (!isJwk) return JSON.stringify([describeKey(keys, importMaterial(importCommand, material))]);
    const text = Buffer.from(material as ArrayBuffer).toString();
    const purpose = purposeOf(parseJwk(text));
    return JSON.stringify([describeKey(keys, importMaterial(importCommand, text)), purpose]);
  };
  return { ...cipher, run: () => answer(cipher.run()), runLater: async () => answer(await cipher.runLater()) };
}

function bitsOf(bits: number | undefined): { readonly bits?: number } {
  return bits === undefined ? {} : { bits };
}
