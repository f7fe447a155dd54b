/** A directory for the Unix sockets of one run: short enough for a socket's path, for this user alone, gone at exit. */
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The kernel's limit is 108 bytes with the ending zero; services put names of their own below the directory. */
const MAX_DIRECTORY_BYTES = 60;

export interface RunDirectory {
  readonly path: string;
  /** Idempotent. */
  dispose(): void;
}

export function createRunDirectory(env: Readonly<Record<string, string | undefined>>): RunDirectory {
  const parent = [env.XDG_RUNTIME_DIR, tmpdir(), "/tmp"].find(isUsable) ?? tmpdir();
  const path = mkdtempSync(join(parent, "nano-"));
  const dispose = (): void => {
    process.off("exit", dispose);
    rmSync(path, { recursive: true, force: true });
  };
  process.on("exit", dispose);
  return { path, dispose };
}

function isUsable(directory: string | undefined): directory is string {
  if (directory === undefined || directory === "" || Buffer.byteLength(directory) > MAX_DIRECTORY_BYTES) return false;
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false; // the next one
  }
}
