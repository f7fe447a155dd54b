/** A directory of modules in, one script and its source map out. */
import { join, resolve } from "node:path";
import type { ManifestInput } from "@nano/protocol/manifest";
import type { BundleArtifact } from "@nano/protocol/records";
import { type BuildFailure, type BuildResult, build } from "esbuild";
import { type AppLocation, type AppSource, findAppSource } from "./app-source.ts";
import { createBuildOptions } from "./build-options.ts";
import { createBuildError, toSourceProblem } from "./build-problem.ts";
import { resolveEntryPoint } from "./entry-point.ts";
import { errors, type SourceProblem } from "./errors.ts";

/** Largest script: what V8 compiles within an app's init time with room to spare. */
export const MAX_SCRIPT_BYTES = 32 * 1024 * 1024;
export const MAX_SOURCE_MAP_BYTES = 128 * 1024 * 1024;

export type BundleOptions = AppLocation;

export interface BundledApp {
  /** From `package.json` or the directory's name; not checked to be an `AppName`. */
  readonly name: string;
  readonly directory: string;
  /** Null where the app is only assets. */
  readonly artifact: BundleArtifact | null;
  /** Absolute path of the entry, or null. */
  readonly entry: string | null;
  /** Absolute path, or null: pack it by `packAssets`. */
  readonly assetsDir: string | null;
  /** As its author wrote it, defaults not applied. */
  readonly manifest: ManifestInput;
  /** Absolute paths of every file that the bundle was made of, its packages' files included. */
  readonly watchFiles: readonly string[];
  readonly warnings: readonly SourceProblem[];
}

/** @throws every code of `errors.ts` but BUNDLE_TOO_MANY_DIRECTORIES */
export async function bundleApp(options: BundleOptions): Promise<BundledApp> {
  const source = await findAppSource(options);
  return source.entry === null
    ? toBundledApp(source, null)
    : toBundledApp(source, await runBuild(source, source.entry));
}

async function runBuild(source: AppSource, entry: string): Promise<BuildResult> {
  try {
    return await build(createBuildOptions(source, await resolveEntryPoint(source.directory, entry)));
  } catch (error) {
    throw createBuildError((error as Partial<BuildFailure>).errors ?? [], error);
  }
}

/** @internal */
export function toBundledApp(source: AppSource, result: BuildResult | null): BundledApp {
  const inputs = Object.keys(result?.metafile?.inputs ?? {});
  return {
    name: source.name,
    directory: source.directory,
    artifact: result === null ? null : toArtifact(result),
    entry: source.entry,
    assetsDir: source.assetsDir,
    manifest: source.manifest,
    watchFiles: [...source.configFiles, ...inputs.map((path) => resolve(source.directory, path))],
    warnings: (result?.warnings ?? []).map(toSourceProblem),
  };
}

function toArtifact(result: BuildResult): BundleArtifact {
  const find = (suffix: string) => result.outputFiles?.find((file) => file.path.endsWith(suffix));
  const script = find(join("/", "app.js"))?.text ?? "";
  const sourceMap = find(".map")?.text ?? "";
  refuseAbove("script", script, MAX_SCRIPT_BYTES);
  refuseAbove("source map", sourceMap, MAX_SOURCE_MAP_BYTES);
  return { format: 1, script, sourceMap };
}

function refuseAbove(part: string, text: string, limitBytes: number): void {
  const foundBytes = Buffer.byteLength(text);
  if (foundBytes > limitBytes) throw errors.TOO_LARGE({ part, foundBytes, limitBytes });
}
