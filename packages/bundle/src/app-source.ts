/**
 * Finds out what an app's directory holds: its entry, its manifest, its assets.
 *
 * The entry is the first of: `entrypoint` of `nano.json`; `module`, `main`, `exports["."]` of `package.json`; `index` or
 * `src/index` with one of `ENTRY_EXTENSIONS`. The manifest is the rest of `nano.json`.
 */
import { readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, extname, join, resolve, sep } from "node:path";
import { type InputProblem, listProblems, parseJsonText, showValue } from "@nano/protocol/input-problems";
import { type ManifestInput, manifestInputSchema } from "@nano/protocol/manifest";
import { z } from "zod";
import { errors } from "./errors.ts";

export const ENTRY_EXTENSIONS = [".ts", ".tsx", ".mts", ".js", ".mjs", ".jsx"] as const;
/** What a named entry may be. */
export const MODULE_EXTENSIONS: readonly string[] = [...ENTRY_EXTENSIONS, ".cts", ".cjs"];
export const MANIFEST_FILE = "nano.json";
const PACKAGE_FILE = "package.json";
export const ASSETS_DIRECTORY = "assets";
/** In the order in which they are looked for. */
const EXPECTED_ENTRY = `entrypoint in ${MANIFEST_FILE}, or module, main or exports in ${PACKAGE_FILE}, or index or src/index with ${ENTRY_EXTENSIONS.join(" ")}, or ${ASSETS_DIRECTORY}/`;
const MAX_ROUTES = 100;
const MAX_CONFIG_FILE_BYTES = 1024 * 1024;

/** Where an app is: its directory, or one file of it. */
export type AppLocation = { readonly dir: string } | { readonly entrypoint: string };

export interface AppSource {
  readonly directory: string;
  /** From `package.json`, without its scope, or the directory's name. */
  readonly name: string;
  /** Absolute path, or null where the app is only assets. */
  readonly entry: string | null;
  /** Absolute path, or null. */
  readonly assetsDir: string | null;
  /** As its author wrote it; `resolveManifest` applies the defaults. */
  readonly manifest: ManifestInput;
  /** Where its author wants it served, as `HOST` or `HOST/PATH`; whether it may be is the registry's to say. */
  readonly routes: readonly string[];
  /** Files whose change may change all of the above. */
  readonly configFiles: readonly string[];
}

/** What `nano.json` may hold. */
export const nanoFileSchema = manifestInputSchema.extend({
  $schema: z.string().optional(),
  entrypoint: z.string().min(1).optional(),
  /** For `nanoctl deploy`; `nanoctl run` serves an app where its config file or the machine says. */
  routes: z.array(z.string().min(1)).max(MAX_ROUTES).optional(),
});

interface PackageFile {
  readonly name?: unknown;
  readonly main?: unknown;
  readonly module?: unknown;
  readonly exports?: unknown;
}

/** @throws BUNDLE_NO_ENTRY, BUNDLE_BAD_MANIFEST */
export async function findAppSource(location: AppLocation): Promise<AppSource> {
  const directory = await directoryOf(location);
  const nanoFile = join(directory, MANIFEST_FILE);
  const packageFile = join(directory, PACKAGE_FILE);
  const { entrypoint, routes = [], $schema: _, ...manifest } = parseNanoFile(nanoFile, await readJson(nanoFile));
  const packageJson = ((await readJson(packageFile)) ?? {}) as PackageFile;
  const isAssets = (await fileKind(join(directory, ASSETS_DIRECTORY))) === "directory";
  const named = "entrypoint" in location ? resolve(location.entrypoint) : (entrypoint ?? packageEntry(packageJson));
  const entry = await findEntry(directory, named);
  if (entry === null && !isAssets) {
    throw errors.NO_ENTRY({
      directory,
      found: "none",
      expected: EXPECTED_ENTRY,
    });
  }
  return {
    directory,
    name: nameOf(packageJson, directory),
    entry,
    assetsDir: isAssets ? join(directory, ASSETS_DIRECTORY) : null,
    manifest,
    routes,
    configFiles: [nanoFile, packageFile],
  };
}

/** What an app is called, whatever else is wrong with it. */
export async function readAppName(location: AppLocation): Promise<string> {
  const directory = await directoryOf(location).catch(() => null);
  if (directory === null)
    return basename("dir" in location ? resolve(location.dir) : dirname(resolve(location.entrypoint)));
  const packageJson = await readJson(join(directory, PACKAGE_FILE)).catch(() => null);
  return nameOf((packageJson ?? {}) as PackageFile, directory);
}

/** The app's directory, without links. @throws BUNDLE_NO_ENTRY */
export async function directoryOf(location: AppLocation): Promise<string> {
  const path = "dir" in location ? resolve(location.dir) : dirname(resolve(location.entrypoint));
  if ((await fileKind(path)) !== "directory") {
    throw errors.NO_ENTRY({ directory: path, found: "no directory", expected: "the directory of an app" });
  }
  return realpath(path);
}

async function findEntry(directory: string, named: string | null): Promise<string | null> {
  if (named !== null) {
    const path = resolve(directory, named);
    const refuse = (what: string, expected: string) =>
      errors.NO_ENTRY({ directory, found: `${named}, which is ${what}`, expected });
    if ((await fileKind(path)) !== "file") throw refuse("no file", "an entry that exists");
    if (!MODULE_EXTENSIONS.includes(extname(path))) {
      throw refuse("no JavaScript or TypeScript", `a module (${MODULE_EXTENSIONS.join(", ")})`);
    }
    return realpath(path);
  }
  for (const base of ["index", `src${sep}index`]) {
    for (const extension of ENTRY_EXTENSIONS) {
      const path = join(directory, base + extension);
      if ((await fileKind(path)) === "file") return realpath(path);
    }
  }
  return null;
}

function packageEntry(packageJson: PackageFile): string | null {
  const root = readExport(packageJson.exports);
  for (const candidate of [packageJson.module, packageJson.main, root]) {
    if (typeof candidate === "string" && candidate !== "") return candidate;
  }
  return null;
}

/** `exports`, `exports["."]`, or the first of their conditions that a Workers runtime has. */
function readExport(exports: unknown): unknown {
  if (typeof exports !== "object" || exports === null) return exports;
  const table = exports as Readonly<Record<string, unknown>>;
  if ("." in table) return readExport(table["."]);
  for (const condition of ["workerd", "worker", "browser", "import", "default"]) {
    if (condition in table) return readExport(table[condition]);
  }
  return undefined;
}

function nameOf(packageJson: PackageFile, directory: string): string {
  const name = typeof packageJson.name === "string" ? packageJson.name : "";
  return name.slice(name.lastIndexOf("/") + 1) || basename(directory);
}

function parseNanoFile(file: string, value: unknown): z.input<typeof nanoFileSchema> {
  if (value === null) return {};
  const parsed = nanoFileSchema.safeParse(value);
  if (!parsed.success) throw errors.BAD_MANIFEST({ file, problems: listProblems(parsed.error, value) });
  // The text as written, not what the schema made of it: defaults are applied by those who store it.
  return value as z.input<typeof nanoFileSchema>;
}

/** Null where the file is missing. @throws BUNDLE_BAD_MANIFEST */
async function readJson(file: string): Promise<unknown> {
  const info = await stat(file).catch(() => null);
  if (info === null || !info.isFile()) return null;
  const refuse = (problem: Omit<InputProblem, "place">) =>
    errors.BAD_MANIFEST({ file, problems: [{ place: "(file)", ...problem }] });
  if (info.size > MAX_CONFIG_FILE_BYTES) {
    throw refuse({ found: `${info.size} bytes`, expected: `at most ${MAX_CONFIG_FILE_BYTES}` });
  }
  const parsed = parseJsonText(await readFile(file, "utf8"));
  if ("problem" in parsed) throw refuse(parsed.problem);
  const { value } = parsed;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refuse({ found: showValue(value), expected: "an object" });
  }
  return value;
}

async function fileKind(path: string): Promise<"file" | "directory" | "none"> {
  const info = await stat(path).catch(() => null);
  if (info?.isFile()) return "file";
  return info?.isDirectory() ? "directory" : "none";
}
