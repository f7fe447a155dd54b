/**
 * An app's `.env`: variables that are its author's own, on the machine where it is run. They reach the app as secrets do, so no sliver, bundle or cluster ever has them.
 *
 * I1 No message holds anything of a value.
 * I2 A file is taken whole or not at all; all of its problems are found at once.
 */
import { readFile } from "node:fs/promises";
import { parseEnv } from "node:util";
import { countProblems, formatProblems, type InputProblem } from "@nano/protocol/input-problems";
import { type SecretValues, secretValuesSchema } from "@nano/protocol/secrets";
import type { z } from "zod";
import { errors } from "../errors.ts";
import { listLineProblems } from "./dot-env-lines.ts";

export const DOT_ENV_FILE = ".env";
/** Largest file that is taken: what all secrets of an app may have, and room for comments. */
const MAX_DOT_ENV_BYTES = 1024 * 1024;
/** A file that is something else has one in each line. */
const MAX_SHOWN_PROBLEMS = 20;

export interface DotEnv {
  /** Absolute; it need not be there. */
  readonly path: string;
  /** What the config file says itself goes before the file. */
  readonly takenNames: readonly string[];
}

/** What the file holds now; nothing where there is none. A name without a value is left out. @throws CTL_DOT_ENV_UNREADABLE */
export async function readDotEnv({ path, takenNames }: DotEnv): Promise<SecretValues> {
  const text = await readText(path);
  if (text === null) return {};
  const lines = listLineProblems(text);
  if (lines.length > 0) {
    const problems = lines.map(({ line, found, expected }) => ({ place: `line ${line}`, found, expected }));
    throw refuse(path, problems);
  }
  const isOurs = ([name, value]: [string, string | undefined]): boolean => value !== "" && !takenNames.includes(name);
  const parsed = secretValuesSchema.safeParse(Object.fromEntries(Object.entries(parseEnv(text)).filter(isOurs)));
  if (parsed.success) return parsed.data;
  throw refuse(path, parsed.error.issues.map(toProblem));
}

/** Names are those of good lines, unless Node's parser saw others. */
function toProblem({ code, path: [name], message }: z.core.$ZodIssue): InputProblem {
  if (code === "invalid_key")
    return { place: "(file)", found: "a name that is none", expected: "NAME=value in each line" };
  const expected = message.replace(/^expected /, "");
  if (name === undefined) return { place: "(file)", found: "more", expected };
  return { place: String(name), found: "a value of another size", expected };
}

function refuse(path: string, problems: readonly InputProblem[]) {
  const why = countProblems(problems);
  const more = problems.length > MAX_SHOWN_PROBLEMS ? `\n  and ${problems.length - MAX_SHOWN_PROBLEMS} more` : "";
  const shown = formatProblems(problems.slice(0, MAX_SHOWN_PROBLEMS));
  return errors.DOT_ENV_UNREADABLE({ place: path, why: `${why}\n${shown}${more}` });
}

async function readText(path: string): Promise<string | null> {
  const bytes = await readFile(path).catch(({ code }: NodeJS.ErrnoException) => {
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw errors.DOT_ENV_UNREADABLE({ place: path, why: code ?? "it cannot be read" });
  });
  if (bytes === null || bytes.length <= MAX_DOT_ENV_BYTES) return bytes?.toString() ?? null;
  throw errors.DOT_ENV_UNREADABLE({ place: path, why: `${bytes.length} bytes, expected at most ${MAX_DOT_ENV_BYTES}` });
}
