/** Turns what a schema says about a value into problems that name place, found and expected. */
import type { z } from "zod";
import type { ConfigProblem } from "../errors.ts";

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

const MAX_SHOWN_CHARS = 80;
/** Values under this key are shown by their kind alone: they may be secrets. */
const PRIVATE_KEY = "env_vars";

/** Every problem of a failed parse. `value` is what was parsed. */
export function listProblems(error: z.ZodError, value: unknown): ConfigProblem[] {
  return error.issues.flatMap((issue) => describeIssue(issue, value));
}

/** `apps[0].limits.memory_mb`; the whole is "(file)". */
export function formatPlace(path: Path): string {
  const text = path.reduce<string>((place, key) => {
    if (typeof key === "number") return `${place}[${key}]`;
    return place === "" ? String(key) : `${place}.${String(key)}`;
  }, "");
  return text === "" ? "(file)" : text;
}

/** Each problem on a line of its own, as it is printed. */
export function formatProblems(problems: readonly ConfigProblem[]): string {
  return problems.map((p) => `  ${p.place}: found ${p.found}, expected ${p.expected}`).join("\n");
}

/** A value as it is shown: shortened JSON, or its kind where it may be secret. */
export function showValue(value: unknown, path: Path = []): string {
  if (value === undefined) return "nothing";
  if (path.includes(PRIVATE_KEY)) return `a value of type ${typeof value}`;
  const text = JSON.stringify(value) ?? String(value);
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
}

function describeIssue(issue: Issue, value: unknown): ConfigProblem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      place: formatPlace([...issue.path, key]),
      found: "a key that nothing knows",
      expected: "no such key",
    }));
  }
  const found = showValue(valueAt(value, issue.path), issue.path);
  return [{ place: formatPlace(issue.path), found, expected: expectedOf(issue) }];
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

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<PropertyKey, unknown>)[key];
  }
  return at;
}
