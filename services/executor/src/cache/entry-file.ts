/**
 * The file of one kept response: what is known of it, then its body in blocks, all with their digests.
 *
 *   MAGIC · u32 bytes of META · u64 bytes of the body · SHA-256 of all that and META · META (JSON) · { block · SHA-256 of it }*
 *
 * I1 A file is written under another name, its beginning last, and gets its own when it is complete: one that was cut off is none.
 * I2 Nothing of it is handed out before its digest was checked; memory holds one block at a time.
 */
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import type { CachedResponse } from "@nano/protocol/cache-command";
import type { HeaderBlock } from "@nano/protocol/messages";
import { cacheErrors } from "./errors.ts";

export const BLOCK_BYTES = 64 * 1024;
const DIGEST_BYTES = 32;
const MAGIC = Buffer.from("NANOCAC1", "latin1");
const FIXED_BYTES = MAGIC.length + 4 + 8;
const META_AT = FIXED_BYTES + DIGEST_BYTES;
const MAX_META_BYTES = 1024 * 1024;

export interface EntryMeta {
  readonly app: string;
  /** Null: `caches.default`. */
  readonly cache: string | null;
  /** Empty: the entry says only that the cache of that name was opened. */
  readonly url: string;
  readonly requestHeaders: HeaderBlock;
  readonly response: CachedResponse;
  readonly storedAtMs: number;
  readonly expiresAtMs: number | null;
}

/** What a file of such a meta takes with a body of so many bytes. */
export function fileBytesOf(metaBytes: number, bodyBytes: number): number {
  return META_AT + metaBytes + bodyBytes + Math.ceil(bodyBytes / BLOCK_BYTES) * DIGEST_BYTES;
}

export class EntryWriter {
  readonly #file: FileHandle;
  readonly #meta: Buffer;
  readonly #block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  #blockBytes = 0;
  #bodyBytes = 0;
  #at: number;

  private constructor(file: FileHandle, meta: Buffer) {
    this.#file = file;
    this.#meta = meta;
    this.#at = META_AT + meta.length;
  }

  static async open(path: string, meta: EntryMeta): Promise<EntryWriter> {
    return new EntryWriter(await open(path, "wx", 0o600), Buffer.from(JSON.stringify(meta)));
  }

  get fileBytes(): number {
    return fileBytesOf(this.#meta.length, this.#bodyBytes);
  }

  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  async write(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      const taken = chunk.copy(this.#block, this.#blockBytes, at);
      at += taken;
      this.#blockBytes += taken;
      this.#bodyBytes += taken;
      if (this.#blockBytes === BLOCK_BYTES) await this.#writeBlock();
    }
  }

  /** Completes the file: it may get its name. */
  async finish(): Promise<void> {
    if (this.#blockBytes > 0) await this.#writeBlock();
    const fixed = Buffer.alloc(FIXED_BYTES);
    MAGIC.copy(fixed);
    fixed.writeUInt32LE(this.#meta.length, MAGIC.length);
    fixed.writeBigUInt64LE(BigInt(this.#bodyBytes), MAGIC.length + 4);
    const beginning = Buffer.concat([fixed, digestOf(fixed, this.#meta), this.#meta]);
    await this.#file.write(beginning, 0, beginning.length, 0);
    await this.close();
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await this.#file.close().catch(() => undefined);
  }

  async #writeBlock(): Promise<void> {
    const block = this.#block.subarray(0, this.#blockBytes);
    await this.#file.writev([block, digestOf(block)], this.#at);
    this.#at += block.length + DIGEST_BYTES;
    this.#blockBytes = 0;
  }
}

export class EntryReader {
  readonly meta: EntryMeta;
  readonly bodyBytes: number;
  readonly fileBytes: number;
  readonly #file: FileHandle;
  readonly #bodyAt: number;

  private constructor(file: FileHandle, { meta, metaBytes, bodyBytes }: Beginning) {
    this.#file = file;
    this.meta = meta;
    this.bodyBytes = bodyBytes;
    this.fileBytes = fileBytesOf(metaBytes, bodyBytes);
    this.#bodyAt = META_AT + metaBytes;
  }

  /** @throws CACHE_DAMAGED, and what the file system says */
  static async open(path: string): Promise<EntryReader> {
    const file = await open(path, "r");
    try {
      return new EntryReader(file, await readBeginning(file));
    } catch (thrown) {
      await file.close();
      throw thrown;
    }
  }

  /** @throws CACHE_DAMAGED */
  async readBlock(index: number): Promise<Buffer> {
    const wantedBytes = Math.min(BLOCK_BYTES, this.bodyBytes - index * BLOCK_BYTES);
    const read = Buffer.allocUnsafeSlow(wantedBytes + DIGEST_BYTES);
    const at = this.#bodyAt + index * (BLOCK_BYTES + DIGEST_BYTES);
    const { bytesRead } = await this.#file.read(read, 0, read.length, at);
    const block = read.subarray(0, wantedBytes);
    if (bytesRead !== read.length || !digestOf(block).equals(read.subarray(wantedBytes))) {
      throw cacheErrors.DAMAGED({});
    }
    return block;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await this.#file.close().catch(() => undefined);
  }
}

interface Beginning {
  readonly meta: EntryMeta;
  readonly metaBytes: number;
  readonly bodyBytes: number;
}

async function readBeginning(file: FileHandle): Promise<Beginning> {
  const fixed = Buffer.alloc(META_AT);
  const { bytesRead } = await file.read(fixed, 0, META_AT, 0);
  const metaBytes = fixed.readUInt32LE(MAGIC.length);
  const bodyBytes = Number(fixed.readBigUInt64LE(MAGIC.length + 4));
  if (bytesRead !== META_AT || !fixed.subarray(0, MAGIC.length).equals(MAGIC) || metaBytes > MAX_META_BYTES) {
    throw cacheErrors.DAMAGED({});
  }
  const meta = Buffer.alloc(metaBytes);
  await file.read(meta, 0, metaBytes, META_AT);
  if (!digestOf(fixed.subarray(0, FIXED_BYTES), meta).equals(fixed.subarray(FIXED_BYTES))) {
    throw cacheErrors.DAMAGED({});
  }
  const { size } = await file.stat();
  if (size !== fileBytesOf(metaBytes, bodyBytes)) throw cacheErrors.DAMAGED({});
  // Of its own making: its digest says so.
  return { meta: JSON.parse(meta.toString()) as EntryMeta, metaBytes, bodyBytes };
}

function digestOf(...parts: readonly Buffer[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}
