/**
 * `Buffer`, `process`, `setImmediate` and `clearImmediate` as free names, given only where somebody needs them.
 *
 * A build replaces each by a member of an object of the wrapper. Where what is left of the app needs one, it is built once more,
 * with a module that gives it: an app without them has no byte of it.
 *
 * I1 A package's file that asks for the type of a name can do without it, and so it does, unless something else needs the name.
 * I2 `process.env` is the wrapper's parameter. A `process` that is only looked at, to see whether this is Node, is one object with that.
 */
import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import { ENV_NAME } from "./runtime-modules.ts";

const OBJECT_NAME = "__nano_free__";
const MODULE_PREFIX = "nano:free-names:";

/** The expression that gives each, within a module of a bundle. */
const NAMES: Readonly<Record<string, string>> = {
  Buffer: 'require("node:buffer").Buffer',
  process: 'require("node:process")',
  setImmediate: 'require("node:timers").setImmediate',
  clearImmediate: 'require("node:timers").clearImmediate',
};
/** By which packages tell Node from others: there, that they are undefined is the answer. */
const LOOKED_AT: ReadonlySet<string> = new Set(["env", "versions", "browser", "type", "title", "platform", "arch"]);

/** For esbuild's `define`, which leaves names alone that a file declares. */
export const FREE_NAME_DEFINES: Readonly<Record<string, string>> = {
  "process.env": ENV_NAME,
  ...Object.fromEntries(Object.keys(NAMES).map((name) => [name, `${OBJECT_NAME}.${name}`])),
};
/** In the wrapper. */
export const FREE_NAMES_DECLARATION = ` var ${OBJECT_NAME} = { process: { env: ${ENV_NAME}, versions: {} } };`;

const USE = new RegExp(`(\\btypeof )?\\b${OBJECT_NAME}\\.(\\w+)(?:\\??\\.(\\w+))?`, "g");
const IN_PACKAGE = /(?:^|\/)node_modules\/|^node:/;

interface Use {
  readonly name: string;
  /** The name, or a member of `process`. */
  readonly key: string;
  readonly member: string;
  readonly isTypeof: boolean;
  readonly offset: number;
}

/** The names that a script needs. */
export function neededNames(script: string, sourceMap: string): readonly string[] {
  const uses = [...script.matchAll(USE)].map(toUse).filter(({ name }) => Object.hasOwn(NAMES, name));
  const isTold = ({ name, member, isTypeof }: Use) =>
    name === "process" && (member === "env" || (isTypeof && member === ""));
  if (uses.every(isTold)) return [];
  const fileOf = createFileFinder(script, sourceMap);
  const placed = uses.map((use) => ({ ...use, file: fileOf(use.offset) }));
  const asked = new Set(placed.filter(({ isTypeof }) => isTypeof).map(({ file, key }) => `${key} ${file}`));
  const needed = placed.filter((use) => {
    const isPackage = IN_PACKAGE.test(use.file);
    if (use.name === "process" && use.isTypeof) return !isPackage && use.member !== "";
    if (!isPackage) return true;
    if (use.isTypeof || asked.has(`${use.key} ${use.file}`)) return false;
    return use.name !== "process" || !LOOKED_AT.has(use.member);
  });
  return Object.keys(NAMES).filter((name) => needed.some((use) => use.name === name && use.member !== "env"));
}

/** The script without the declaration, where nothing refers to it. */
export function dropUnusedDeclaration(script: string): string {
  const at = script.indexOf(FREE_NAMES_DECLARATION);
  const rest = script.slice(at + FREE_NAMES_DECLARATION.length);
  return at < 0 || rest.includes(OBJECT_NAME) ? script : script.slice(0, at) + rest;
}

/** What esbuild injects so that the names are there. */
export function freeNamesPath(names: readonly string[]): string {
  return MODULE_PREFIX + names.join();
}

export function isFreeNamesPath(path: string): boolean {
  return path.startsWith(MODULE_PREFIX);
}

/** Each is loaded when it is first used: so no order of modules can be wrong. */
export function freeNamesText(path: string): string {
  const names = path.slice(MODULE_PREFIX.length).split(",");
  const gives = names.map((name) => `give("${name}", () => ${NAMES[name]});`);
  return `const give = (name, load) => {
  const set = (value) => Object.defineProperty(${OBJECT_NAME}, name, { value, writable: true, configurable: true });
  Object.defineProperty(${OBJECT_NAME}, name, { get: () => set(load())[name], set, configurable: true });
};
${gives.join("\n")}
export {};`;
}

function toUse(match: RegExpExecArray): Use {
  const [text, isTypeof, name = "", member = ""] = match;
  const key = name === "process" && member !== "" ? `process.${member}` : name;
  const shownMember = name === "process" ? member : "";
  return {
    name,
    key,
    member: shownMember,
    isTypeof: isTypeof !== undefined,
    offset: match.index + text.indexOf(OBJECT_NAME),
  };
}

/** Which file of the app a place in the script is from. */
function createFileFinder(script: string, sourceMap: string): (offset: number) => string {
  const map = new TraceMap(sourceMap);
  const lineStarts = [0];
  for (let at = script.indexOf("\n"); at >= 0; at = script.indexOf("\n", at + 1)) lineStarts.push(at + 1);
  return (offset) => {
    const line = lineStarts.findLastIndex((start) => start <= offset);
    return originalPositionFor(map, { line: line + 1, column: offset - (lineStarts[line] ?? 0) }).source ?? "";
  };
}
