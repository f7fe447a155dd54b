/** A token for the registry's API: from a file, the environment, or typed. Never from the command line. */
import { readFileSync } from "node:fs";
import { checkSecretFile } from "@nano/service-kit/secret-file";
import { errors } from "../errors.ts";
import type { Terminal } from "../output/terminal.ts";
import { type Input, readPrivate } from "./private-input.ts";

const MAX_TOKEN_BYTES = 1024;
const TOKEN = /^[\x21-\x7e]+$/;

export interface TokenSourceOptions {
  readonly tokenFile: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly input: Input;
  readonly problems: Terminal;
}

/** @throws CTL_TOKEN_UNREADABLE, CTL_INTERRUPTED */
export async function readToken({ tokenFile, env, input, problems }: TokenSourceOptions): Promise<string> {
  if (tokenFile !== null) return readTokenFile(tokenFile);
  const fromEnv = tokenOfEnv(env);
  if (fromEnv !== null) return fromEnv;
  const bytes = await readPrivate({ input, problems, question: "Token:", limitBytes: MAX_TOKEN_BYTES });
  return parseToken(bytes.toString("utf8"), "what was entered");
}

/** NANO_TOKEN, or the file that NANO_TOKEN_FILE names; null where neither is set. @throws CTL_TOKEN_UNREADABLE */
export function tokenOfEnv(env: Readonly<Record<string, string | undefined>>): string | null {
  if ((env.NANO_TOKEN ?? "") !== "") return parseToken(env.NANO_TOKEN ?? "", "NANO_TOKEN");
  const file = env.NANO_TOKEN_FILE ?? "";
  return file === "" ? null : readTokenFile(file);
}

function readTokenFile(path: string): string {
  const expected = "a regular file with a token";
  const why = checkSecretFile(path);
  if (why !== null) throw errors.TOKEN_UNREADABLE({ found: `${path}, which is not usable (${why})`, expected });
  try {
    return parseToken(readFileSync(path, "utf8"), path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (code.startsWith("CTL_")) throw error;
    throw errors.TOKEN_UNREADABLE({ found: `${path}, which cannot be read (${code})`, expected }, error);
  }
}

function parseToken(text: string, where: string): string {
  const token = text.trim();
  if (token.length <= MAX_TOKEN_BYTES && TOKEN.test(token)) return token;
  const found = token === "" ? `nothing in ${where}` : `${where} with ${token.length} characters that are no token`;
  throw errors.TOKEN_UNREADABLE({ found, expected: "a token as nanoctl token create shows it, nano_ID_SECRET" });
}
