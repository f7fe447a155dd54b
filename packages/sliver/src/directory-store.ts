/** `SliverStore` in a directory: `<root>/<first two digits>/<digest>`. Anything else in there is left alone. */
import { mkdir, open, readdir, readFile, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type ArtifactDigest, isArtifactDigest } from "@nano/protocol/brands";
import { errors } from "./errors.ts";
import { TEMPORARY_SUFFIX, writeDurably } from "./replace-file.ts";
import { digestOf, MAX_ARTIFACT_BYTES, type SliverStore, type StoredArtifact } from "./sliver-store.ts";

const SHARD_DIGITS = 2;
/** A temporary file older than this belongs to a writer that died. */
export const ABANDONED_TEMPORARY_MS = 3_600_000;

export class DirectoryStore implements SliverStore {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async put(digest: ArtifactDigest, bytes: Uint8Array): Promise<void> {
    refuseTooLarge(digest, bytes.byteLength);
    refuseWrongDigest(digest, bytes);
    const path = this.#pathOf(digest);
    const directory = dirname(path);
    await mkdir(directory, { recursive: true });
    await writeDurably(path, bytes, { mode: 0o644 });
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

  async delete(digest: ArtifactDigest): Promise<void> {
    await unlink(this.#pathOf(digest)).catch(nullWhereMissing);
  }

  async *list(): AsyncIterable<StoredArtifact> {
    for (const shard of (await readNames(this.#root)).sort()) {
      for (const name of (await readNames(join(this.#root, shard))).sort()) {
        if (!isArtifactDigest(name) || !name.startsWith(shard)) continue;
        const info = await statOrNull(join(this.#root, shard, name));
        if (info?.isFile()) yield { digest: name, storedBytes: info.size };
      }
    }
  }

  /** Removes what writers that died left behind. Returns how many. */
  async sweepTemporaries(nowMs: number): Promise<number> {
    let removedCount = 0;
    for (const shard of await readNames(this.#root)) {
      for (const name of await readNames(join(this.#root, shard))) {
        if (!name.endsWith(TEMPORARY_SUFFIX)) continue;
        const path = join(this.#root, shard, name);
        const info = await statOrNull(path);
        if (info === null || nowMs - info.mtimeMs < ABANDONED_TEMPORARY_MS) continue;
        await unlink(path).catch(nullWhereMissing);
        removedCount += 1;
      }
    }
    return removedCount;
  }

  #pathOf(digest: ArtifactDigest): string {
    // A digest from a record is data: it must not become a path of its own making.
    if (!isArtifactDigest(digest)) {
      throw errors.MALFORMED({ part: "digest", found: JSON.stringify(digest), expected: "64 hex digits" });
    }
    return join(this.#root, (digest as string).slice(0, SHARD_DIGITS), digest);
  }
}

function refuseTooLarge(digest: string, foundBytes: number): void {
  if (foundBytes > MAX_ARTIFACT_BYTES) {
    throw errors.TOO_LARGE({ part: `artifact ${digest}`, foundBytes, limitBytes: MAX_ARTIFACT_BYTES });
  }
}

function refuseWrongDigest(digest: ArtifactDigest, bytes: Uint8Array): void {
  const found = digestOf(bytes);
  if (found !== digest) throw errors.DIGEST_MISMATCH({ part: "artifact", found, expected: digest });
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function readNames(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
}

async function statOrNull(path: string) {
  return stat(path).catch(nullWhereMissing);
}

function nullWhereMissing(error: unknown): null {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR") return null;
  throw error;
}
