/**
 * What is wrong with something that a user wrote, as place, found and expected.
 *
 * I1 No problem holds a value that may be secret: of what stands under a private key, of lists and of objects only the
 *    kind is shown, and of text that is no JSON the place, and its line with all but its structure hidden.
 */
import type { z } from "zod";
import { renderExcerpt } from "./source-excerpt.ts";

/** One thing that is wrong. */
export interface InputProblem {
  /** `apps[0].limits.memory_mb`; `(file)` for the whole */
  readonly place: string;
  readonly found: string;
  readonly expected: string;
  /** The line and a mark below it, ready to print. */
  readonly excerpt?: string;
}

export type InputPath = readonly PropertyKey[];

/** A problem before it is put in its order. */
export interface Finding {
  readonly path: InputPath;
  readonly found: string;
  readonly expected: string;
}

type Issue = z.core.$ZodIssue;

const MAX_SHOWN_CHARS = 80;
/** What stands under these keys is shown by its kind alone. Under `secret_files` a secret may stand in place of its path. */
const PRIVATE_KEYS: ReadonlySet<PropertyKey> = new Set(["env_vars", "secret_files", "secrets"]);
const WHOLE = "(file)";
/** In place of each character of a value. */
const HIDDEN = "·";
/** A longer line has no excerpt worth its reading. */
const MAX_EXCERPT_LINE_CHARS = 100_000;

/** Every problem of a failed parse, in the order of the text. `value` is what was parsed. */
export function listProblems(error: z.ZodError, value: unknown): InputProblem[] {
  return toProblems(listFindings(error, value), value);
}

/** Every problem of a failed parse, in no order. */
export function listFindings(error: z.ZodError, value: unknown): Finding[] {
  return error.issues.flatMap((issue) => describeIssue(issue, value));
}

/** Puts findings in the order in which `value` has them; what is missing comes after what is there. */
export function toProblems(findings: readonly Finding[], value: unknown): InputProblem[] {
  const ranked = findings.map((finding) => ({ finding, ranks: ranksOf(finding.path, value) }));
  ranked.sort((a, b) => compareRanks(a.ranks, b.ranks));
  return ranked.map(({ finding: { path, found, expected } }) => ({ place: formatPlace(path), found, expected }));
}

/** Each problem on a line of its own, as it is printed. */
export function formatProblems(problems: readonly InputProblem[]): string {
  return problems.map(formatProblem).join("\n");
}

function formatProblem({ place, found, expected, excerpt }: InputProblem): string {
  const lines = (excerpt ?? "").split("\n").map((line) => (line === "" ? "" : `\n    ${line}`));
  return `  ${place}: found ${found}, expected ${expected}${lines.join("")}`;
}

/** `3 problems` */
export function countProblems(problems: readonly InputProblem[]): string {
  return `${problems.length} problem${problems.length === 1 ? "" : "s"}`;
}

/** A value as it is shown: shortened JSON, or its kind where it may be secret or hold what is. */
export function showValue(value: unknown, path: InputPath = []): string {
  if (value === undefined) return "nothing";
  if (isPrivate(path)) return `a value of type ${kindOf(value)}`;
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
}

/** Whether what stands at a path may be secret. */
export function isPrivate(path: InputPath): boolean {
  return path.some((key) => PRIVATE_KEYS.has(key));
}

/** One step of a path as it is shown: of what is under a private key no more than may be a name. */
export function showName(path: InputPath, i: number): string {
  // `TOKEN=secret` written as a name.
  const isUnderPrivate = PRIVATE_KEYS.has(path[i - 1] ?? "");
  return isUnderPrivate ? String(path[i]).replace(/[^A-Za-z0-9_].*$/s, "…") : String(path[i]);
}

/** The value of a JSON text, or what is wrong with the text. */
export function parseJsonText(text: string): { readonly value: unknown } | { readonly problem: InputProblem } {
  try {
    return { value: JSON.parse(text) };
  } catch {
    // The engine's message quotes the text around the place, which may be a secret.
    const before = text.slice(0, firstWrongOffset(text)).split("\n");
    const line = before.length;
    const column = (before.at(-1) ?? "").length;
    const found = `what is no JSON at line ${line}, column ${column + 1}`;
    const lineText = hideValues(text.split("\n", line).at(-1) ?? "");
    return { problem: { place: WHOLE, found, expected: "JSON", excerpt: renderExcerpt({ line, column, lineText }) } };
  }
}

/** What of a line of JSON may be shown: its punctuation, names of keys where a key may begin, and words of the language. */
const SHOWN = /(?<=(?:^|[{,])\s*)"[\w$-]{1,64}"(?=\s*:)|[{}[\]:,"\s]|\b(?:true|false|null)\b/g;

/** As long as it was. */
function hideValues(line: string): string {
  const text = line.slice(0, MAX_EXCERPT_LINE_CHARS);
  let hidden = "";
  let at = 0;
  for (const match of text.matchAll(SHOWN)) {
    hidden += HIDDEN.repeat(match.index - at) + match[0];
    at = match.index + match[0].length;
  }
  return hidden + HIDDEN.repeat(text.length - at);
}

function describeIssue(issue: Issue, value: unknown): Finding[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      found: "a key that nothing knows",
      expected: "no such key",
    }));
  }
  const found = issue.code === "invalid_key" ? "a name" : showValue(valueAt(value, issue.path), issue.path);
  return [{ path: issue.path, found, expected: expectedOf(issue) }];
}

function expectedOf(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.expected === "int" ? "a whole number" : `${article(issue.expected)} ${issue.expected}`;
    case "too_small":
      return `${issue.inclusive === true ? "at least" : "more than"} ${issue.minimum}${unitOf(issue.origin)}`;
    case "too_big":
      return `${issue.inclusive === true ? "at most" : "less than"} ${issue.maximum}${unitOf(issue.origin)}`;
    case "invalid_value":
      return issue.values.length === 1
        ? JSON.stringify(issue.values[0])
        : `one of ${issue.values.map((each) => JSON.stringify(each)).join(", ")}`;
    case "invalid_key":
      return issue.issues[0]?.message ?? "another name";
    default:
      return issue.message;
  }
}

function article(noun: string): string {
  return /^[aeiou]/.test(noun) ? "an" : "a";
}

function unitOf(origin: string): string {
  if (origin === "string") return " characters";
  if (origin === "array") return " entries";
  return "";
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function formatPlace(path: InputPath): string {
  const text = path.reduce<string>((place, key, i) => {
    if (typeof key === "number") return `${place}[${key}]`;
    const name = showName(path, i);
    return place === "" ? name : `${place}.${name}`;
  }, "");
  return text === "" ? WHOLE : text;
}

/** For each step of a path, which of its siblings it is. */
function ranksOf(path: InputPath, value: unknown): number[] {
  let at = value;
  return path.map((key) => {
    if (typeof at !== "object" || at === null) return Number.MAX_SAFE_INTEGER;
    const rank = typeof key === "number" ? key : Object.keys(at).indexOf(String(key));
    at = Object.hasOwn(at, key) ? (at as Record<PropertyKey, unknown>)[key] : undefined;
    return rank === -1 ? Number.MAX_SAFE_INTEGER : rank;
  });
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [i, rank] of a.entries()) {
    const other = b[i];
    if (other === undefined) return 1;
    if (rank !== other) return rank - other;
  }
  return a.length - b.length;
}

function valueAt(value: unknown, path: InputPath): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<PropertyKey, unknown>)[key];
  }
  return at;
}

/** Length of the longest beginning that some JSON text has: found by halves, since the engine tells it in few cases. */
function firstWrongOffset(text: string): number {
  let rightChars = 0;
  let wrongChars = text.length + 1;
  while (wrongChars - rightChars > 1) {
    const middle = Math.floor((rightChars + wrongChars) / 2);
    if (isBeginning(text.slice(0, middle))) rightChars = middle;
    else wrongChars = middle;
  }
  return rightChars;
}

function isBeginning(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    if (/^(Unexpected end|Unterminated string)/.test(message)) return true;
    return Number(/ at position (\d+)/.exec(message)?.[1] ?? -1) >= text.length;
  }
}
