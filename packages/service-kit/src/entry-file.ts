/**
 * Which file to run for an entry of a process or thread: the one file that `build` made of it and of all that it imports, which is loaded in half
 * the time; its source where that was not built, or where a source is not what it was then.
 */
import { readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** What `build` left beside what it made, by the name of the made file. */
export type BuiltEntries = Readonly<Record<string, BuiltEntry>>;

export interface BuiltEntry {
  readonly builtAtMs: number;
  /** Bytes of each file that went into it, by its path from the package's folder. */
  readonly inputs: Readonly<Record<string, number>>;
}

export const BUILT_FOLDER = "dist";
/** In that folder. */
export const BUILT_ENTRIES_FILE = "entries.json";

const found = new Map<string, URL>();

/** The name of what is made of a source. */
export function builtName(source: string): string {
  return basename(source).replace(/\.ts$/, ".js");
}

/** Looks once for each entry of a process. @param source URL of the entry below its package's `src` */
export function entryFile(source: URL): URL {
  const known = found.get(source.href);
  if (known !== undefined) return known;
  const chosen = findBuilt(fileURLToPath(source)) ?? source;
  found.set(source.href, chosen);
  return chosen;
}

function findBuilt(source: string): URL | null {
  const packageFolder = source.slice(0, source.lastIndexOf("/src/"));
  const name = builtName(source);
  const entry = readEntries(join(packageFolder, BUILT_FOLDER, BUILT_ENTRIES_FILE))[name];
  if (entry === undefined) return null;
  for (const [path, bytes] of Object.entries(entry.inputs)) {
    const stats = statSync(join(packageFolder, path), { throwIfNoEntry: false });
    if (stats === undefined || stats.size !== bytes || stats.mtimeMs > entry.builtAtMs) return null;
  }
  return pathToFileURL(join(packageFolder, BUILT_FOLDER, name));
}

function readEntries(path: string): BuiltEntries {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as BuiltEntries;
  } catch {
    return {}; // not built
  }
}
