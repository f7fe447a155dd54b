/**
 * One script of an app's modules, in the form that they need.
 *
 * esbuild refuses top-level await in the form that most apps get, so that an app with it is built twice: unless the caller
 * knows what it was the last time.
 */
import { basename } from "node:path";
import { isNanoError } from "@nano/protocol/errors";
import { type BuildFailure, type BuildOptions, type BuildResult, build, type Message, type Metafile } from "esbuild";
import type { AppSource } from "./app-source.ts";
import { usesAsyncHooks } from "./async-hooks-module.ts";
import { refuseUnawaitable } from "./await-order.ts";
import { createBuildOptions, SCRIPT_FILE, type ScriptForm } from "./build-options.ts";
import { createBuildError, isTopLevelAwait } from "./build-problem.ts";
import { resolveEntryPoint } from "./entry-point.ts";
import { errors } from "./errors.ts";
import { dropUnusedDeclaration, neededNames } from "./free-names.ts";
import { lowerAsync } from "./lower-async.ts";
import { splitExports } from "./module-exports.ts";
import { awaitWrappedModules, doesParse, hasTopLevelAwait } from "./top-level-await.ts";
import { createWasmImports } from "./wasm-imports.ts";

export interface BuiltScript {
  readonly form: ScriptForm;
  readonly script: string;
  readonly sourceMap: string;
  /** Base64, by their numbers in the script. */
  readonly wasm: readonly string[];
  readonly inputs: Metafile["inputs"];
  readonly warnings: readonly Message[];
}

/** @param expectedForm tried first. @throws BUNDLE_… */
export async function buildScript(source: AppSource, entry: string, expectedForm: ScriptForm): Promise<BuiltScript> {
  if (expectedForm === "async") {
    const built = await buildAsync(source, entry);
    if (built.isAwaiting) return built;
  }
  try {
    const { result, script, wasm } = await runBuild(source, entry, "sync");
    return { form: "sync", ...(await finish(result, script)), wasm };
  } catch (error) {
    if (!messagesOf(error).some(isTopLevelAwait)) throw toBuildError(error);
  }
  return buildAsync(source, entry);
}

async function buildAsync(source: AppSource, entry: string): Promise<BuiltScript & { readonly isAwaiting: boolean }> {
  const { result, script, wasm } = await runBuild(source, entry, "async").catch((error: unknown) => {
    throw toBuildError(error);
  });
  const { inputs } = result.metafile;
  const { text, asyncPaths } = awaitWrappedModules(script);
  await refuseUnawaitable({ directory: source.directory, inputs, asyncPaths });
  const names = result.metafile.outputs[SCRIPT_FILE]?.exports ?? [];
  const module = splitExports(text, names);
  const whole = module === null ? "" : `${module.body}return ${module.exported}; } });\n`;
  if (module === null || !doesParse(whole)) throw errors.UNKNOWN_OUTPUT({ names });
  // The first line is the wrapper's.
  const isAwaiting = hasTopLevelAwait(module.body.slice(module.body.indexOf("\n") + 1));
  return { form: "async", ...(await finish(result, whole)), wasm, isAwaiting };
}

type Result = BuildResult<BuildOptions & { metafile: true; write: false }>;

async function runBuild(source: AppSource, entry: string, form: ScriptForm) {
  const entryPoint = await resolveEntryPoint(source.directory, entry);
  const run = async (freeNames: readonly string[]) => {
    const wasm = createWasmImports();
    const options = createBuildOptions(source, entryPoint, { form, wasm, freeNames });
    const result: Result = await build({ ...options, write: false });
    return { result, wasm };
  };
  let { result, wasm } = await run([]);
  const freeNames = neededNames(outputOf(result, SCRIPT_FILE), outputOf(result, `${SCRIPT_FILE}.map`));
  if (freeNames.length > 0) ({ result, wasm } = await run(freeNames));
  return { result, ...wasm.number(dropUnusedDeclaration(outputOf(result, SCRIPT_FILE))) };
}

function messagesOf(error: unknown): readonly Message[] {
  return (error as Partial<BuildFailure>).errors ?? [];
}

function toBuildError(error: unknown): unknown {
  return isNanoError(error) ? error : createBuildError(messagesOf(error), error);
}

/** Lowers the script of an app that carries contexts. */
async function finish(result: Result, script: string) {
  const { inputs, outputs } = result.metafile;
  const built = { script, sourceMap: outputOf(result, `${SCRIPT_FILE}.map`) };
  const whole = usesAsyncHooks(outputs) ? await lowerAsync(built) : built;
  if (whole === null) throw errors.UNKNOWN_OUTPUT({ names: outputs[SCRIPT_FILE]?.exports ?? [] });
  return { ...whole, inputs, warnings: result.warnings };
}

/** There may be others: style sheets with names of their own leave one. */
function outputOf(result: Result, name: string): string {
  return result.outputFiles.find(({ path }) => basename(path) === name)?.text ?? "";
}
