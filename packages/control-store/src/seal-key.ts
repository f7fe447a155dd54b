/**
 * The key under which secrets are kept in the store: 32 random bytes in a file of their own, never in the store.
 *
 * I1 The file is for its user alone: made with mode 0600, refused when its mode is wider.
 * I2 It appears whole or not at all, and is never overwritten: of two processes that make it at once, one key wins.
 */
import { createSecretKey, hash, type KeyObject, randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { errors } from "./errors.ts";

const KEY_BYTES = 32;
/** As hexadecimal digits, with a line feed. */
const KEY_TEXT = /^[0-9a-f]{64}\r?\n?$/;
const MAX_FILE_BYTES = 66;
export const SEAL_KEY_ID_BYTES = 8;

export interface SealKey {
  /** Names the key, and tells nothing of it. */
  readonly id: Buffer;
  readonly key: KeyObject;
}

/** Reads the key at `path`, or makes one there. @throws STORE_SEAL_KEY_UNUSABLE */
export function loadOrCreateSealKey(path: string): SealKey {
  if (!existsSync(path)) createKeyFile(path);
  return loadSealKey(path);
}

/** @throws STORE_SEAL_KEY_UNUSABLE */
export function loadSealKey(path: string): SealKey {
  const text = readKeyFile(path);
  if (!KEY_TEXT.test(text)) {
    throw errors.SEAL_KEY_UNUSABLE({ path, found: "something else", expected: "64 lower-case hex digits" });
  }
  return sealKeyFrom(Buffer.from(text.slice(0, KEY_BYTES * 2), "hex"));
}

/** A key that lives only in this process. */
export function createSealKey(): SealKey {
  return sealKeyFrom(randomBytes(KEY_BYTES));
}

function sealKeyFrom(bytes: Buffer): SealKey {
  const id = Buffer.from(hash("sha256", bytes, "hex").slice(0, SEAL_KEY_ID_BYTES * 2), "hex");
  return { id, key: createSecretKey(bytes) };
}

function readKeyFile(path: string): string {
  try {
    const info = statSync(path);
    const found = (what: string, expected: string) => errors.SEAL_KEY_UNUSABLE({ path, found: what, expected });
    if (!info.isFile()) throw found("no regular file", "a regular file");
    if (info.size > MAX_FILE_BYTES) throw found(`${info.size} bytes`, `at most ${MAX_FILE_BYTES}`);
    if ((info.mode & 0o077) !== 0) throw found(`mode ${(info.mode & 0o777).toString(8)}`, "mode 600");
    return readFileSync(path, "latin1");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code?.startsWith("STORE_")) throw cause;
    throw errors.SEAL_KEY_UNUSABLE({ path, found: code ?? String(cause), expected: "a readable key file" }, cause);
  }
}

function createKeyFile(path: string): void {
  const temporaryPath = `${path}.${process.pid}.${process.hrtime.bigint()}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const fd = openSync(temporaryPath, "wx", 0o600);
    try {
      writeSync(fd, `${randomBytes(KEY_BYTES).toString("hex")}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    // link refuses an existing name, which rename would replace.
    linkSync(temporaryPath, path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "EEXIST") return; // another process was first
    throw errors.SEAL_KEY_UNUSABLE({ path, found: code ?? String(cause), expected: "a place to write to" }, cause);
  } finally {
    rmSync(temporaryPath, { force: true });
  }
}
