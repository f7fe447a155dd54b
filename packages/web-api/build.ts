/**
 * Builds dist/web-api.js: one script, run once per context before tenant code, or kept in a heap snapshot.
 *
 * I1 The secret stands in no function that tenant code can see: `Function.prototype.toString` shows a function's own text,
 *    so the literal is outside of all of them but the outermost, which nobody holds.
 * I2 What `main.ts` does not import is a function that runs when it is first needed (build-lazy.ts).
 */
import { type BuildOptions, build, transform } from "esbuild";
import {
  BIND_NAME,
  EAGER_NAME,
  EagerUses,
  eagerModules,
  entryText,
  FIND_NAME,
  GROUP_NAME,
  GROUP_SIZE,
  LOAD_NAME,
  lazyModuleText,
  METHODS_NAME,
  type ModuleGraph,
  readGraph,
} from "./build-lazy.ts";
import {
  GROUP_PART_END,
  GROUP_PART_START,
  SCRIPT_SEPARATOR,
  SECRET_PLACEHOLDER,
  TOUCHED_PLACEHOLDER,
} from "./src/boundary.ts";

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

/** Where the parts of groups leave them for the last part, which takes the name off the global again. */
const MODULES_NAME = "__nano_modules__";

/** Loads a lazy module once; its lists inherit nothing, since what an app puts on Array.prototype is no module. The bindings of an eager one are looked up anew by each lazy module that takes some. */
const LOADER = `const listOf=(list)=>Object.setPrototypeOf(list,null),groups=listOf(globalThis.${MODULES_NAME}??[]),loaded=listOf([]),bound=listOf([]);delete globalThis.${MODULES_NAME};
let ${FIND_NAME},${METHODS_NAME},${GROUP_NAME};
const uncurry=Function.prototype.bind.bind(Function.prototype.call),
${EAGER_NAME}=(module)=>${FIND_NAME}(module),
${BIND_NAME}=(number)=>bound[number]??=uncurry(${METHODS_NAME}[number]),
evaluate=(id)=>(groups[id/${GROUP_SIZE}|0]??=${GROUP_NAME}(id/${GROUP_SIZE}|0))()[id%${GROUP_SIZE}](${LOAD_NAME},${EAGER_NAME},${BIND_NAME}),
${LOAD_NAME}=(id)=>loaded[id]??=evaluate(id),
__nano_touched__=()=>{let list="";for(let id=0;id<loaded.length;id++)if(loaded[id]!==undefined)list+=id+",";return list},
__nano_drop__=()=>{for(let group=0;group<groups.length;group++){let id=group*${GROUP_SIZE};const end=id+${GROUP_SIZE};while(id<end&&loaded[id]===undefined)id++;if(id===end)groups[group]=undefined}};`;
/** Loads what the app is known to touch, last of all. A number of no module is passed over. */
const TOUCH = `for(const text of ${JSON.stringify(TOUCHED_PLACEHOLDER)}.split(",")){
const id=text===""?-1:+text;if(groups[id/${GROUP_SIZE}|0]?.()[id%${GROUP_SIZE}]!==undefined)${LOAD_NAME}(id)}`;

/** Builds the script and answers its text, without writing it. */
export async function buildWebApi(): Promise<string> {
  const { metafile } = await build({ ...OPTIONS, entryPoints: [MAIN], metafile: true });
  const graph = readGraph(metafile, MAIN);
  const uses = new EagerUses();
  const parts = await groupParts(graph, uses);
  const { outputFiles } = await build({
    ...OPTIONS,
    stdin: { contents: entryText(MAIN, uses), resolveDir: import.meta.dirname, loader: "ts" },
    plugins: [eagerModules(graph)],
  });
  const [eager] = outputFiles;
  if (eager === undefined) throw new Error("esbuild wrote nothing");
  const main = await minify(`(()=>{${LOADER}${eager.text}${TOUCH}})()`);
  parts.push(`(()=>{"use strict";const __nano_secret__=${JSON.stringify(SECRET_PLACEHOLDER)};${main}})();\n`);
  return parts.join(`${SCRIPT_SEPARATOR}\n`);
}

/** The groups of lazy modules, each a part: as arguments, since a function that is assigned is given a name, three strings long. */
async function groupParts(graph: ModuleGraph, uses: EagerUses): Promise<string[]> {
  const parts: string[] = [];
  for (const group of graph.lazy) {
    const texts: string[] = [];
    // One after the other: each numbers what it uses of the eager modules, and the script's digest is part of the engine's fingerprint.
    for (const module of group) texts.push(await lazyModuleText(module, graph, uses));
    // Assigned while it is minified: what nobody uses is dropped.
    const assigned = await minify(`${MODULES_NAME}=()=>[${texts.join(",")}]`);
    const text = assigned.slice(MODULES_NAME.length + 1).replace(/;\s*$/, "");
    parts.push(`${GROUP_PART_START}${text}${GROUP_PART_END}`);
  }
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
