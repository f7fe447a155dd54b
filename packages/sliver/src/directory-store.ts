/**
 * `SliverStore` in a directory: `<root>/<first two digits>/<digest>`, with the file's time of change as its age. Anything else
 * in there is left alone. Who shares the directory is one user: only the owner of a file may set its time.
 */
import type { Stats } from "node:fs";
import { mkdir, open, opendir, readFile, rename, stat, unlink, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type ArtifactDigest, isArtifactDigest } from "@nano/protocol/brands";
import { refuseMalformed, refuseTooLarge, refuseWrongDigest } from "./artifact-check.ts";
import { TEMPORARY_SUFFIX, temporaryPathFor, writeDurably } from "./replace-file.ts";
import type { SliverStore, StoredArtifact } from "./sliver-store.ts";

const SHARD_DIGITS = 2;
const COMPARED_CHUNK_BYTES = 256 * 1024;
/** A temporary file older than this belongs to a writer that died. */
export const ABANDONED_TEMPORARY_MS = 3_600_000;

export interface DirectoryStoreOptions {
  /** Wall clock. @default Date.now */
  readonly nowMs?: () => number;
}

export class DirectoryStore implements SliverStore {
  readonly #root: string;
  readonly #nowMs: () => number;

  constructor(root: string, options: DirectoryStoreOptions = {}) {
    this.#root = root;
    this.#nowMs = options.nowMs ?? Date.now;
  }

  async put(digest: ArtifactDigest, bytes: Uint8Array): Promise<void> {
    refuseTooLarge(digest, bytes.byteLength);
    refuseWrongDigest(digest, bytes);
    const path = this.#pathOf(digest);
    const directory = dirname(path);
    // Damage of any kind is mended: what is there counts by its bytes, not by its name.
    if (!(await holdsBytes(path, bytes)) || !(await this.touch(digest))) {
      await mkdir(directory, { recursive: true });
      await writeDurably(path, bytes, { mode: 0o644, modifiedMs: this.#nowMs });
    }
    await syncDirectory(directory);
  }

  async get(digest: ArtifactDigest): Promise<Buffer | null> {
    const path = this.#pathOf(digest);
    const info = await statOrNull(path);
    if (info === null || !info.isFile()) return null;
    refuseTooLarge(digest, info.size);
    const bytes = await readFile(path).catch(nullWhereMissing);
    if (bytes !== null) refuseWrongDigest(digest, bytes);
    return bytes;
  }

  async has(digest: ArtifactDigest): Promise<boolean> {
    return (await statOrNull(this.#pathOf(digest)))?.isFile() ?? false;
  }

  async touch(digest: ArtifactDigest): Promise<boolean> {
    const seconds = this.#nowMs() / 1000;
    return (await utimes(this.#pathOf(digest), seconds, seconds).catch(nullWhereMissing)) !== null;
  }

  async delete(digest: ArtifactDigest): Promise<void> {
    await unlink(this.#pathOf(digest)).catch(nullWhereMissing);
  }

  async deleteOlder(digest: ArtifactDigest, beforeMs: number): Promise<boolean> {
    const path = this.#pathOf(digest);
    const info = await statOrNull(path);
    if (info === null || !info.isFile() || modifiedMsOf(info) >= beforeMs) return false;
    // A put or touch may come between the look and the removal: what was taken away is looked at once more, out of their reach.
    const takenPath = temporaryPathFor(path);
    if ((await rename(path, takenPath).catch(nullWhereMissing)) === null) return false;
    const taken = await statOrNull(takenPath);
    if (taken !== null && modifiedMsOf(taken) >= beforeMs) {
      await rename(takenPath, path);
      return false;
    }
    await unlink(takenPath).catch(nullWhereMissing);
    return true;
  }

  async *list(): AsyncIterable<StoredArtifact> {
    for await (const { shard, name } of this.#names()) {
      if (!isArtifactDigest(name) || !name.startsWith(shard)) continue;
      const info = await statOrNull(join(this.#root, shard, name));
      if (info?.isFile()) yield { digest: name, storedBytes: info.size, modifiedMs: modifiedMsOf(info) };
    }
  }

  async sweepTemporaries(nowMs: number): Promise<number> {
    let removedCount = 0;
    for await (const { shard, name } of this.#names()) {
      if (!name.endsWith(TEMPORARY_SUFFIX)) continue;
      const path = join(this.#root, shard, name);
      const info = await statOrNull(path);
      if (info === null || nowMs - info.mtimeMs < ABANDONED_TEMPORARY_MS) continue;
      await unlink(path).catch(nullWhereMissing);
      removedCount += 1;
    }
    return removedCount;
  }

  async *#names(): AsyncIterable<{ readonly shard: string; readonly name: string }> {
    for await (const shard of readNames(this.#root)) {
      for await (const name of readNames(join(this.#root, shard))) yield { shard, name };
    }
  }

  #pathOf(digest: ArtifactDigest): string {
    refuseMalformed(digest);
    return join(this.#root, digest.slice(0, SHARD_DIGITS), digest);
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** A few names at a time, however many there are; none where it is no directory. */
async function* readNames(directory: string): AsyncIterable<string> {
  const entries = await opendir(directory).catch(nullWhereMissing);
  if (entries === null) return;
  for await (const { name } of entries) yield name;
}

/** In chunks: the bytes may be large, and are in memory once already. */
async function holdsBytes(path: string, bytes: Uint8Array): Promise<boolean> {
  const file = await open(path, "r").catch(nullWhereMissing);
  if (file === null) return false;
  try {
    const info = await file.stat();
    if (!info.isFile() || info.size !== bytes.byteLength) return false;
    const chunk = Buffer.allocUnsafe(Math.min(COMPARED_CHUNK_BYTES, bytes.byteLength));
    for (let offset = 0; offset < bytes.byteLength; ) {
      const { bytesRead } = await file.read(chunk, 0, chunk.byteLength, offset);
      if (bytesRead === 0) return false;
      if (!chunk.subarray(0, bytesRead).equals(bytes.subarray(offset, offset + bytesRead))) return false;
      offset += bytesRead;
    }
    return true;
  } finally {
    await file.close();
  }
}

/** Times are set in whole milliseconds, and kept in seconds with a fraction. */
function modifiedMsOf(info: Stats): number {
  return Math.round(info.mtimeMs);
}

async function statOrNull(path: string) {
  return stat(path).catch(nullWhereMissing);
}

function nullWhereMissing(error: unknown): null {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR") return null;
  throw error;
}
