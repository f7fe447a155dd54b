/**
 * Remembers that a step was done for given inputs, so that the next run skips it.
 *
 * I1 A stamp is written only after its step succeeded, and lies inside what the step made: deleting that brings the step back.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/**
 * Digest of names and contents of files, and of all files in directories.
 * @param {string} root
 * @param {readonly string[]} paths absolute; one that is missing counts as missing
 * @param {readonly string[]} words anything else that the step depends on
 */
export function hashInputs(root, paths, words) {
  const hash = createHash("sha256");
  for (const word of words) hash.update(`word ${word}\n`);
  for (const path of paths) addPath(hash, root, path);
  return hash.digest("hex");
}

/** @type {(hash: import("node:crypto").Hash, root: string, path: string) => void} */
function addPath(hash, root, path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  hash.update(`${relative(root, path)}\n`);
  if (stats === undefined) return;
  if (!stats.isDirectory()) {
    hash.update(readFileSync(path)).update("\n");
    return;
  }
  for (const name of readdirSync(path).sort()) {
    if (name !== "node_modules" && name !== "dist" && name !== ".turbo") addPath(hash, root, join(path, name));
  }
}

/** @type {(stampFile: string, digest: string) => boolean} */
export function isStamped(stampFile, digest) {
  try {
    return readFileSync(stampFile, "utf8") === digest;
  } catch {
    return false; // none yet
  }
}

/** @type {(stampFile: string) => void} */
export function clearStamp(stampFile) {
  rmSync(stampFile, { force: true });
}

/** @type {(stampFile: string, digest: string) => void} */
export function writeStamp(stampFile, digest) {
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, digest);
}
