/** What an author may do about an import that fails, in words that end esbuild's own sentence or stand in its place. */
import { builtinModules } from "node:module";
import type { Message } from "esbuild";
import { ASSETS_DIRECTORY, MODULE_EXTENSIONS } from "./app-source.ts";
import { BYTES_EXTENSION, JSON_EXTENSION, TEXT_EXTENSIONS, WASM_EXTENSION } from "./file-kinds.ts";

const UNRESOLVED = /^Could not resolve "(.+)"$/;
const NO_EXPORT = /^No matching export in "(.+)" for import "/;
const NO_LOADER = /^No loader is configured for ".*" files: (.+)$/;
const NOT_EXPORTED = /^The path "(.+)" is not exported by package "(.+)"/;
/** `name` or `@scope/name`, as npm has them, and what is below. */
const PACKAGE = /^((?:@[a-z0-9][\w.~-]*\/)?[a-z0-9][\w.~-]*)(?:\/.*)?$/i;
const SCHEME = /^[a-z][a-z0-9+.-]*:/i;
const IMPORTABLE = [...MODULE_EXTENSIONS, JSON_EXTENSION, ...TEXT_EXTENSIONS, BYTES_EXTENSION, WASM_EXTENSION].join(
  " ",
);
const TABLE = "COMPATIBILITY.md of packages/web-api";

/** What an import names that is not found, or null where the problem is another. */
export function unresolvedPath({ text }: Pick<Message, "text">): string | null {
  return UNRESOLVED.exec(text)?.[1] ?? null;
}

/** Whether it is an import that fails, rather than the text of a module. */
export function isImportProblem({ text }: Pick<Message, "text">): boolean {
  return UNRESOLVED.test(text) || NO_EXPORT.test(text) || NO_LOADER.test(text);
}

export function isNodeModule(path: string): boolean {
  return path.startsWith("node:") || builtinModules.includes(path);
}

/** What is wrong, in one sentence with what to do, where anything can be said of that. */
export function describeMessage(message: Pick<Message, "text" | "notes">): string {
  const { text } = message;
  const file = NO_LOADER.exec(text)?.[1];
  if (file !== undefined) {
    return `${file} is of no kind that can be imported: expected ${IMPORTABLE}; what clients load belongs into ${ASSETS_DIRECTORY}/`;
  }
  const path = unresolvedPath(message);
  if (path !== null) return `${text}: ${resolutionRemedy(path, message)}`;
  const module = NO_EXPORT.exec(text)?.[1];
  return module?.startsWith("node:") === true ? `${text}: NANO's ${module} has no such name, see ${TABLE}` : text;
}

function resolutionRemedy(path: string, { notes }: Pick<Message, "notes">): string {
  if (isNodeModule(path)) return `${TABLE} lists the modules of Node that there are`;
  if (path.startsWith("cloudflare:")) return "of these modules there is cloudflare:workers alone";
  if (/^(?:https?:)?\/\//.test(path))
    return "nothing is loaded from other servers: install it from npm, or copy it into the app";
  if (SCHEME.test(path)) return "there is no such module";
  for (const { text } of notes) {
    const [, below, name] = NOT_EXPORTED.exec(text) ?? [];
    if (below !== undefined) return `package ${name} is there and does not export ${below}`;
  }
  const name = PACKAGE.exec(path)?.[1];
  return name === undefined ? "there is no such file" : `run npm install ${name} in the app's directory`;
}
