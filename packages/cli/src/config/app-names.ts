/**
 * Names of apps, derived from where they are served.
 *
 * I1 A name depends on the hostnames and paths of the file, not on their order: editing one app renames no other,
 *    unless the two would be called the same.
 */
import { createHash } from "node:crypto";
import { type AppName, isAppName } from "@nano/protocol/brands";

const MAX_NAME_CHARS = 63;
const SUFFIX_DIGITS = 6;

export interface Served {
  readonly hostname: string;
  readonly path: string;
}

/** One name for each; `hello.localhost` is called `hello`. */
export function nameApps(served: readonly Served[]): AppName[] {
  const plain = served.map((each) => toAppName(`${each.hostname.replace(/\.localhost$/, "")}${each.path}`));
  return served.map((each, i) => {
    const name = plain[i] as AppName;
    const isTaken = plain.filter((other) => other === name).length > 1;
    return isTaken ? withSuffix(name, `${each.hostname}${each.path}`) : name;
  });
}

/** The nearest app name to any text. */
export function toAppName(text: string): AppName {
  const name = text
    .toLowerCase()
    .replace(/^\*\./, "any.")
    .replace(/[^a-z0-9.-]+/g, "-")
    .replace(/^[.-]+|[.-]+$/g, "");
  if (name.length > MAX_NAME_CHARS) return withSuffix(name, text);
  return isAppName(name) ? name : withSuffix("app", text);
}

function withSuffix(name: string, identity: string): AppName {
  const digits = createHash("sha256").update(identity).digest("hex").slice(0, SUFFIX_DIGITS);
  const head = name.slice(0, MAX_NAME_CHARS - SUFFIX_DIGITS - 1).replace(/[.-]+$/, "");
  return `${head}-${digits}` as AppName;
}
