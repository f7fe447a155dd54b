/**
 * Kept responses on disk: a file each, whose name is drawn at random, and an index of them in memory.
 *
 *   DIRECTORY/entries/<first two of the name>/<name>     complete
 *   DIRECTORY/writing/<name>                             being written: emptied at start
 *
 * I1 No text of a tenant gets into a path.
 * I2 A file that is damaged is removed when that is seen, and counts as not there.
 * I3 A file leaves the disk when its entry leaves the index; whoever reads it then reads on.
 */
import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm, stat, unlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import { isNanoError } from "@nano/protocol/errors";
import type { CacheApiConfig } from "./cache-config.ts";
import { CacheIndex, diskBytesOf, type Entry, keysOf, type Room } from "./cache-index.ts";
import { type EntryMeta, EntryReader, EntryWriter, fileBytesOf } from "./entry-file.ts";
import { cacheErrors } from "./errors.ts";
import { varyDigest, varyNames } from "./vary.ts";

const ID_BYTES = 16;
const ID = /^[0-9a-f]{32}$/;
/** Files that are looked at together at start. */
const SCAN_COUNT = 16;
/** How old a file's time of use may get before it is renewed: what it is for is the order after a restart. */
const USE_GRAIN_MS = 60_000;
const MS_PER_SECOND = 1_000;

export interface CacheStoreOptions {
  readonly config: CacheApiConfig;
  /** @default Date.now */
  readonly now?: () => number;
}

interface Scanned {
  readonly entry: Entry;
  readonly usedAtMs: number;
}

export class CacheStore {
  readonly #directory: string;
  readonly #entryBytes: number;
  readonly #index: CacheIndex;
  readonly #now: () => number;
  /** When the times of files were renewed. */
  readonly #usedAtMs = new Map<string, number>();
  /** Files that are on their way out. */
  readonly #leaving = new Set<Promise<void>>();
  evictedCount = 0;
  damagedCount = 0;

  /** Reads what an earlier process left. @throws what the file system says */
  static async open(options: CacheStoreOptions): Promise<CacheStore> {
    const store = new CacheStore(options);
    await store.#load();
    return store;
  }

  private constructor({ config, now = Date.now }: CacheStoreOptions) {
    this.#directory = config.directory;
    this.#entryBytes = config.entryBytes;
    this.#now = now;
    this.#index = new CacheIndex(config, (entry) => {
      this.evictedCount += 1;
      this.#discard(entry);
    });
  }

  get bytes(): number {
    return this.#index.bytes;
  }

  get entryCount(): number {
    return this.#index.entryCount;
  }

  nowMs(): number {
    return this.#now();
  }

  /** Entries that answer a request, the first put first. What has expired leaves. */
  find(app: string, cache: string | null, query: EntryQuery): readonly Entry[] {
    const { urlKey, searchlessKey } = keysOf(query.url);
    const found = this.#index.find(app, cache, query.ignoreSearch ? searchlessKey : urlKey);
    return this.#fresh(found).filter(
      (entry) => query.ignoreVary || varyDigest(entry.varyNames, query.headers) === entry.varyDigest,
    );
  }

  /** Responses of a cache. */
  entriesOf(app: string, cache: string | null): readonly Entry[] {
    return this.#fresh(this.#index.entriesOf(app, cache).filter(({ urlKey }) => urlKey !== ""));
  }

  get(app: string, id: string): Entry | undefined {
    const entry = this.#index.get(app, id);
    return entry === undefined ? undefined : this.#fresh([entry])[0];
  }

  /** Names of an app's caches, in the order in which they were opened. */
  namesOf(app: string): readonly string[] {
    return this.#index.cachesOf(app).filter((name) => name !== null);
  }

  /** All of a cache goes. False: there was none. */
  drop(app: string, cache: string): boolean {
    const entries = this.#index.entriesOf(app, cache);
    for (const entry of entries) this.remove(entry);
    return entries.length > 0;
  }

  /** Its file goes as well. False: it was gone. */
  remove(entry: Entry): boolean {
    if (!this.#index.remove(entry)) return false;
    this.#discard(entry);
    return true;
  }

  /** Null: the file is not there, or is damaged, and the entry with it. @throws what else the file system says */
  async read(entry: Entry): Promise<EntryReader | null> {
    try {
      const reader = await EntryReader.open(this.#pathOf(entry.id));
      this.#touch(entry);
      return reader;
    } catch (thrown) {
      if (!isNanoError(thrown) && codeOf(thrown) !== "ENOENT") throw thrown;
      this.damaged(entry);
      return null;
    }
  }

  /** Somebody read what its digest does not fit. */
  damaged(entry: Entry): void {
    if (this.remove(entry)) this.damagedCount += 1;
  }

  /** Begins an entry. @param limitBytes of all that its app keeps, beside the node's. @throws CACHE_FULL */
  async write(meta: EntryMeta, limitBytes: number = Number.POSITIVE_INFINITY): Promise<EntryWriting> {
    const room: Room = { app: meta.app, limitBytes, bytes: 0 };
    const metaBytes = Buffer.byteLength(JSON.stringify(meta));
    this.#index.grow(room, diskBytesOf(fileBytesOf(metaBytes, 0)));
    const id = randomBytes(ID_BYTES).toString("hex");
    const path = join(this.#directory, "writing", id);
    const abandon = async (writer: EntryWriter | null): Promise<void> => {
      this.#index.giveBack(room);
      await writer?.close();
      await rm(path, { force: true });
    };
    let writer: EntryWriter;
    try {
      writer = await EntryWriter.open(path, meta);
    } catch (thrown) {
      await abandon(null);
      throw thrown;
    }
    return {
      write: async (chunk) => {
        if (writer.bodyBytes + chunk.length > this.#entryBytes) {
          throw cacheErrors.ENTRY_TOO_LARGE({ limitBytes: this.#entryBytes });
        }
        const after = diskBytesOf(fileBytesOf(metaBytes, writer.bodyBytes + chunk.length));
        if (after > room.bytes) this.#index.grow(room, after - room.bytes);
        await writer.write(chunk);
      },
      finish: async () => {
        await writer.finish();
        const entry = entryOf(id, meta, diskBytesOf(writer.fileBytes));
        await rename(path, this.#pathOf(id));
        this.#index.giveBack(room);
        // One of the same request is replaced.
        for (const old of this.#index.find(meta.app, meta.cache, entry.urlKey)) {
          if (isReplaced(old, entry, meta)) this.remove(old);
        }
        try {
          this.#index.add(entry, limitBytes);
        } catch (thrown) {
          this.#discard(entry);
          throw thrown;
        }
      },
      abandon: () => abandon(writer),
    };
  }

  /** Resolves when what left is gone from the disk. */
  async settle(): Promise<void> {
    while (this.#leaving.size > 0) await Promise.all(this.#leaving);
  }

  #fresh(entries: readonly Entry[]): readonly Entry[] {
    const nowMs = this.#now();
    return entries.filter((entry) => {
      if (entry.expiresAtMs === null || entry.expiresAtMs > nowMs) return true;
      this.remove(entry);
      return false;
    });
  }

  #touch(entry: Entry): void {
    this.#index.touch(entry);
    const nowMs = this.#now();
    if (!this.#index.has(entry) || nowMs - (this.#usedAtMs.get(entry.id) ?? entry.storedAtMs) < USE_GRAIN_MS) return;
    this.#usedAtMs.set(entry.id, nowMs);
    const seconds = nowMs / MS_PER_SECOND;
    // It may leave meanwhile.
    utimes(this.#pathOf(entry.id), seconds, seconds).catch(() => undefined);
  }

  #discard({ id }: Entry): void {
    this.#usedAtMs.delete(id);
    const leaving = rm(this.#pathOf(id), { force: true }).catch(() => undefined);
    this.#leaving.add(leaving);
    leaving.then(() => this.#leaving.delete(leaving));
  }

  #pathOf(id: string): string {
    return join(this.#directory, "entries", id.slice(0, 2), id);
  }

  async #load(): Promise<void> {
    const writing = join(this.#directory, "writing");
    await rm(writing, { recursive: true, force: true });
    await mkdir(writing, { recursive: true, mode: 0o700 });
    const found: Scanned[] = [];
    for (let shard = 0; shard < 256; shard += 1) {
      const folder = join(this.#directory, "entries", shard.toString(16).padStart(2, "0"));
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const names = await readdir(folder);
      for (let at = 0; at < names.length; at += SCAN_COUNT) {
        const scanned = await Promise.all(names.slice(at, at + SCAN_COUNT).map((name) => this.#scan(folder, name)));
        for (const each of scanned) if (each !== null) found.push(each);
      }
    }
    found.sort((one, other) => one.usedAtMs - other.usedAtMs);
    for (const { entry } of found) this.#adopt(entry);
  }

  /** Of two for one request, which a process that was killed may leave, the later one stays. */
  #adopt(entry: Entry): void {
    const sameUrl = entry.urlKey === "" ? [] : this.#index.find(entry.app, entry.cache, entry.urlKey);
    for (const old of sameUrl) {
      if (old.varyDigest !== entry.varyDigest) continue;
      if (old.storedAtMs > entry.storedAtMs) {
        this.#discard(entry);
        return;
      }
      this.remove(old);
    }
    try {
      this.#index.add(entry);
    } catch {
      // CACHE_FULL: it is larger than the bounds are now.
      this.#discard(entry);
    }
  }

  /** Null: it is none, or it is damaged or over, and was removed. */
  async #scan(folder: string, name: string): Promise<Scanned | null> {
    const path = join(folder, name);
    try {
      if (!ID.test(name)) throw cacheErrors.DAMAGED({});
      const reader = await EntryReader.open(path);
      await reader.close();
      const { meta, fileBytes } = reader;
      const entry = entryOf(name, meta, diskBytesOf(fileBytes));
      const { mtimeMs } = await stat(path);
      if (meta.expiresAtMs === null || meta.expiresAtMs > this.#now()) return { entry, usedAtMs: mtimeMs };
    } catch (thrown) {
      if (!isNanoError(thrown)) throw thrown;
      this.damagedCount += 1;
    }
    await unlink(path).catch(() => undefined);
    return null;
  }
}

/** Which entries answer a request. */
export interface EntryQuery {
  readonly url: string;
  readonly headers: string;
  readonly ignoreSearch: boolean;
  readonly ignoreVary: boolean;
}

/** An entry that is being written: it is there once it is finished, and leaves nothing where it is abandoned. */
export interface EntryWriting {
  /** @throws CACHE_ENTRY_TOO_LARGE, CACHE_FULL */
  write(chunk: Buffer): Promise<void>;
  finish(): Promise<void>;
  abandon(): Promise<void>;
}

function entryOf(id: string, meta: EntryMeta, bytes: number): Entry {
  const { app, cache, url, requestHeaders, response, storedAtMs, expiresAtMs } = meta;
  const names = varyNames(response.headers);
  const keys = url === "" ? { urlKey: "", searchlessKey: "" } : keysOf(url);
  const digest = varyDigest(names, requestHeaders);
  return { id, app, cache, ...keys, varyNames: names, varyDigest: digest, bytes, storedAtMs, expiresAtMs };
}

/** Whether a request that is put now would have been answered by the old entry. */
function isReplaced(old: Entry, entry: Entry, { requestHeaders }: EntryMeta): boolean {
  return old.id !== entry.id && varyDigest(old.varyNames, requestHeaders) === old.varyDigest;
}

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
}
