/**
 * An app's `.env`: variables that are its author's own, on the machine where it is run. They reach the app as secrets do, so no sliver, bundle or cluster ever has them.
 *
 * I1 No message holds anything of a value.
 */
import { readFile } from "node:fs/promises";
import { parseEnv } from "node:util";
import { type SecretValues, secretValuesSchema } from "@nano/protocol/secrets";
import { errors } from "../errors.ts";

export const DOT_ENV_FILE = ".env";
/** Largest file that is taken: what all secrets of an app may have, and room for comments. */
const MAX_DOT_ENV_BYTES = 1024 * 1024;

export interface DotEnv {
  /** Absolute; it need not be there. */
  readonly path: string;
  /** What the config file says itself goes before the file. */
  readonly takenNames: readonly string[];
}

/** What the file holds now; nothing where there is none. A name without a value is left out. @throws CTL_SECRET_UNREADABLE */
export async function readDotEnv({ path, takenNames }: DotEnv): Promise<SecretValues> {
  const text = await readText(path);
  if (text === null) return {};
  const isOurs = ([name, value]: [string, string | undefined]): boolean => value !== "" && !takenNames.includes(name);
  const parsed = secretValuesSchema.safeParse(Object.fromEntries(Object.entries(parseEnv(text)).filter(isOurs)));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = issue?.path[0];
  const place = `${path}${name === undefined ? "" : `, ${String(name)}`}`;
  throw errors.DOT_ENV_UNREADABLE({ place, why: issue?.message ?? "malformed" });
}

async function readText(path: string): Promise<string | null> {
  const bytes = await readFile(path).catch(({ code }: NodeJS.ErrnoException) => {
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw errors.DOT_ENV_UNREADABLE({ place: path, why: code ?? "it cannot be read" });
  });
  if (bytes === null || bytes.length <= MAX_DOT_ENV_BYTES) return bytes?.toString() ?? null;
  throw errors.DOT_ENV_UNREADABLE({ place: path, why: `${bytes.length} bytes, expected at most ${MAX_DOT_ENV_BYTES}` });
}
