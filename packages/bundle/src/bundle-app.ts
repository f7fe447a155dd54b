/** A directory of modules in, one script and its source map out. */
import { resolve } from "node:path";
import type { ManifestInput } from "@nano/protocol/manifest";
import type { BundleArtifact } from "@nano/protocol/records";
import { type AppLocation, findAppSource } from "./app-source.ts";
import { ASYNC_HOOKS_NAMESPACE } from "./async-hooks-module.ts";
import type { ScriptForm } from "./build-options.ts";
import { toSourceProblem } from "./build-problem.ts";
import { type BuiltScript, buildScript } from "./build-script.ts";
import { errors, type SourceProblem } from "./errors.ts";
import { RUNTIME_NAMESPACE } from "./runtime-modules.ts";

/** Largest script: what V8 compiles within an app's init time with room to spare. */
export const MAX_SCRIPT_BYTES = 32 * 1024 * 1024;
export const MAX_SOURCE_MAP_BYTES = 128 * 1024 * 1024;

/** Inputs of a bundle that are no files. */
const VIRTUAL = new RegExp(`^(?:${RUNTIME_NAMESPACE}|${ASYNC_HOOKS_NAMESPACE}):`);

export type BundleOptions = AppLocation & {
  /** What the app was the last time: where it still is, this saves a build. @default "sync" */
  readonly expectedForm?: ScriptForm;
};

export interface BundledApp {
  /** From `package.json` or the directory's name; not checked to be an `AppName`. */
  readonly name: string;
  readonly directory: string;
  /** Null where the app is only assets. */
  readonly artifact: BundleArtifact | null;
  /** Null where the app is only assets. */
  readonly form: ScriptForm | null;
  /** Absolute path of the entry, or null. */
  readonly entry: string | null;
  /** Absolute path, or null: pack it by `packAssets`. */
  readonly assetsDir: string | null;
  /** As its author wrote it, defaults not applied. */
  readonly manifest: ManifestInput;
  /** Of its `nano.json`, as `HOST` or `HOST/PATH`; not checked to be routes. */
  readonly routes: readonly string[];
  /** Absolute paths of every file that the bundle was made of, its packages' files included. */
  readonly watchFiles: readonly string[];
  readonly warnings: readonly SourceProblem[];
}

/** @throws every code of `errors.ts` but BUNDLE_TOO_MANY_DIRECTORIES */
export async function bundleApp(options: BundleOptions): Promise<BundledApp> {
  const source = await findAppSource(options);
  const built = source.entry === null ? null : await buildScript(source, source.entry, options.expectedForm ?? "sync");
  return {
    name: source.name,
    directory: source.directory,
    artifact: built === null ? null : toArtifact(built),
    form: built?.form ?? null,
    entry: source.entry,
    assetsDir: source.assetsDir,
    manifest: source.manifest,
    routes: source.routes,
    watchFiles: [...source.configFiles, ...listFiles(source.directory, built?.inputs ?? {})],
    warnings: (built?.warnings ?? []).map(toSourceProblem),
  };
}

function toArtifact({ script, sourceMap, wasm }: BuiltScript): BundleArtifact {
  refuseAbove("script", script, MAX_SCRIPT_BYTES);
  refuseAbove("source map", sourceMap, MAX_SOURCE_MAP_BYTES);
  return { format: 1, script, sourceMap, ...(wasm.length === 0 ? {} : { wasm }) };
}

/** esbuild tells apart how a file was imported: by `?module`, by attributes. */
function listFiles(directory: string, inputs: BuiltScript["inputs"]): readonly string[] {
  const paths = Object.entries(inputs)
    .filter(([input]) => !VIRTUAL.test(input))
    .map(([input, { with: attributes }]) => (attributes === undefined ? input : input.replace(/ with \{[^}]*\}$/, "")))
    .map((input) => resolve(directory, input.replace(/\.wasm\?module$/, ".wasm")));
  return [...new Set(paths)];
}

function refuseAbove(part: string, text: string, limitBytes: number): void {
  const foundBytes = Buffer.byteLength(text);
  if (foundBytes > limitBytes) throw errors.TOO_LARGE({ part, foundBytes, limitBytes });
}
