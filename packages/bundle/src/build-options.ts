/**
 * How esbuild is asked to turn an app's modules into one script.
 *
 * I1 The script is `__nano_app__(function () { …; return exports; })` and does nothing else: no name of the app reaches
 *    the global object, and its modules run when the host calls the factory.
 * I2 Modules are strict, as the language has them; so are CommonJS packages among them.
 * I3 Packages are taken as builds for Workers runtimes take them: conditions `workerd`, `worker` and `browser`, `import`
 *    for imports; where a package knows none of these, its `browser` field counts.
 */
import { join } from "node:path";
import { DEFINE_APP_GLOBAL } from "@nano/web-api/boundary";
import type { BuildOptions } from "esbuild";
import type { AppSource } from "./app-source.ts";
import type { EntryPoint } from "./entry-point.ts";

const EXPORTS_NAME = "__nano_exports";
/** What modules find as `process`: the host's, or an empty environment. A name of the wrapper, so none of the global object. */
const PROCESS_SHIM = "var process = globalThis.process ?? { env: {} };";

export function createBuildOptions(source: AppSource, entry: EntryPoint): BuildOptions & { metafile: true } {
  return {
    ...entry,
    absWorkingDir: source.directory,
    // Never written: it only makes `sources` of the map relative to the app's directory.
    outfile: join(source.directory, "app.js"),
    write: false,
    metafile: true,
    bundle: true,
    // As other builds for Workers: only so does esbuild read the map in a package's `browser` field.
    platform: "browser",
    conditions: ["workerd", "worker", "browser"],
    mainFields: ["browser", "module", "main"],
    // Of the same year as the engine: nothing is lowered, so stacks show what the author wrote.
    target: "esnext",
    format: "iife",
    globalName: EXPORTS_NAME,
    banner: { js: `${DEFINE_APP_GLOBAL}(function () { "use strict"; ${PROCESS_SHIM}` },
    footer: { js: `return ${EXPORTS_NAME}; });` },
    charset: "utf8",
    legalComments: "none",
    sourcemap: "external",
    sourcesContent: true,
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
    loader: { ".txt": "text", ".html": "text", ".md": "text", ".sql": "text", ".bin": "binary", ".wasm": "binary" },
    logLevel: "silent",
    logLimit: 50,
  };
}
