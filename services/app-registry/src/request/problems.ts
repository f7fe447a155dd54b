/** What a schema complains about, as the API tells it. */
import { isPrivate, showName } from "@nano/protocol/input-problems";
import type { RequestProblem } from "@nano/protocol/registry-api";
import type { z } from "zod";
import { errors } from "../errors.ts";

const MAX_PROBLEMS = 50;
const MAX_SHOWN_CHARS = 120;

/** `["routes", 3, "host"]` → `routes[3].host` */
export function formatPath(path: readonly PropertyKey[]): string {
  let text = "";
  for (const [i, part] of path.entries()) {
    const name = showName(path, i);
    if (typeof part === "number") text += `[${part}]`;
    else text += text === "" ? name : `.${name}`;
  }
  return text === "" ? "body" : text;
}

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  let value = body;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

function show(value: unknown): string {
  if (value === undefined) return "nothing";
  // Not its content: somewhere within may be a variable of the app.
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  const shown = JSON.stringify(value);
  return shown.length > MAX_SHOWN_CHARS ? `${shown.slice(0, MAX_SHOWN_CHARS)}…` : shown;
}

/** `Too small: expected number to be >=16` → `number to be >=16` */
function expectationOf(message: string): string {
  return message.replace(/^.*?\bexpected /, "");
}

interface Shown {
  readonly root: readonly PropertyKey[];
  readonly isPrivate: boolean;
}

function problemsOf(issue: z.core.$ZodIssue, body: unknown, { root, ...shown }: Shown): RequestProblem[] {
  const path = [...root, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ where: formatPath([...path, key]), got: "a value", expected: "no such key" }));
  }
  const got = shown.isPrivate || isPrivate(issue.path) ? "a value" : show(valueAt(body, issue.path));
  return [{ where: formatPath(path), got, expected: expectationOf(issue.message) }];
}

/**
 * The parsed value. `root` leads to it; of one that is private nothing is repeated.
 * @throws REGISTRY_BAD_REQUEST with every problem, up to a bound
 */
export function parseOrRefuse<T>(
  schema: z.ZodType<T>,
  value: unknown,
  root: readonly PropertyKey[] | (Partial<Shown> & object) = [],
): T {
  const shown: Shown = { root: [], isPrivate: false, ...(Array.isArray(root) ? { root } : root) };
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => problemsOf(issue, value, shown));
  throw errors.BAD_REQUEST({ problems: problems.slice(0, MAX_PROBLEMS) });
}
