/**
 * Says that a directory belongs to this process, before anything in it is touched.
 *
 * A lock of SQLite: the kernel ends it with the process, however that ends; child processes do not inherit it, and it holds between
 * containers that share the directory.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

const SQLITE_BUSY = 5;

export interface DirectoryLock {
  /** Idempotent. */
  release(): void;
}

/** Makes the directory where there is none. Null: another process has it. @param fileName of the lock, in the directory */
export function lockDirectory(directory: string, fileName: string): DirectoryLock | null {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(join(directory, fileName), { timeout: 0 });
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return null;
    throw error;
  }
  return {
    release() {
      if (database.isOpen) database.close();
    },
  };
}
