/** How esbuild is told of an app's entry: it takes what it is given as a path for a glob where that holds a `*`. */
import { readFile, stat } from "node:fs/promises";
import { dirname, extname, join, relative, sep } from "node:path";
import type { BuildOptions, Loader } from "esbuild";

export type EntryPoint = Pick<BuildOptions, "entryPoints" | "stdin" | "tsconfig">;

const CONFIG_FILE = "tsconfig.json";
const LOADERS: Readonly<Record<string, Loader>> = {
  ".ts": "ts",
  ".mts": "ts",
  ".cts": "ts",
  ".tsx": "tsx",
  ".jsx": "jsx",
};

/** @param entry absolute path */
export async function resolveEntryPoint(directory: string, entry: string): Promise<EntryPoint> {
  // Relative, so that names above the app's directory are no pattern.
  const path = relative(directory, entry);
  if (!path.includes("*")) return { entryPoints: [`.${sep}${path}`] };
  const tsconfig = await findConfigFile(dirname(entry));
  return {
    // Its text in its place: nothing quotes a pattern.
    stdin: {
      contents: await readFile(entry, "utf8"),
      sourcefile: entry,
      resolveDir: dirname(entry),
      loader: LOADERS[extname(entry)] ?? "js",
    },
    // esbuild looks for one beside a file, but not beside a text.
    ...(tsconfig === null ? {} : { tsconfig }),
  };
}

async function findConfigFile(directory: string): Promise<string | null> {
  const path = join(directory, CONFIG_FILE);
  if ((await stat(path).catch(() => null))?.isFile()) return path;
  const parent = dirname(directory);
  return parent === directory ? null : findConfigFile(parent);
}
