/** A secret that lives in a file: read when it is needed, so that a rotated one is seen, and never kept or printed. */
import { readFileSync, statSync } from "node:fs";
import { errors } from "./errors.ts";

/** Largest file that is taken for a secret. */
export const MAX_SECRET_BYTES = 64 * 1024;

export interface SecretFile {
  readonly path: string;
  /** The content now, without the line feed at its end. @throws KIT_SECRET_UNREADABLE */
  read(): string;
}

/** Why a path cannot hold a secret, or null. Type and size are looked at before anything is read. */
export function checkSecretFile(path: string): string | null {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) return "it is not a regular file";
    if (stat.size > MAX_SECRET_BYTES) return `it has ${stat.size} bytes, at most ${MAX_SECRET_BYTES}`;
    return stat.size === 0 ? "it is empty" : null;
  } catch (cause) {
    return cause instanceof Error && "code" in cause ? String(cause.code) : "it cannot be read";
  }
}

export function createSecretFile(path: string): SecretFile {
  return Object.freeze({
    path,
    read(): string {
      const why = checkSecretFile(path);
      if (why !== null) throw errors.SECRET_UNREADABLE({ path, why });
      return readFileSync(path, "utf8").replace(/\r?\n$/, "");
    },
  });
}
