/**
 * Says that directories belong to this process, before anything in them is touched: another executor on them would delete what this one
 * serves from.
 *
 * A lock of SQLite: the kernel ends it with the process, however that ends, and child processes do not inherit it.
 */
import { mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { errors } from "../errors.ts";

const LOCK_FILE = "executor.lock";
const SQLITE_BUSY = 5;

export class OwnedDirectories {
  readonly #locks: DatabaseSync[] = [];

  /** Makes those that are missing. @throws EXEC_DIRECTORY_TAKEN */
  constructor(directories: readonly string[]) {
    for (const directory of directories) mkdirSync(directory, { recursive: true, mode: 0o700 });
    try {
      for (const directory of new Set(directories.map((path) => realpathSync(path)))) this.#lock(directory);
    } catch (err) {
      this.release();
      throw err;
    }
  }

  /** Idempotent. */
  release(): void {
    for (const lock of this.#locks.splice(0)) lock.close();
  }

  #lock(directory: string): void {
    const lock = new DatabaseSync(join(directory, LOCK_FILE), { timeout: 0 });
    this.#locks.push(lock);
    try {
      lock.exec("BEGIN EXCLUSIVE");
    } catch (err) {
      if ((err as { errcode?: number }).errcode === SQLITE_BUSY) throw errors.DIRECTORY_TAKEN({ directory }, err);
      throw err;
    }
  }
}
