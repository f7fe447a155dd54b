/**
 * What lies in a node's cache, read from its directory without a supervisor and without a write.
 *
 * I1 Nothing of an entry is trusted or run: its head is read, to be shown. Damage and foreign files are told, never thrown.
 */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { isNanoError } from "@nano/protocol/errors";
import { type CacheKind, ENTRIES_DIRECTORY, parseEntryName } from "./cache-entry.ts";
import { type SliverManifest, sliverManifestSchema } from "./sliver-manifest.ts";
import { openUnpackedSliver } from "./unpacked-sliver.ts";

interface ListedFile {
  /** Of the stored artifact. */
  readonly digest: string;
  readonly entryBytes: number;
  /** When the supervisor last gave it to a worker, by the wall clock. */
  readonly lastUsedAt: Date;
}

export interface ListedSliver
  extends ListedFile,
    Pick<SliverManifest, "app" | "versionId" | "rung" | "fingerprint" | "snapshotBytes"> {
  readonly type: "sliver";
}

export interface ListedAssets extends ListedFile {
  readonly type: "assets";
}

/** One that is fetched again before it is used: damaged, or of another format. */
export interface ListedUnusable extends ListedFile {
  readonly type: "unusable";
  readonly kind: CacheKind;
  readonly reason: string;
}

export type ListedEntry = ListedSliver | ListedAssets | ListedUnusable;

/**
 * The entries of a cache, last used first. Empty where there is no cache; what leaves while it is read is left out.
 * @throws the system's error where the directory cannot be read
 */
export async function listCacheEntries(cacheDirectory: string): Promise<readonly ListedEntry[]> {
  const directory = join(cacheDirectory, ENTRIES_DIRECTORY);
  const listed: ListedEntry[] = [];
  for (const name of await readNames(directory)) {
    const named = parseEntryName(name);
    if (named === null) continue;
    const path = join(directory, name);
    const info = await stat(path).catch(() => null);
    if (info === null || !info.isFile()) continue;
    const file = { digest: named.digest, entryBytes: info.size, lastUsedAt: info.mtime };
    const entry = named.kind === "assets" ? { type: "assets" as const, ...file } : describeSliver(path, file);
    if (entry !== null) listed.push(entry);
  }
  return listed.sort((a, b) => b.lastUsedAt.getTime() - a.lastUsedAt.getTime() || (a.digest < b.digest ? -1 : 1));
}

function describeSliver(path: string, file: ListedFile): ListedSliver | ListedUnusable | null {
  try {
    const told = sliverManifestSchema.safeParse(openUnpackedSliver(path).manifest);
    if (!told.success) return { type: "unusable", kind: "sliver", ...file, reason: "Its manifest is not one" };
    const { app, versionId, rung, fingerprint, snapshotBytes } = told.data;
    return { type: "sliver", ...file, app, versionId, rung, fingerprint, snapshotBytes };
  } catch (thrown) {
    if (!isNanoError(thrown)) throw thrown;
    if ((thrown.cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT") return null;
    return { type: "unusable", kind: "sliver", ...file, reason: thrown.message };
  }
}

async function readNames(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
