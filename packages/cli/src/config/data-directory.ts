/** The directory in which a run keeps its state: apps, slivers, variables of apps, perhaps keys. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

const ADDRESS_FILE = "registry.address";

/** Leaves word where the registry of a run is; nothing else of a run's sockets has a place that is known. */
export function writeRegistryAddress(directory: string, address: string): { dispose(): void } {
  const path = join(directory, ADDRESS_FILE);
  writeFileSync(path, `${address}\n`, { mode: 0o600 });
  return { dispose: () => rmSync(path, { force: true }) };
}

/** The Unix socket of the registry that runs on the directory; null where none does. */
export function readRegistryAddress(directory: string): string | null {
  try {
    const address = readFileSync(join(directory, ADDRESS_FILE), "utf8").trim();
    return address.startsWith("/") ? address : null;
  } catch {
    return null; // no run, or none that said so
  }
}
