/**
 * Secrets of an app as a user keeps them: a file for each, named in the config file.
 *
 * I1 No message holds anything of a secret, nor what stands in the config file in place of its path: that may be the secret itself.
 */
import { readFile } from "node:fs/promises";
import { MAX_SECRET_BYTES, MAX_SECRETS, MAX_SECRETS_BYTES, type SecretValues } from "@nano/protocol/secrets";
import { checkSecretFile } from "@nano/service-kit/secret-file";
import { errors } from "../errors.ts";

/** Absolute paths by name. */
export type SecretFiles = Readonly<Record<string, string>>;

export interface SecretProblem {
  /** Null: all of them together. */
  readonly name: string | null;
  readonly found: string;
  readonly expected: string;
}

/** What the files hold now, or what is wrong with them. */
export async function readSecretFiles(
  files: SecretFiles,
): Promise<{ readonly secrets: SecretValues; readonly problems: readonly SecretProblem[] }> {
  const secrets: Record<string, string> = Object.create(null);
  const problems: SecretProblem[] = [];
  let bytes = 0;
  const entries = Object.entries(files);
  if (entries.length > MAX_SECRETS) {
    const found = `${entries.length} secrets`;
    return { secrets, problems: [{ name: null, found, expected: `at most ${MAX_SECRETS}` }] };
  }
  for (const [name, path] of entries) {
    const read = await readSecret(path);
    if ("found" in read) {
      problems.push({ name, ...read });
      continue;
    }
    secrets[name] = read.value;
    bytes += Buffer.byteLength(read.value);
  }
  if (bytes > MAX_SECRETS_BYTES) {
    problems.push({ name: null, found: `${bytes} bytes in all`, expected: `at most ${MAX_SECRETS_BYTES}` });
  }
  return { secrets, problems };
}

/** @throws CTL_SECRET_UNREADABLE with the first problem */
export async function loadSecretFiles(files: SecretFiles): Promise<SecretValues> {
  const { secrets, problems } = await readSecretFiles(files);
  const [first] = problems;
  if (first !== undefined) throw errors.SECRET_UNREADABLE(first);
  return secrets;
}

async function readSecret(path: string): Promise<{ value: string } | { found: string; expected: string }> {
  const expected = `a regular file of 1 to ${MAX_SECRET_BYTES} bytes`;
  const why = checkSecretFile(path);
  if (why !== null) return { found: describeWhy(why), expected };
  try {
    return decodeSecret(await readFile(path), expected);
  } catch (error) {
    return { found: describeWhy((error as NodeJS.ErrnoException).code ?? "an error"), expected };
  }
}

/** The secret that bytes hold, without a line feed at their end, or what is wrong with them. */
export function decodeSecret(
  bytes: Uint8Array,
  expected: string,
): { value: string } | { found: string; expected: string } {
  try {
    const value = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes).replace(/\r?\n$/, "");
    if (value === "") return { found: "an empty one", expected };
    if (Buffer.byteLength(value) > MAX_SECRET_BYTES) return { found: `one of ${bytes.length} bytes`, expected };
    return { value };
  } catch {
    return { found: "bytes that are no UTF-8", expected: "text in UTF-8: encode other bytes as base64" };
  }
}

function describeWhy(why: string): string {
  if (why === "ENOENT" || why === "ENOTDIR") return "no file there";
  if (why === "EACCES" || why === "EPERM") return "one that may not be read";
  return `one that cannot be used (${why})`;
}
