/**
 * Builds dist/web-api.js: one script, run once per context before tenant code, or kept in a heap snapshot.
 *
 * I1 The secret stands in no function that tenant code can see: `Function.prototype.toString` shows a function's own text,
 *    so the literal is outside of all of them but the outermost, which nobody holds.
 * I2 What `main.ts` does not import is a function that runs when it is first needed (build-lazy.ts).
 */
import { type BuildOptions, build, transform } from "esbuild";
import {
  EAGER_NAME,
  type EagerUses,
  eagerModules,
  entryText,
  LOAD_NAME,
  lazyModuleText,
  type ModuleGraph,
  readGraph,
} from "./build-lazy.ts";
import { SCRIPT_SEPARATOR, SECRET_PLACEHOLDER } from "./src/boundary.ts";

const MAIN = "src/main.ts";

const OPTIONS = {
  absWorkingDir: import.meta.dirname,
  bundle: true,
  write: false,
  format: "iife",
  target: "es2024",
  platform: "neutral",
  // CommonJS builds of packages: they stay one function each.
  mainFields: ["main"],
  conditions: ["require"],
  legalComments: "none",
  logLevel: "warning",
} satisfies BuildOptions;

/** Where a part leaves its lazy modules for the last part, which takes the name off the global again. */
const MODULES_NAME = "__nano_modules__";
/** The engine keeps a string beyond 128 KiB as a large object. */
const PART_LIMIT_UNITS = 120 * 1024;

/** Loads a lazy module once; the bindings of an eager one are looked up anew by each lazy module that takes some. */
const LOADER = `const modules=globalThis.${MODULES_NAME},loaded={__proto__:null};delete globalThis.${MODULES_NAME};
const ${EAGER_NAME}=(module)=>${EAGER_NAME}.find(module),
${LOAD_NAME}=(module)=>loaded[module]??=modules[module](${LOAD_NAME},${EAGER_NAME});`;

/** Builds the script and answers its text, without writing it. */
export async function buildWebApi(): Promise<string> {
  const { metafile } = await build({ ...OPTIONS, entryPoints: [MAIN], metafile: true });
  const graph = readGraph(metafile, MAIN);
  const uses: EagerUses = new Map();
  const parts = await lazyParts(graph, uses);
  const { outputFiles } = await build({
    ...OPTIONS,
    stdin: { contents: entryText(MAIN, uses), resolveDir: import.meta.dirname },
    plugins: [eagerModules(graph)],
  });
  const [eager] = outputFiles;
  if (eager === undefined) throw new Error("esbuild wrote nothing");
  const main = await minify(`(()=>{${LOADER}${eager.text}})()`);
  parts.push(`(()=>{"use strict";const __nano_secret__=${JSON.stringify(SECRET_PLACEHOLDER)};${main}})();\n`);
  return parts.join(`${SCRIPT_SEPARATOR}\n`);
}

/** The lazy modules, in as few parts as the limit allows. */
async function lazyParts(graph: ModuleGraph, uses: EagerUses): Promise<string[]> {
  const parts: string[] = [];
  let members = "";
  const close = (): void => {
    if (members !== "")
      parts.push(`(globalThis.${MODULES_NAME}??={__proto__:null},(()=>{"use strict";${members}})());\n`);
    members = "";
  };
  for (const module of graph.lazy) {
    const text = await minify(
      `globalThis.${MODULES_NAME}[${JSON.stringify(module)}]=${await lazyModuleText(module, graph, uses)};`,
    );
    if (members.length + text.length > PART_LIMIT_UNITS) close();
    members += text;
  }
  close();
  return parts;
}

async function minify(script: string): Promise<string> {
  return (await transform(script, { minify: true, target: "es2024", legalComments: "none" })).code;
}

if (import.meta.main) {
  const { mkdir, writeFile } = await import("node:fs/promises");
  const folder = new URL("dist/", import.meta.url);
  await mkdir(folder, { recursive: true });
  await writeFile(new URL("web-api.js", folder), await buildWebApi());
}
