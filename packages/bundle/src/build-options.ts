/**
 * How esbuild is asked to turn an app's modules into one script.
 *
 * I1 The script is one call of `__nano_app__` with a factory and does nothing else: no name of the app reaches the global
 *    object, and its modules run when the host calls the factory. A module with top-level await makes the factory async.
 * I2 Modules are strict, as the language has them; so are CommonJS packages among them.
 * I3 Packages are taken as builds for Workers runtimes take them: conditions `workerd`, `worker` and `browser`, `import`
 *    for imports; where a package knows none of these, its `browser` field counts.
 * I4 Of the wrapper, modules see nothing that they could take for their own.
 */
import { join } from "node:path";
import { DEFINE_APP_GLOBAL } from "@nano/web-api/boundary";
import type { BuildOptions } from "esbuild";
import type { AppSource } from "./app-source.ts";
import { asyncHooksModule } from "./async-hooks-module.ts";
import { bytesImports } from "./bytes-imports.ts";
import type { EntryPoint } from "./entry-point.ts";
import { TEXT_EXTENSIONS } from "./file-kinds.ts";
import { FREE_NAME_DEFINES, FREE_NAMES_DECLARATION, freeNamesPath } from "./free-names.ts";
import { nodeImports } from "./node-imports.ts";
import { ENV_NAME, NODE_HOST_NAME, runtimeModules } from "./runtime-modules.ts";
import { unfitPackages } from "./unfit-packages.ts";
import { TAKE_WASM_NAME, type WasmImports } from "./wasm-imports.ts";

/** Whether the factory is an async function. */
export type ScriptForm = "sync" | "async";

export const SCRIPT_FILE = "app.js";
/** Not every engine that NANO runs on has `Uint8Array.fromBase64`; and V8 14 dies where a top level with `using` is serialised. */
export const UNSUPPORTED = { "from-base64": false, using: false };
const EXPORTS_NAME = "__nano_exports";
// No `env`: an author who forgot the handler's parameter would be given the variables without the secrets.
const FACTORY = `function (${ENV_NAME}, ${TAKE_WASM_NAME}, ${NODE_HOST_NAME}) { "use strict";${FREE_NAMES_DECLARATION}`;

export function createBuildOptions(
  source: AppSource,
  entry: EntryPoint,
  options: { readonly form: ScriptForm; readonly wasm: WasmImports; readonly freeNames: readonly string[] },
): BuildOptions & { metafile: true } {
  return {
    ...entry,
    ...wrapperOf(options.form),
    absWorkingDir: source.directory,
    // Never written: it only makes `sources` of the map relative to the app's directory.
    outfile: join(source.directory, SCRIPT_FILE),
    write: false,
    metafile: true,
    bundle: true,
    // As other builds for Workers: only so does esbuild read the map in a package's `browser` field.
    platform: "browser",
    conditions: ["workerd", "worker", "browser"],
    mainFields: ["browser", "module", "main"],
    // Of the same year as the engine: nothing is lowered, so stacks show what the author wrote.
    target: "esnext",
    // One character beyond Latin-1 has V8 keep the whole text of the script in two bytes each, in every snapshot.
    charset: "ascii",
    legalComments: "none",
    sourcemap: "external",
    sourcesContent: true,
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"production"', global: "globalThis", ...FREE_NAME_DEFINES },
    inject: options.freeNames.length === 0 ? [] : [freeNamesPath(options.freeNames)],
    loader: Object.fromEntries(TEXT_EXTENSIONS.map((extension) => [extension, "text"])),
    plugins: [unfitPackages, nodeImports, asyncHooksModule, runtimeModules, bytesImports, options.wasm.plugin],
    logLevel: "silent",
    logLimit: 50,
  };
}

function wrapperOf(form: ScriptForm): BuildOptions {
  const supported = UNSUPPORTED;
  if (form === "sync") {
    return {
      format: "iife",
      globalName: EXPORTS_NAME,
      banner: { js: `${DEFINE_APP_GLOBAL}(${FACTORY}` },
      footer: { js: `return ${EXPORTS_NAME}; });` },
      supported,
    };
  }
  return {
    format: "esm",
    // A block, so that the app's names stand beside the wrapper's, not among them. `finishAsyncScript` closes it.
    banner: { js: `${DEFINE_APP_GLOBAL}(async ${FACTORY} {` },
    supported: { ...supported, "import-meta": false },
  };
}
