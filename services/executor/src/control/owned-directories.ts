/** Directories that are this executor's alone: another one on them would delete what this one serves from. */
import { mkdirSync, realpathSync } from "node:fs";
import { type DirectoryLock, lockDirectory } from "@nano/service-kit/directory-lock";
import { errors } from "../errors.ts";

const LOCK_FILE = "executor.lock";

export class OwnedDirectories {
  readonly #locks: DirectoryLock[] = [];

  /** Makes those that are missing. @throws EXEC_DIRECTORY_TAKEN */
  constructor(directories: readonly string[]) {
    for (const directory of directories) mkdirSync(directory, { recursive: true, mode: 0o700 });
    try {
      // Two names of one directory are one.
      for (const directory of new Set(directories.map((path) => realpathSync(path)))) this.#lock(directory);
    } catch (err) {
      this.release();
      throw err;
    }
  }

  /** Idempotent. */
  release(): void {
    for (const lock of this.#locks.splice(0)) lock.release();
  }

  #lock(directory: string): void {
    const lock = lockDirectory(directory, LOCK_FILE);
    if (lock === null) throw errors.DIRECTORY_TAKEN({ directory });
    this.#locks.push(lock);
  }
}
