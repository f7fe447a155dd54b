/** Keeps two launchers from one data directory. */
import { type DirectoryLock, lockDirectory } from "@nano/service-kit/directory-lock";
import { createDataDirectory } from "../config/data-directory.ts";
import { errors } from "../errors.ts";

/** In the data directory, beside what the registry and the executor keep there under names of their own. */
export const LOCK_FILE = "run.lock";

/** Makes the directory where there is none. @throws CTL_DATA_DIR_IN_USE, KIT_DIRECTORY_UNUSABLE */
export function lockDataDirectory(directory: string): DirectoryLock {
  createDataDirectory(directory);
  const lock = lockDirectory(directory, LOCK_FILE);
  if (lock === null) throw errors.DATA_DIR_IN_USE({ directory });
  return lock;
}
