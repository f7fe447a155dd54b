/** Makes one file of each entry of a package, for `entryFile`. */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { build, type Plugin } from "esbuild";
import { BUILT_ENTRIES_FILE, BUILT_FOLDER, type BuiltEntries, type BuiltEntry, builtName } from "./src/entry-file.ts";

/** A new version of a library is another build. */
const LOCK_FILE = "../../pnpm-lock.yaml";
/** For CommonJS builds of libraries. */
const REQUIRE =
  'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);';

/** @param entries sources below the package's folder, each of a name of its own */
export async function buildEntries(packageFolder: string, entries: readonly string[]): Promise<void> {
  mkdirSync(join(packageFolder, BUILT_FOLDER), { recursive: true });
  const made = await Promise.all(
    entries.map(async (entry) => [builtName(entry), await buildEntry(packageFolder, entry)] as const),
  );
  const list: BuiltEntries = Object.fromEntries(made);
  const listFile = join(packageFolder, BUILT_FOLDER, BUILT_ENTRIES_FILE);
  // Last, and at once: what it names is whole.
  writeFileSync(`${listFile}.new`, JSON.stringify(list));
  renameSync(`${listFile}.new`, listFile);
}

async function buildEntry(packageFolder: string, entry: string): Promise<BuiltEntry> {
  const builtAtMs = Date.now();
  const { metafile } = await build({
    absWorkingDir: packageFolder,
    entryPoints: [entry],
    outfile: join(BUILT_FOLDER, builtName(entry)),
    bundle: true,
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
  return { builtAtMs, inputs: Object.fromEntries(inputs) };
}

/** What a source finds by its own place, it finds by that still; isolated-vm's binary stays where it is. */
function keepPlaces(outFolder: string): Plugin {
  return {
    name: "keep-places",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^isolated-vm$/ }, ({ path, importer }) => ({
        path: relative(outFolder, createRequire(importer).resolve(path)),
        external: true,
      }));
      onLoad({ filter: /\/(?:packages|services)\/[^/]+\/src\/.*\.ts$/ }, ({ path }) => {
        const place = `new URL(${JSON.stringify(relative(outFolder, path))}, import.meta.url).href`;
        return { contents: readFileSync(path, "utf8").replaceAll("import.meta.url", place), loader: "ts" };
      });
    },
  };
}
