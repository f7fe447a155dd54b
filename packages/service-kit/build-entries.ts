/** Makes one file of each entry of a package, for `entryFile`, and more of what it imports late. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { build, type Plugin } from "esbuild";
import { BUILT_ENTRIES_FILE, BUILT_FOLDER, type BuiltEntries, type BuiltEntry, builtName } from "./src/entry-file.ts";

/** A new version of a library is another build. */
const LOCK_FILE = "../../pnpm-lock.yaml";
/** For CommonJS builds of libraries. */
const REQUIRE =
  'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);';

interface Made {
  readonly name: string;
  readonly entry: BuiltEntry;
  /** Of the entry, and of what it imports only when it is asked for. */
  readonly files: readonly string[];
}

/** @param entries sources below the package's folder, each of a name of its own */
export async function buildEntries(packageFolder: string, entries: readonly string[]): Promise<void> {
  const folder = join(packageFolder, BUILT_FOLDER);
  mkdirSync(folder, { recursive: true });
  const made = await Promise.all(entries.map((entry) => buildEntry(packageFolder, entry)));
  const list: BuiltEntries = Object.fromEntries(made.map(({ name, entry }) => [name, entry]));
  const listFile = join(folder, BUILT_ENTRIES_FILE);
  // Last, and at once: what it names is whole.
  writeFileSync(`${listFile}.new`, JSON.stringify(list));
  renameSync(`${listFile}.new`, listFile);
  const kept = new Set([BUILT_ENTRIES_FILE, ...made.flatMap(({ files }) => files)]);
  for (const name of readdirSync(folder)) if (!kept.has(name)) rmSync(join(folder, name), { recursive: true });
}

async function buildEntry(packageFolder: string, entry: string): Promise<Made> {
  const name = builtName(entry);
  const builtAtMs = Date.now();
  const { metafile } = await build({
    absWorkingDir: packageFolder,
    entryPoints: [entry],
    outdir: BUILT_FOLDER,
    entryNames: "[name]",
    chunkNames: `${name.replace(/\.js$/, "")}-[hash]`,
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node24",
    banner: { js: REQUIRE },
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
    plugins: [keepPlaces(join(packageFolder, BUILT_FOLDER))],
  });
  const sources = Object.keys(metafile.inputs).filter((path) => !path.includes("node_modules/"));
  const inputs = [...sources, LOCK_FILE].map((path) => [path, statSync(join(packageFolder, path)).size] as const);
  const files = Object.keys(metafile.outputs).map((path) => basename(path));
  return { name, entry: { builtAtMs, inputs: Object.fromEntries(inputs) }, files };
}

/** They find binaries by their own place. */
const KEPT_OUT = /^(?:isolated-vm|esbuild)$/;

/** What a source finds by its own place, it finds by that still. */
function keepPlaces(outFolder: string): Plugin {
  return {
    name: "keep-places",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: KEPT_OUT }, ({ path, importer }) => ({
        path: relative(outFolder, createRequire(importer).resolve(path)),
        external: true,
      }));
      onLoad({ filter: /\/(?:packages|services)\/[^/]+\/src\/.*\.ts$/ }, ({ path }) => {
        const toSource = JSON.stringify(relative(outFolder, path));
        const toFolder = JSON.stringify(`/${relative(outFolder, dirname(path))}`);
        const contents = readFileSync(path, "utf8")
          .replaceAll("import.meta.url", `new URL(${toSource}, import.meta.url).href`)
          .replaceAll("import.meta.dirname", `(import.meta.dirname + ${toFolder})`);
        return { contents, loader: "ts" };
      });
    },
  };
}
