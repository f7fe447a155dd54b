/** The directory in which a run keeps its state: apps, slivers, variables of apps, perhaps keys. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Its name beside what is served, unless the user names another. */
export const DATA_DIRECTORY = ".nano";

/** Where the node's cache is in it. */
export function cacheDirectoryOf(directory: string): string {
  return join(directory, "cache");
}

/** Makes it where it is not there: for this user alone, and unseen by git, since it holds variables of apps as plain text. */
export function createDataDirectory(directory: string): void {
  const isNew = mkdirSync(directory, { recursive: true, mode: 0o700 }) !== undefined;
  if (isNew) writeFileSync(join(directory, ".gitignore"), "*\n", { flag: "wx" });
}
