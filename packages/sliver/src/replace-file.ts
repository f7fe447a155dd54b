/** Writes a file so that a reader, or a start after a crash, sees all of it or none. */
import { link, open, rename, unlink } from "node:fs/promises";

export const TEMPORARY_SUFFIX = ".tmp";

export interface DurableWriteOptions {
  readonly mode: number;
  /** False: keep the file that is there already, and say so by answering false. @default true */
  readonly replace?: boolean;
  /** What the file's time of change is to be, asked once all is written. @default the system's own time */
  readonly modifiedMs?: () => number;
}

/** A name beside `path` that nobody else uses. */
export function temporaryPathFor(path: string): string {
  return `${path}.${process.pid}.${process.hrtime.bigint()}${TEMPORARY_SUFFIX}`;
}

/** Temporary file beside it, fsync, rename. Answers whether `bytes` are what `path` now holds. */
export async function writeDurably(
  path: string,
  bytes: Uint8Array | string,
  options: DurableWriteOptions,
): Promise<boolean> {
  const temporaryPath = temporaryPathFor(path);
  try {
    const file = await open(temporaryPath, "wx", options.mode);
    try {
      await file.writeFile(bytes);
      const modifiedMs = options.modifiedMs?.();
      if (modifiedMs !== undefined) await file.utimes(modifiedMs / 1000, modifiedMs / 1000);
      await file.sync();
    } finally {
      await file.close();
    }
    if (options.replace ?? true) {
      await rename(temporaryPath, path);
      return true;
    }
    // link refuses an existing name, which rename would replace.
    await link(temporaryPath, path);
    await unlink(temporaryPath);
    return true;
  } catch (error) {
    await unlink(temporaryPath).catch(() => undefined);
    if ((error as NodeJS.ErrnoException).code === "EEXIST" && options.replace === false) return false;
    throw error;
  }
}
