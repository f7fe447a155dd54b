/**
 * A directory for the Unix sockets of one run: short enough for a socket's path, for this user alone, gone at exit. One that a killed run left
 * is gone at the next start.
 */
import {
  accessSync,
  constants,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isProcessGone, ownIdentity } from "@nano/control-store/process-identity";

/** The kernel's limit is 108 bytes with the ending zero; services put names of their own below the directory. */
const MAX_DIRECTORY_BYTES = 60;

const PREFIX = "nano-";
/** As `mkdtemp` makes them. */
const NAME = /^nano-[A-Za-z0-9]{6}$/;
/** Says whose it is: it goes when that process has ended. */
const OWNER_FILE = "owner";
/** Of what killed runs left, at one start; the next one goes on. */
const MAX_SWEPT = 64;

export interface RunDirectory {
  readonly path: string;
  /** Idempotent. */
  dispose(): void;
}

export function createRunDirectory(env: Readonly<Record<string, string | undefined>>): RunDirectory {
  const parent = [env.XDG_RUNTIME_DIR, tmpdir(), "/tmp"].find(isUsable) ?? tmpdir();
  sweepAbandoned(parent);
  const path = mkdtempSync(join(parent, PREFIX));
  writeFileSync(join(path, OWNER_FILE), ownIdentity() ?? "");
  const dispose = (): void => {
    process.off("exit", dispose);
    rmSync(path, { recursive: true, force: true });
  };
  process.on("exit", dispose);
  return { path, dispose };
}

/** Removes what runs left that were killed. What is not ours or not known to be abandoned stays. */
function sweepAbandoned(parent: string): void {
  const abandoned = readdirSync(parent).filter((name) => NAME.test(name) && isAbandoned(join(parent, name)));
  for (const name of abandoned.slice(0, MAX_SWEPT)) rmSync(join(parent, name), { recursive: true, force: true });
}

function isAbandoned(path: string): boolean {
  try {
    const info = lstatSync(path);
    if (!info.isDirectory() || info.uid !== process.getuid?.()) return false;
    return isProcessGone(readFileSync(join(path, OWNER_FILE), "latin1"));
  } catch {
    return false; // it is gone, or says nothing of its owner
  }
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
