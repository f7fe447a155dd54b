/** Whether a place on disk can be what a setting wants it for, looked at before anything is opened there. Each answers what is wrong, or null. */
import { accessSync, constants, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** Made where it is missing, by this user. */
export function whyNotWritable(directory: string): string | null {
  return whyUnusable(nearestThere(resolve(directory)), constants.W_OK | constants.X_OK);
}

/** It may be missing as yet: who fills it comes later. */
export function whyNotReadable(directory: string): string | null {
  const path = resolve(directory);
  return nearestThere(path) === path ? whyUnusable(path, constants.R_OK | constants.X_OK) : null;
}

/** For nobody else. @param isMade where there is none, one is made */
export function whyNotPrivate(file: string, { isMade = false } = {}): string | null {
  const path = resolve(file);
  if (nearestThere(path) !== path) return isMade ? whyNotWritable(dirname(path)) : "there is no such file";
  const info = statSync(path);
  const mode = info.mode & 0o777;
  if (!info.isFile()) return "it is no regular file";
  if ((mode & 0o077) !== 0) return `its mode is ${mode.toString(8)}, others may use it`;
  return tryAccess(path, constants.R_OK);
}

/** The path, or the folder above it that is there. */
function nearestThere(path: string): string {
  let at = path;
  while (dirname(at) !== at) {
    try {
      if (statSync(at, { throwIfNoEntry: false }) !== undefined) return at;
    } catch {
      // Below a file, or where we may not look: what is above says it.
    }
    at = dirname(at);
  }
  return at;
}

function whyUnusable(path: string, mode: number): string | null {
  return statSync(path).isDirectory() ? tryAccess(path, mode) : `${path} is no directory`;
}

function tryAccess(path: string, mode: number): string | null {
  try {
    accessSync(path, mode);
    return null;
  } catch (error) {
    return `${path}: ${(error as NodeJS.ErrnoException).code}`;
  }
}
