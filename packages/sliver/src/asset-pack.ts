/**
 * An app's static files as one artifact: written by `packAssets`, read by a worker without loading it whole.
 *
 *   0  magic "NANOASST" · 8 u16 format · 10 u16 0 · 12 u32 index length · 16 index JSON · bytes of the files
 *
 * I1 A lookup is a look into a map: no path of a request ever reaches the file system.
 * I2 No file outside the packed directory gets in, by a symbolic link neither.
 * I3 What `.assetsignore` of the directory lists stays out, in the notation of `.gitignore`: adapters of frameworks write it, and put the
 *    server's code beside the files.
 * I4 Names that begin with a dot stay out, `.well-known` excepted: they are for tools, and hold secrets at times.
 */
import { hash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import ignore, { type Ignore } from "ignore";
import {
  ASSET_HEAD_BYTES,
  type AssetEntry,
  decodeAssetHead,
  ETAG_DIGITS,
  encodeAssetHead,
  MAX_ASSET_FILES,
  MAX_ASSET_INDEX_BYTES,
  MAX_ASSET_PACK_BYTES,
  parseAssetIndex,
  type RefuseIndex,
} from "./asset-index.ts";
import { contentTypeOf } from "./content-type.ts";
import { errors } from "./errors.ts";

export type { AssetEntry } from "./asset-index.ts";

const INDEX_FILE = "index.html";
/** Left out of a page's address: frameworks write `about.html` for what they link to as `/about`. */
const PAGE_EXTENSION = ".html";
const WELL_KNOWN = ".well-known";
const IGNORE_FILE = ".assetsignore";
const MAX_IGNORE_BYTES = 64 * 1024;
const CASE_SENSITIVE = { ignorecase: false };
const ENCODED_SLASH = /%2f/i;

const MAX_ASSET_DEPTH = 32;

/** Packs a directory. @throws SLIVER_ASSETS_REFUSED, naming the file */
export async function packAssets(directory: string): Promise<Buffer> {
  const paths = await listFiles(await realpath(directory));
  const entries: AssetEntry[] = [];
  const bodies: Buffer[] = [];
  let offset = 0;
  for (const [path, filePath] of [...paths].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const length = (await stat(filePath)).size;
    refusePackAbove(path, offset + length);
    const body = await readFile(filePath);
    refusePackAbove(path, offset + body.byteLength);
    entries.push({
      path,
      offset,
      length: body.byteLength,
      contentType: contentTypeOf(path),
      etag: hash("sha256", body).slice(0, ETAG_DIGITS),
    });
    bodies.push(body);
    offset += body.byteLength;
  }
  const index = Buffer.from(JSON.stringify(entries));
  if (index.byteLength > MAX_ASSET_INDEX_BYTES) {
    const expected = `at most ${MAX_ASSET_INDEX_BYTES} bytes`;
    throw errors.ASSETS_REFUSED({ path: directory, found: `an index of ${index.byteLength} bytes`, expected });
  }
  const head = encodeAssetHead(index.byteLength);
  return Buffer.concat([head, index, ...bodies]);
}

export class AssetPack {
  readonly #path: string;
  readonly #file: number;
  readonly #bodiesOffset: number;
  readonly #entries: ReadonlyMap<string, AssetEntry>;
  #isClosed = false;

  private constructor(path: string, file: number, index: { bodiesOffset: number; entries: readonly AssetEntry[] }) {
    this.#path = path;
    this.#file = file;
    this.#bodiesOffset = index.bodiesOffset;
    this.#entries = new Map(index.entries.map((entry) => [entry.path, entry]));
  }

  /** Reads the index and keeps the file open until `close`. @throws SLIVER_ENTRY_DAMAGED, also where its index is not one */
  static open(path: string): AssetPack {
    const file = openSync(path, "r");
    try {
      return new AssetPack(path, file, readIndex(path, file));
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }

  get fileCount(): number {
    return this.#entries.size;
  }

  /**
   * The file that a URL's pathname (percent-encoded, as `URL` gives it) names: itself, a page without its `.html`, or the
   * `index.html` of a directory, with and without its last slash. Null: none.
   */
  lookup(pathname: string): AssetEntry | null {
    const path = decodePath(pathname);
    if (path === null) return null;
    const direct = this.#entries.get(path);
    if (direct !== undefined) return direct;
    if (path.endsWith("/")) return this.#entries.get(path + INDEX_FILE) ?? null;
    return this.#entries.get(path + PAGE_EXTENSION) ?? this.#entries.get(`${path}/${INDEX_FILE}`) ?? null;
  }

  /** Bytes of a file, or of a part of it. @throws SLIVER_ENTRY_DAMAGED */
  read(entry: AssetEntry, range: { readonly start: number; readonly length: number } | null = null): Buffer {
    const start = Math.min(range?.start ?? 0, entry.length);
    const length = Math.min(range?.length ?? entry.length, entry.length - start);
    // Its number may be another file's.
    if (this.#isClosed) throw damaged(this.#path, "file", "a closed one", "an open one");
    const bytes = Buffer.allocUnsafe(length);
    readFully(this.#path, this.#file, bytes, this.#bodiesOffset + entry.offset + start);
    return bytes;
  }

  /** Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.#file);
  }
}

function readIndex(path: string, file: number): { bodiesOffset: number; entries: readonly AssetEntry[] } {
  const damaged: RefuseIndex = (part, found, expected) => errors.ENTRY_DAMAGED({ path, part, found, expected });
  const head = Buffer.alloc(ASSET_HEAD_BYTES);
  readFully(path, file, head, 0);
  const index = Buffer.alloc(decodeAssetHead(head, damaged));
  readFully(path, file, index, ASSET_HEAD_BYTES);
  const bodiesOffset = ASSET_HEAD_BYTES + index.byteLength;
  const entries = parseAssetIndex(index, fstatSync(file).size - bodiesOffset, damaged);
  return { bodiesOffset, entries };
}

/** Judges a pack that someone sent, before it is stored. @throws SLIVER_MALFORMED */
export function checkAssetPack(bytes: Buffer): void {
  const refuse: RefuseIndex = (part, found, expected) =>
    errors.MALFORMED({ part: `asset pack ${part}`, found, expected });
  if (bytes.byteLength > MAX_ASSET_PACK_BYTES) {
    throw errors.TOO_LARGE({ part: "asset pack", foundBytes: bytes.byteLength, limitBytes: MAX_ASSET_PACK_BYTES });
  }
  const bodiesOffset = ASSET_HEAD_BYTES + decodeAssetHead(bytes.subarray(0, ASSET_HEAD_BYTES), refuse);
  parseAssetIndex(bytes.subarray(ASSET_HEAD_BYTES, bodiesOffset), bytes.byteLength - bodiesOffset, refuse);
}

/** Files by their path in the pack. Follows symbolic links within the directory. */
async function listFiles(root: string): Promise<Map<string, string>> {
  const ignored = await readIgnoreFile(root);
  const files = new Map<string, string>();
  const pending: { readonly path: string; readonly depth: number }[] = [{ path: "", depth: 0 }];
  let directoryCount = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    directoryCount += 1;
    // Both bounds end a walk through links that lead back up.
    if (next.depth > MAX_ASSET_DEPTH || directoryCount > MAX_ASSET_FILES) {
      throw errors.ASSETS_REFUSED({
        path: next.path,
        found: "a directory too many",
        expected: `at most ${MAX_ASSET_DEPTH} levels`,
      });
    }
    for (const name of await readdir(join(root, next.path))) {
      if (name.startsWith(".") && name !== WELL_KNOWN) continue;
      const path = `${next.path}/${name}`;
      if (ignored.ignores(path.slice(1))) continue;
      const filePath = await resolveWithin(root, path);
      const info = await stat(filePath);
      if (info.isDirectory()) pending.push({ path, depth: next.depth + 1 });
      else if (info.isFile()) files.set(path, filePath);
      else throw errors.ASSETS_REFUSED({ path, found: "no regular file", expected: "a file or directory" });
      if (files.size > MAX_ASSET_FILES) {
        throw errors.ASSETS_REFUSED({ path, found: "more files", expected: `at most ${MAX_ASSET_FILES}` });
      }
    }
  }
  return files;
}

/** @throws SLIVER_ASSETS_REFUSED */
async function readIgnoreFile(root: string): Promise<Ignore> {
  const file = join(root, IGNORE_FILE);
  const info = await stat(file).catch(() => null);
  if (info === null || !info.isFile()) return ignore(CASE_SENSITIVE);
  if (info.size > MAX_IGNORE_BYTES) {
    const expected = `at most ${MAX_IGNORE_BYTES}`;
    throw errors.ASSETS_REFUSED({ path: `/${IGNORE_FILE}`, found: `${info.size} bytes`, expected });
  }
  return ignore(CASE_SENSITIVE).add(await readFile(file, "utf8"));
}

async function resolveWithin(root: string, path: string): Promise<string> {
  const resolved = await realpath(join(root, path)).catch((error: unknown) => {
    throw errors.ASSETS_REFUSED({ path, found: "a link that leads nowhere", expected: "a file" }, error);
  });
  if (resolved !== root && !resolved.startsWith(root + sep)) {
    throw errors.ASSETS_REFUSED({ path, found: "a link that leads outside", expected: "a file within the directory" });
  }
  return resolved;
}

function decodePath(pathname: string): string | null {
  // Routes do not take it for a separator either: it would name a file below a path that may be another app's.
  if (ENCODED_SLASH.test(pathname)) return null;
  try {
    return decodeURIComponent(pathname);
  } catch {
    // Not UTF-8 behind its percent signs: no file has such a name.
    return null;
  }
}

function refusePackAbove(path: string, packBytes: number): void {
  if (packBytes > MAX_ASSET_PACK_BYTES) {
    const expected = `at most ${MAX_ASSET_PACK_BYTES}`;
    throw errors.ASSETS_REFUSED({ path, found: `${packBytes} bytes up to it`, expected });
  }
}

function readFully(path: string, file: number, target: Buffer, position: number): void {
  let readBytes = 0;
  while (readBytes < target.byteLength) {
    const count = readSync(file, target, readBytes, target.byteLength - readBytes, position + readBytes);
    if (count === 0) throw damaged(path, "length", `${readBytes} bytes`, `${target.byteLength} bytes`);
    readBytes += count;
  }
}

function damaged(path: string, part: string, found: string, expected: string): Error {
  return errors.ENTRY_DAMAGED({ path, part, found, expected });
}
