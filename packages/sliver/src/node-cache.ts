/**
 * The cache of a node: unpacked slivers and asset packs, written by the supervisor alone and linked into the directories
 * of workers, who read them.
 *
 * I1 Nothing gets a name in the cache before its signature (slivers) and digests were found right; names appear by rename.
 * I2 However many ask for a digest at once, it is fetched and unpacked once.
 * I3 The entries take at most `limitBytes`, the least recently used leave first; links in workers' directories keep the
 *    bytes of an entry that left until the worker gives them up. A use is an admission; a file's time of change says when the
 *    last one was, so that a restart knows.
 * I4 An entry found at start is used only after its seal (slivers) or digest (asset packs) was checked and its signing key
 *    is still trusted; anything else with its name is fetched anew. Files of other names are left alone and not counted.
 */
import { randomBytes } from "node:crypto";
import type { Stats } from "node:fs";
import { copyFile, link, mkdir, readdir, readFile, rename, stat, unlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import { type ArtifactDigest, isArtifactDigest } from "@nano/protocol/brands";
import { type CacheKind, ENTRIES_DIRECTORY, entryName, parseEntryName } from "./cache-entry.ts";
import { type ListedEntry, listCacheEntries } from "./cache-listing.ts";
import { errors } from "./errors.ts";
import { TEMPORARY_SUFFIX, writeDurably } from "./replace-file.ts";
import type { TrustedKeys } from "./signing-key.ts";
import { parseSliver } from "./sliver-file.ts";
import type { SliverManifest } from "./sliver-manifest.ts";
import { digestOf, type SliverStore } from "./sliver-store.ts";
import { buildUnpackedSliver, checkUnpackedSliver } from "./write-unpacked-sliver.ts";

/** Default of `limitBytes`. */
export const DEFAULT_CACHE_BYTES = 2 * 1024 ** 3;
const SEAL_KEY_FILE = "seal.key";
const SEAL_KEY_BYTES = 32;

export type { CacheKind } from "./cache-entry.ts";

export interface NodeCacheOptions {
  /** Belongs to one supervisor; made where it is missing. */
  readonly directory: string;
  readonly store: Pick<SliverStore, "get">;
  /** Asked at each admission, so that a key that is no longer trusted counts at once. */
  readonly trustedKeys: () => TrustedKeys;
  /** @default DEFAULT_CACHE_BYTES */
  readonly limitBytes?: number;
  /** Wall clock. @default Date.now */
  readonly nowMs?: () => number;
}

export interface CachedArtifact {
  readonly digest: ArtifactDigest;
  /** In the cache; workers get `linkFor` instead. */
  readonly path: string;
  readonly entryBytes: number;
}

export interface CachedSliver extends CachedArtifact {
  readonly manifest: SliverManifest;
  readonly keyId: string;
}

interface Entry {
  readonly path: string;
  readonly entryBytes: number;
  /** Null: found at start, not checked yet. */
  admitted: CachedArtifact | CachedSliver | null;
}

export class NodeCache {
  readonly #store: Pick<SliverStore, "get">;
  readonly #trustedKeys: () => TrustedKeys;
  readonly #directory: string;
  readonly #entriesDirectory: string;
  readonly #sealKey: Buffer;
  readonly #limitBytes: number;
  readonly #nowMs: () => number;
  /** By file name, least recently used first. */
  readonly #entries = new Map<string, Entry>();
  readonly #pending = new Map<string, Promise<CachedArtifact>>();
  #usedBytes = 0;

  private constructor(options: NodeCacheOptions, sealKey: Buffer) {
    this.#store = options.store;
    this.#trustedKeys = options.trustedKeys;
    this.#entriesDirectory = join(options.directory, ENTRIES_DIRECTORY);
    this.#limitBytes = options.limitBytes ?? DEFAULT_CACHE_BYTES;
    this.#nowMs = options.nowMs ?? Date.now;
    this.#directory = options.directory;
    this.#sealKey = sealKey;
  }

  /** Opens the cache and takes stock of what an earlier run left. */
  static async open(options: NodeCacheOptions): Promise<NodeCache> {
    await mkdir(join(options.directory, ENTRIES_DIRECTORY), { recursive: true, mode: 0o700 });
    const cache = new NodeCache(options, await loadSealKey(join(options.directory, SEAL_KEY_FILE)));
    await cache.#takeStock();
    return cache;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** What is here, last used first. */
  list(): Promise<readonly ListedEntry[]> {
    return listCacheEntries(this.#directory);
  }

  /**
   * Makes a sliver ready for workers, from the store where it is not here yet.
   * @throws SLIVER_NOT_FOUND, SLIVER_TOO_LARGE (larger than the cache), and all that `parseSliver` and `readSection` throw
   */
  async admit(digest: ArtifactDigest): Promise<CachedSliver> {
    return (await this.#admit("sliver", digest)) as CachedSliver;
  }

  /** The same for an asset pack. @throws SLIVER_NOT_FOUND, SLIVER_TOO_LARGE, SLIVER_DIGEST_MISMATCH */
  async admitAssets(digest: ArtifactDigest): Promise<CachedArtifact> {
    return this.#admit("assets", digest);
  }

  /**
   * Admits an artifact and links it into a worker's own directory, which is all that the worker may read.
   * Where that is another file system, it is copied. Answers the path there. Idempotent. @throws as `admit`
   */
  async linkFor(workerDirectory: string, digest: ArtifactDigest, kind: CacheKind = "sliver"): Promise<string> {
    const target = join(workerDirectory, entryName(kind, digest));
    for (let attempt = 0; ; attempt++) {
      const { path } = await this.#admit(kind, digest);
      try {
        await linkOrCopy(path, target);
        return target;
      } catch (error) {
        // The entry may leave between its admission and the link: then once more.
        if ((error as NodeJS.ErrnoException).code !== "ENOENT" || attempt > 0) throw error;
        // It is the worker's directory that is gone.
        if ((await statOrNull(path)) !== null && (await statOrNull(workerDirectory)) === null) throw error;
        this.#forget(entryName(kind, digest));
      }
    }
  }

  /**
   * The same for a worker that found what it has damaged: the entry is fetched from the store again, unless it was since the worker got its
   * link. @throws as `admit`; the worker has what it had then
   */
  async linkAgain(workerDirectory: string, digest: ArtifactDigest, kind: CacheKind = "sliver"): Promise<string> {
    const name = entryName(kind, digest);
    const target = join(workerDirectory, name);
    const [linked, entry] = await Promise.all([statOrNull(target), statOrNull(join(this.#entriesDirectory, name))]);
    const isCopy = linked?.dev !== entry?.dev;
    if (isCopy || linked?.ino === entry?.ino) await this.#remove(name);
    await this.#admit(kind, digest);
    // One of the same length would be taken for the same.
    if (isCopy) await removeFile(target);
    return await this.linkFor(workerDirectory, digest, kind);
  }

  /** Takes a link back. Idempotent. */
  async unlinkFrom(workerDirectory: string, digest: ArtifactDigest, kind: CacheKind = "sliver"): Promise<void> {
    await removeFile(join(workerDirectory, entryName(kind, digest)));
  }

  async #admit(kind: CacheKind, digest: ArtifactDigest): Promise<CachedArtifact> {
    if (!isArtifactDigest(digest)) {
      throw errors.MALFORMED({ part: "digest", found: JSON.stringify(digest), expected: "64 hex digits" });
    }
    const name = entryName(kind, digest);
    const entry = this.#entries.get(name);
    if (entry?.admitted && this.#isTrusted(entry.admitted)) {
      this.#entries.delete(name);
      this.#entries.set(name, entry);
      await this.#noteUse(entry.path);
      return entry.admitted;
    }
    const pending = this.#pending.get(name);
    if (pending !== undefined) return pending;
    const admission = this.#fetch(kind, digest).finally(() => this.#pending.delete(name));
    this.#pending.set(name, admission);
    return admission;
  }

  async #fetch(kind: CacheKind, digest: ArtifactDigest): Promise<CachedArtifact> {
    const name = entryName(kind, digest);
    const path = join(this.#entriesDirectory, name);
    const found = this.#entries.has(name) ? await this.#recheck(kind, digest, path) : null;
    if (found !== null) return this.#keep(name, found);
    await this.#remove(name);
    const bytes = await this.#store.get(digest);
    if (bytes === null) throw errors.NOT_FOUND({ digest });
    // The store may be remote: what it answers is judged here again.
    const foundDigest = digestOf(bytes);
    if (foundDigest !== digest) throw errors.DIGEST_MISMATCH({ part: kind, found: foundDigest, expected: digest });
    if (kind === "assets") {
      await this.#write(path, bytes);
      return this.#keep(name, { digest, path, entryBytes: bytes.byteLength });
    }
    const file = parseSliver(bytes, { trustedKeys: this.#trustedKeys() });
    const entry = buildUnpackedSliver(file, this.#sealKey);
    await this.#write(path, entry);
    const { manifest, keyId } = file;
    return this.#keep(name, { digest, path, entryBytes: entry.byteLength, manifest, keyId } as CachedSliver);
  }

  async #recheck(kind: CacheKind, digest: ArtifactDigest, path: string): Promise<CachedArtifact | null> {
    const bytes = await readFile(path).catch(() => null);
    if (bytes === null) return null;
    const base = { digest, path, entryBytes: bytes.byteLength };
    if (kind === "assets") return digestOf(bytes) === digest ? base : null;
    const checked = checkUnpackedSliver(bytes, this.#sealKey);
    if (checked === null || !this.#trustedKeys().has(checked.keyId)) return null;
    return { ...base, ...checked } as CachedSliver;
  }

  async #write(path: string, bytes: Buffer): Promise<void> {
    if (bytes.byteLength > this.#limitBytes) {
      throw errors.TOO_LARGE({ part: "cache entry", foundBytes: bytes.byteLength, limitBytes: this.#limitBytes });
    }
    await writeDurably(path, bytes, { mode: 0o400 });
  }

  async #keep(name: string, admitted: CachedArtifact): Promise<CachedArtifact> {
    this.#forget(name);
    this.#entries.set(name, { path: admitted.path, entryBytes: admitted.entryBytes, admitted });
    this.#usedBytes += admitted.entryBytes;
    await this.#noteUse(admitted.path);
    for (const oldest of [...this.#entries.keys()]) {
      if (this.#usedBytes <= this.#limitBytes) break;
      if (oldest !== name && !this.#pending.has(oldest)) await this.#remove(oldest);
    }
    return admitted;
  }

  async #noteUse(path: string): Promise<void> {
    const now = new Date(this.#nowMs());
    // One that has just left is found missing by whoever links it.
    await utimes(path, now, now).catch(() => undefined);
  }

  async #takeStock(): Promise<void> {
    const found: { name: string; path: string; entryBytes: number; mtimeMs: number }[] = [];
    for (const name of await readdir(this.#entriesDirectory)) {
      const path = join(this.#entriesDirectory, name);
      if (name.endsWith(TEMPORARY_SUFFIX)) {
        await removeFile(path);
        continue;
      }
      const info = parseEntryName(name) !== null ? await stat(path).catch(() => null) : null;
      if (info?.isFile()) found.push({ name, path, entryBytes: info.size, mtimeMs: info.mtimeMs });
    }
    found.sort((a, b) => a.mtimeMs - b.mtimeMs);
    for (const { name, path, entryBytes } of found) {
      this.#entries.set(name, { path, entryBytes, admitted: null });
      this.#usedBytes += entryBytes;
    }
    for (const { name } of found) {
      if (this.#usedBytes <= this.#limitBytes) break;
      await this.#remove(name);
    }
  }

  #isTrusted(admitted: CachedArtifact | CachedSliver): boolean {
    return !("keyId" in admitted) || this.#trustedKeys().has(admitted.keyId);
  }

  #forget(name: string): void {
    this.#usedBytes -= this.#entries.get(name)?.entryBytes ?? 0;
    this.#entries.delete(name);
  }

  async #remove(name: string): Promise<void> {
    this.#forget(name);
    await removeFile(join(this.#entriesDirectory, name));
  }
}

/** The key of the seals. A damaged one is replaced, which makes every entry be fetched anew. */
async function loadSealKey(path: string): Promise<Buffer> {
  const existing = await readFile(path).catch(() => null);
  if (existing?.byteLength === SEAL_KEY_BYTES) return existing;
  const key = randomBytes(SEAL_KEY_BYTES);
  await writeDurably(path, key, { mode: 0o600 });
  return key;
}

async function linkOrCopy(path: string, target: string): Promise<void> {
  try {
    await link(path, target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return replaceLink(path, target);
    if (code !== "EXDEV" && code !== "EPERM" && code !== "EMLINK") throw error;
    const temporaryPath = `${target}.${process.hrtime.bigint()}${TEMPORARY_SUFFIX}`;
    await copyFile(path, temporaryPath);
    await rename(temporaryPath, target);
  }
}

/** A link of that name may be to an entry that left and came back: the new one takes its place. */
async function replaceLink(path: string, target: string): Promise<void> {
  const [entry, linked] = await Promise.all([stat(path), stat(target)]);
  if (entry.ino === linked.ino && entry.dev === linked.dev) return;
  if (entry.dev !== linked.dev && entry.size === linked.size) return;
  const temporaryPath = `${target}.${process.hrtime.bigint()}${TEMPORARY_SUFFIX}`;
  await link(path, temporaryPath);
  await rename(temporaryPath, target);
}

async function statOrNull(path: string): Promise<Stats | null> {
  return await stat(path).catch(() => null);
}

async function removeFile(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  });
}
