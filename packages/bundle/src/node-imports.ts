/**
 * Imports of Node's modules, by either name: files of `src/node/` and of the packages that these stand on, which become part of the
 * bundle. An app that imports none gets no byte of them.
 *
 * I1 They are named in the script and its map as `node:…`, wherever NANO lies: the same app gives the same bundle.
 * I2 They come before an installed package of the same name, as in Node; a package's own `browser` map comes before them.
 * I3 `require` gives what Node's `module.exports` is: a function, where it is one.
 */
import { readFile } from "node:fs/promises";
import { dirname, extname, join, sep } from "node:path";
import {
  type OnLoadResult,
  type OnResolveArgs,
  type OnResolveResult,
  type Plugin,
  type PluginBuild,
  transform,
} from "esbuild";
import { ASYNC_HOOKS_NAMESPACE as NODE_NAMESPACE } from "./async-hooks-module.ts";
import { freeNamesText, isFreeNamesPath } from "./free-names.ts";
import { NODE_MODULES, type NodeModule } from "./node-module-list.ts";
import { readBrowserMap } from "./package-browser-map.ts";

const FOLDER = join(import.meta.dirname, "node");
const NAME = new RegExp(`^(?:node:)?(?:${[...NODE_MODULES.keys()].join("|")})$`);
const GUEST_SUFFIX = ".guest.ts";
/** What the packages below import, and is given as one of the files. */
const STAND_INS: ReadonlyMap<string, string> = new Map([
  ["abort-controller", "abort-controller"],
  ["node:async_hooks", "async-resource"],
  ["process/", "process-tick"],
  ["safe-buffer", "buffer"],
]);
/** Text of packages that refers to globals of Node, which it would bring along, or does what is not for here. */
const REPLACEMENTS: ReadonlyMap<string, readonly (readonly [found: string, replacement: string])[]> = new Map([
  ["path-browserify/index.js", [["process.cwd()", '"/"']]],
  // It would warn once in each context: for each request.
  ["unenv/dist/runtime/node/url.mjs", [["let urlParseWarned = false", "let urlParseWarned = true"]]],
  [
    "unenv/dist/runtime/node/querystring.mjs",
    [
      ["globalThis.Buffer.allocUnsafe(s.length)", "new Uint8Array(s.length)"],
      [
        "unescapeBuffer(s, decodeSpaces).toString()",
        'new TextDecoder("utf-8", { ignoreBOM: true }).decode(unescapeBuffer(s, decodeSpaces))',
      ],
    ],
  ],
]);
const TEXT_EXTENSIONS: ReadonlySet<string> = new Set([".js", ".mjs", ".cjs", ".ts"]);

interface Resolution {
  readonly isPassedOn?: boolean;
  /** Absolute, of a file that is read. */
  readonly file?: string;
}

export const nodeImports: Plugin = {
  name: "nano-node-imports",
  setup(build) {
    build.onResolve({ filter: NAME }, async ({ path, kind, importer, namespace, pluginData }) => {
      if ((pluginData as Resolution | undefined)?.isPassedOn || namespace === NODE_NAMESPACE) return undefined;
      if (Object.hasOwn(await readBrowserMap(importer), path)) return undefined;
      return resolveModule(path.replace(/^node:/, ""), kind);
    });
    build.onResolve({ filter: /.*/, namespace: NODE_NAMESPACE }, async ({ path, kind, resolveDir, pluginData }) => {
      if ((pluginData as Resolution | undefined)?.isPassedOn) return undefined;
      const standIn = STAND_INS.get(path);
      if (standIn !== undefined) return resolveFile(guestFile(standIn));
      if (path.startsWith(ALL_PREFIX)) return { path, namespace: NODE_NAMESPACE, sideEffects: false };
      if (NAME.test(path)) return resolveModule(path.replace(/^node:/, ""), kind);
      return resolveDeeper(build, { path, kind, resolveDir });
    });
    build.onResolve({ filter: /^nano:/ }, ({ path }) =>
      isFreeNamesPath(path) ? { path, namespace: NODE_NAMESPACE } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: NODE_NAMESPACE }, ({ path, pluginData }) => {
      const { file } = (pluginData as Resolution | undefined) ?? {};
      if (file !== undefined) return loadFile(file);
      const contents = generatedText(path);
      return contents === undefined ? undefined : { contents, resolveDir: FOLDER, loader: "js" };
    });
  },
};

/** Before a module's name: what `require` gives, and its default export. */
const ALL_PREFIX = "all:";
const REQUIRE_PREFIX = "require:";

function resolveModule(name: string, kind: string): OnResolveResult | undefined {
  if (kind === "require-call") return { path: `${REQUIRE_PREFIX}${name}`, namespace: NODE_NAMESPACE };
  if (kind === "require-resolve") return undefined;
  const { file, globals } = NODE_MODULES.get(name) as NodeModule;
  if (file !== undefined && globals === undefined) return resolveFile(guestFile(file));
  return { path: name, namespace: NODE_NAMESPACE, sideEffects: false };
}

function resolveFile(file: string): OnResolveResult {
  return { path: runtimePath(file), namespace: NODE_NAMESPACE, sideEffects: false, pluginData: { file } };
}

/** From one of the files: another, or a package's. */
async function resolveDeeper(
  build: PluginBuild,
  { path, kind, resolveDir }: Pick<OnResolveArgs, "path" | "kind" | "resolveDir">,
): Promise<OnResolveResult> {
  const found = await build.resolve(path, { kind, resolveDir, pluginData: { isPassedOn: true } });
  return found.errors.length > 0 ? { errors: found.errors } : resolveFile(found.path);
}

function guestFile(name: string): string {
  return join(FOLDER, `${name}${GUEST_SUFFIX}`);
}

/** A file's name in the script: of a module by its name in Node, of a package below that (I1). */
function runtimePath(file: string): string {
  if (dirname(file) === FOLDER) {
    const name = file.slice(FOLDER.length + 1, -GUEST_SUFFIX.length);
    for (const [module, { file: its, globals }] of NODE_MODULES) {
      if (its === name && globals === undefined) return module;
    }
    return `nano/${name}.ts`;
  }
  const parts = file.split(sep);
  return parts.slice(parts.lastIndexOf("node_modules") + 1).join("/");
}

/** Undefined: it is another plugin's. */
function generatedText(path: string): string | undefined {
  if (isFreeNamesPath(path)) return freeNamesText(path);
  if (path.startsWith(REQUIRE_PREFIX))
    return `module.exports = require("${ALL_PREFIX}${path.slice(REQUIRE_PREFIX.length)}").default;`;
  const isAll = path.startsWith(ALL_PREFIX);
  const name = isAll ? path.slice(ALL_PREFIX.length) : path;
  const module = NODE_MODULES.get(name);
  if (module === undefined) return undefined;
  const { file, globals = {} } = module;
  const from = `"./${file}${GUEST_SUFFIX}"`;
  if (isAll) {
    if (Object.keys(globals).length === 0) return `export { default } from ${from};`;
    const getters = Object.entries(globals).map(
      ([key, value]) => `${key}: { get: () => ${value}, enumerable: true, configurable: true }`,
    );
    return `${file === undefined ? "const all = {};" : `import all from ${from};`}
Object.defineProperties(all, { ${getters.join(", ")} });
export default all;`;
  }
  const names = Object.entries(globals).map(
    ([key, value]) => `export const ${key} = /* @__PURE__ */ (() => ${value})();`,
  );
  return `${file === undefined ? "" : `export * from ${from};\n`}${names.join("\n")}
export { default } from "${ALL_PREFIX}${name}";`;
}

async function loadFile(file: string): Promise<OnLoadResult> {
  const name = runtimePath(file);
  if (!TEXT_EXTENSIONS.has(extname(file))) return refused(`A module of Node stands on ${name}, which is no module`);
  let contents = await readFile(file, "utf8");
  if (dirname(file) === FOLDER) return { contents, resolveDir: FOLDER, loader: "ts" };
  for (const [found, replacement] of REPLACEMENTS.get(name) ?? []) {
    if (!contents.includes(found)) return refused(`${name} does not have ${found} any more`);
    contents = contents.replaceAll(found, replacement);
  }
  // A quarter less of what each sliver of the app holds.
  const { code } = await transform(contents, { minifyIdentifiers: true, minifySyntax: true, target: "esnext" });
  return { contents: code, resolveDir: dirname(file), loader: "js" };
}

function refused(text: string): OnLoadResult {
  return { errors: [{ text }] };
}
