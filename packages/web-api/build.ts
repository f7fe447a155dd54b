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
  readGraph,
} from "./build-lazy.ts";
import { SECRET_PLACEHOLDER } from "./src/boundary.ts";

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

/** Loads a lazy module once; the bindings of an eager one are looked up anew by each lazy module that takes some. */
const LOADER = `const ${EAGER_NAME}=(module)=>${EAGER_NAME}.find(module),loaded={__proto__:null},
${LOAD_NAME}=(module)=>loaded[module]??=modules[module]();`;

/** Builds the script and answers its text, without writing it. */
export async function buildWebApi(): Promise<string> {
  const { metafile } = await build({ ...OPTIONS, entryPoints: [MAIN], metafile: true });
  const graph = readGraph(metafile, MAIN);
  const uses: EagerUses = new Map();
  const modules: string[] = [];
  for (const module of graph.lazy) {
    modules.push(`${JSON.stringify(module)}:${await lazyModuleText(module, graph, uses)}`);
  }
  const { outputFiles } = await build({
    ...OPTIONS,
    stdin: { contents: entryText(MAIN, uses), resolveDir: import.meta.dirname },
    plugins: [eagerModules(graph)],
  });
  const [eager] = outputFiles;
  if (eager === undefined) throw new Error("esbuild wrote nothing");
  const script = `(()=>{const modules={__proto__:null,${modules.join(",")}};${LOADER}${eager.text}})()`;
  // The text is part of each snapshot: 70 KB less of it is 0.08 ms less per cold start.
  const { code } = await transform(script, { minify: true, target: "es2024", legalComments: "none" });
  return `(()=>{"use strict";const __nano_secret__=${JSON.stringify(SECRET_PLACEHOLDER)};${code}})();\n`;
}

if (import.meta.main) {
  const { mkdir, writeFile } = await import("node:fs/promises");
  const folder = new URL("dist/", import.meta.url);
  await mkdir(folder, { recursive: true });
  await writeFile(new URL("web-api.js", folder), await buildWebApi());
}
