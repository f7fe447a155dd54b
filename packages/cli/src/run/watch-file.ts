/** Watches one file, also where editors replace it by another. */
import { createHash } from "node:crypto";
import { watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";

/** Editors write a file in several steps: so long a look waits for quiet. */
const QUIET_MS = 50;

export interface FileWatch {
  close(): void;
}

/** Calls back after each change of the file's contents. A file that is gone is no change. */
export async function watchFile(path: string, onChange: () => void): Promise<FileWatch> {
  let digest = await digestOf(path);
  let timer: NodeJS.Timeout | null = null;
  let isClosed = false;
  const look = async (): Promise<void> => {
    timer = null;
    const next = await digestOf(path);
    if (isClosed || next === null || next === digest) return;
    digest = next;
    onChange();
  };
  // The directory, since a watch of the file would stay with the replaced one.
  const watcher = watch(dirname(path), (_event, name) => {
    if (name !== null && name !== basename(path)) return;
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(look, QUIET_MS);
  });
  watcher.on("error", () => {}); // The directory went away, and the file with it.
  return {
    close() {
      isClosed = true;
      if (timer !== null) clearTimeout(timer);
      watcher.close();
    },
  };
}

async function digestOf(path: string): Promise<string | null> {
  const bytes = await readFile(path).catch(() => null);
  return bytes === null ? null : createHash("sha256").update(bytes).digest("hex");
}
