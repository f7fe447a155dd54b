/**
 * What is kept, in memory: which entry answers a URL, how much each app has, and which entry leaves next.
 *
 * I1 What is kept and what is being written is within the bounds of its app and of the node at any time: room is made, or refused, before a
 *    byte is written.
 * I2 An app finds and pushes out its own entries alone, but for the node's bounds: there the least recently used of all leaves.
 * I3 An entry takes a bounded piece of memory, however long its URL and headers are.
 */
import { createHash } from "node:crypto";
import type { CacheApiConfig } from "./cache-config.ts";
import { cacheErrors } from "./errors.ts";

/** What a file takes beside its content: its last block, and its name. */
const FILE_GRAIN_BYTES = 4096;

export interface Entry {
  /** Also the name of its file. */
  readonly id: string;
  readonly app: string;
  readonly cache: string | null;
  /** Digests of its URL, and of that without its search; empty: the cache of that name was opened. */
  readonly urlKey: string;
  readonly searchlessKey: string;
  readonly varyNames: readonly string[];
  readonly varyDigest: string;
  readonly bytes: number;
  readonly storedAtMs: number;
  readonly expiresAtMs: number | null;
}

/** Bytes of an app that are being written. */
export interface Room {
  readonly app: string;
  /** Of all that the app has; the node's for each app holds beside it. */
  readonly limitBytes: number;
  bytes: number;
}

type Limits = Pick<CacheApiConfig, "bytes" | "bytesPerApp" | "entriesCount" | "entriesPerAppCount">;

interface AppEntries {
  /** Those that are being written too. */
  bytes: number;
  /** The least recently used first. */
  readonly byUse: Map<string, Entry>;
  readonly byUrl: Map<string, Set<Entry>>;
  /** In the order in which they were opened. */
  readonly byCache: Map<string | null, Set<Entry>>;
}

export class CacheIndex {
  readonly #limits: Limits;
  readonly #onEvicted: (entry: Entry) => void;
  readonly #apps = new Map<string, AppEntries>();
  /** Of all apps, the least recently used first. */
  readonly #byUse = new Map<string, Entry>();
  #bytes = 0;

  /** @param onEvicted an entry left to make room: its file goes */
  constructor(limits: Limits, onEvicted: (entry: Entry) => void) {
    this.#limits = limits;
    this.#onEvicted = onEvicted;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get entryCount(): number {
    return this.#byUse.size;
  }

  /** Entries of a cache for a URL, in the order in which they were put. */
  find(app: string, cache: string | null, key: string): readonly Entry[] {
    const found = this.#apps.get(app)?.byUrl.get(key);
    return found === undefined ? [] : [...found].filter((entry) => entry.cache === cache);
  }

  get(app: string, id: string): Entry | undefined {
    return this.#apps.get(app)?.byUse.get(id);
  }

  has(entry: Entry): boolean {
    return this.#byUse.has(entry.id);
  }

  /** All entries of a cache. */
  entriesOf(app: string, cache: string | null): readonly Entry[] {
    return [...(this.#apps.get(app)?.byCache.get(cache) ?? [])];
  }

  cachesOf(app: string): readonly (string | null)[] {
    return [...(this.#apps.get(app)?.byCache.keys() ?? [])];
  }

  /** It was used: it leaves last. */
  touch(entry: Entry): void {
    const app = this.#apps.get(entry.app);
    if (app === undefined || !this.#byUse.delete(entry.id)) return;
    this.#byUse.set(entry.id, entry);
    app.byUse.delete(entry.id);
    app.byUse.set(entry.id, entry);
  }

  /** Makes room for so many further bytes. @throws CACHE_FULL where only what is being written could leave */
  grow(room: Room, bytes: number): void {
    this.#makeRoom(this.#appOf(room.app), bytes, room.limitBytes);
    room.bytes += bytes;
    // What left may have been all that the app had.
    this.#appOf(room.app).bytes += bytes;
    this.#bytes += bytes;
  }

  /** Nothing is being written there any more. */
  giveBack(room: Room): void {
    const app = this.#apps.get(room.app);
    if (app === undefined) return;
    app.bytes -= room.bytes;
    this.#bytes -= room.bytes;
    room.bytes = 0;
    this.#forgetEmpty(room.app, app);
  }

  /** @param limitBytes as of a room. @throws CACHE_FULL */
  add(entry: Entry, limitBytes: number = Number.POSITIVE_INFINITY): void {
    const app = this.#appOf(entry.app);
    this.#makeRoom(app, entry.bytes, limitBytes);
    if (app.byUse.size >= this.#limits.entriesPerAppCount) this.#evictFirst(app.byUse);
    if (this.#byUse.size >= this.#limits.entriesCount) this.#evictFirst(this.#byUse);
    // What left may have been the last of the app.
    const kept = this.#appOf(entry.app);
    kept.bytes += entry.bytes;
    this.#bytes += entry.bytes;
    kept.byUse.set(entry.id, entry);
    this.#byUse.set(entry.id, entry);
    addTo(kept.byCache, entry.cache, entry);
    if (entry.urlKey === "") return;
    addTo(kept.byUrl, entry.urlKey, entry);
    addTo(kept.byUrl, entry.searchlessKey, entry);
  }

  /** False: it was gone. */
  remove(entry: Entry): boolean {
    const app = this.#apps.get(entry.app);
    if (app === undefined || !this.#byUse.delete(entry.id)) return false;
    app.byUse.delete(entry.id);
    app.bytes -= entry.bytes;
    this.#bytes -= entry.bytes;
    removeFrom(app.byCache, entry.cache, entry);
    removeFrom(app.byUrl, entry.urlKey, entry);
    removeFrom(app.byUrl, entry.searchlessKey, entry);
    this.#forgetEmpty(entry.app, app);
    return true;
  }

  #makeRoom(app: AppEntries, bytes: number, ownLimitBytes: number): void {
    const { bytes: limitBytes, bytesPerApp } = this.#limits;
    const appBytes = Math.min(ownLimitBytes, bytesPerApp);
    while (app.bytes + bytes > appBytes) {
      if (!this.#evictFirst(app.byUse)) throw cacheErrors.FULL({ scope: "app", limitBytes: appBytes });
    }
    while (this.#bytes + bytes > limitBytes) {
      if (!this.#evictFirst(this.#byUse)) throw cacheErrors.FULL({ scope: "node", limitBytes });
    }
  }

  #evictFirst(byUse: Map<string, Entry>): boolean {
    const [entry] = byUse.values();
    if (entry === undefined) return false;
    this.remove(entry);
    this.#onEvicted(entry);
    return true;
  }

  #appOf(name: string): AppEntries {
    const known = this.#apps.get(name);
    if (known !== undefined) return known;
    const app: AppEntries = { bytes: 0, byUse: new Map(), byUrl: new Map(), byCache: new Map() };
    this.#apps.set(name, app);
    return app;
  }

  #forgetEmpty(name: string, app: AppEntries): void {
    if (app.byUse.size === 0 && app.bytes === 0 && this.#apps.get(name) === app) this.#apps.delete(name);
  }
}

/** What a file of that length takes of a disk. */
export function diskBytesOf(fileBytes: number): number {
  return (Math.ceil(fileBytes / FILE_GRAIN_BYTES) + 1) * FILE_GRAIN_BYTES;
}

/** Keys of a URL: `urlKey`, and `searchlessKey` for questions that ignore the search. */
export function keysOf(url: string): { readonly urlKey: string; readonly searchlessKey: string } {
  const at = url.indexOf("?");
  return { urlKey: digestOf(`u${url}`), searchlessKey: digestOf(`s${at < 0 ? url : url.slice(0, at)}`) };
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

function addTo<Key>(sets: Map<Key, Set<Entry>>, key: Key, entry: Entry): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([entry]));
  else set.add(entry);
}

function removeFrom<Key>(sets: Map<Key, Set<Entry>>, key: Key, entry: Entry): void {
  const set = sets.get(key);
  if (set?.delete(entry) && set.size === 0) sets.delete(key);
}
