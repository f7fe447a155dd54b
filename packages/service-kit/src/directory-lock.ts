/**
 * Says that a directory belongs to this process, before anything in it is touched.
 *
 * A lock of SQLite: the kernel ends it with the process, however that ends; child processes do not inherit it, and it holds between
 * containers that share the directory. Its file stays behind, empty: to remove it would let two processes lock two files of one name.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { errors } from "./errors.ts";

const SQLITE_BUSY = 5;

export interface DirectoryLock {
  /** Idempotent. */
  release(): void;
}

/**
 * Makes the directory where there is none. Null: another process has it.
 * @param fileName of the lock, in the directory
 * @throws KIT_DIRECTORY_UNUSABLE
 */
export function lockDirectory(directory: string, fileName: string): DirectoryLock | null {
  let database: DatabaseSync | null = null;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    database = new DatabaseSync(join(directory, fileName), { timeout: 0 });
    // Nothing is ever written: without this, a journal would lie beside the file, and stay after a kill.
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    database?.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return null;
    throw errors.DIRECTORY_UNUSABLE({ directory, why: (error as Error).message }, error);
  }
  const opened = database;
  return {
    release() {
      if (opened.isOpen) opened.close();
    },
  };
}
