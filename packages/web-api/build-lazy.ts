/**
 * Turns modules that are only ever `require`d into functions that run when they are first asked for.
 *
 * esbuild's own form of a lazy module hoists its functions and its export getters to the script's top level, where every
 * cold start and every context pays for them: 0.4 ms of 1.9 ms here. In this form a module costs one closure.
 *
 * I1 A module is eager if `main.ts` reaches it by import statements alone; all others are lazy.
 * I2 A lazy module sees the bindings of eager ones as they are when it is first loaded: eager modules do not reassign
 *    exports after their top level.
 * I3 Lazy modules import each other without circles: a binding is read once, when the importer is loaded.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { type BuildOptions, build, type Metafile, type Plugin } from "esbuild";

/** Free names of the modules: parameters of a lazy one, constants around the eager ones. */
export const LOAD_NAME = "__nano_load__";
export const EAGER_NAME = "__nano_eager__";

const ROOT = import.meta.dirname;
const IMPORT = /^import (?:\{([^}]*)\}|\* as (\w+)) from "([^"]+)";$/gm;
const BARE_IMPORT = /^import "([^"]+)";$/gm;
const EXPORT = /^export \{([^}]*)\};$/gm;
const REQUIRE = /\brequire\("([^"]+)"\)/g;

export interface ModuleGraph {
  /** Paths from the package's root, as are all of this file. */
  readonly eager: ReadonlySet<string>;
  readonly lazy: readonly string[];
  /** The module that a specifier of another means. */
  resolve(importer: string, specifier: string): string;
}

/** Follows the imports from an entry and says what is eager. */
export function readGraph(metafile: Metafile, entry: string): ModuleGraph {
  const eager = new Set<string>();
  const pending = [entry];
  for (let module = pending.pop(); module !== undefined; module = pending.pop()) {
    if (eager.has(module)) continue;
    eager.add(module);
    for (const imported of metafile.inputs[module]?.imports ?? []) {
      if (imported.kind === "import-statement") pending.push(imported.path);
    }
  }
  return {
    eager,
    lazy: Object.keys(metafile.inputs).filter((module) => !eager.has(module)),
    resolve(importer, specifier) {
      const found = metafile.inputs[importer]?.imports.find((imported) => imported.original === specifier);
      if (found === undefined) throw new Error(`${importer} does not import ${specifier}`);
      return found.path;
    },
  };
}

/** What lazy modules take of eager ones: names by module. */
export type EagerUses = Map<string, Set<string>>;

/** The text of a lazy module as `(load,eager)=>{…; return exports}`; notes what it takes of eager modules. */
export async function lazyModuleText(module: string, graph: ModuleGraph, uses: EagerUses): Promise<string> {
  const source = await readFile(path.join(ROOT, module), "utf8");
  // A CommonJS package: it finds module and exports, and nothing to import.
  if (!module.endsWith(".ts")) {
    return `()=>{const module={exports:{}},exports=module.exports;${source}\nreturn module.exports}`;
  }
  const text = await moduleText(module, replaceRequires(source, module, graph));
  let exported = "";
  const body = text
    .replace(EXPORT, (_all, names: string) => {
      exported += names.replace(/(\w+) as (\w+)/g, "$2:$1");
      return "";
    })
    .replace(IMPORT, (_all, names: string | undefined, namespace: string | undefined, specifier: string) => {
      const target = graph.resolve(module, specifier);
      if (names === undefined) return `const ${namespace}=${LOAD_NAME}(${JSON.stringify(target)});`;
      const isEager = graph.eager.has(target);
      if (isEager) for (const name of names.split(",")) noteUse(uses, target, name.trim().split(" as ")[0] ?? "");
      const pattern = names.replace(/(\w+) as (\w+)/g, "$1:$2");
      return `const {${pattern}}=${isEager ? EAGER_NAME : LOAD_NAME}(${JSON.stringify(target)});`;
    })
    .replace(BARE_IMPORT, "");
  if (/^(?:import|export)\b/m.test(body)) throw new Error(`${module} has an import or export of an unknown form`);
  return `(${LOAD_NAME},${EAGER_NAME})=>{${body}\nreturn{${exported}}}`;
}

/** In eager modules, `require` becomes the call that loads a lazy module. */
export function eagerModules(graph: ModuleGraph): Plugin {
  return {
    name: "eager-modules",
    setup(esbuild) {
      esbuild.onLoad({ filter: /\.ts$/ }, async ({ path: file }) => {
        const module = path.relative(ROOT, file);
        if (!graph.eager.has(module)) return undefined;
        const contents = replaceRequires(await readFile(file, "utf8"), module, graph);
        return { contents, loader: "ts" };
      });
    },
  };
}

/** An entry that hands the bindings of eager modules to lazy ones, and then runs `main`. */
export function entryText(main: string, uses: EagerUses): string {
  const imports: string[] = [];
  const cases: string[] = [];
  for (const [module, names] of uses) {
    const namespace = `module${imports.length}`;
    imports.push(`import * as ${namespace} from "./${module}";`);
    const members = [...names].map((name) => `${name}:${namespace}.${name}`);
    cases.push(`case ${JSON.stringify(module)}:return{${members.join(",")}};`);
  }
  return `${imports.join("")}import "./${main}";${EAGER_NAME}.find=(module)=>{switch(module){${cases.join("")}}};`;
}

function replaceRequires(text: string, module: string, graph: ModuleGraph): string {
  return text.replace(
    REQUIRE,
    (_all, specifier: string) => `${LOAD_NAME}(${JSON.stringify(graph.resolve(module, specifier))})`,
  );
}

function noteUse(uses: EagerUses, module: string, name: string): void {
  if (name === "") return;
  const names = uses.get(module) ?? new Set();
  uses.set(module, names.add(name));
}

/** One module as JavaScript, its imports as statements of one line each. */
async function moduleText(module: string, contents: string): Promise<string> {
  const options = {
    stdin: { contents, loader: "ts", resolveDir: path.dirname(path.join(ROOT, module)), sourcefile: module },
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    platform: "neutral",
    logLevel: "warning",
    plugins: [
      {
        name: "one-module",
        setup(esbuild) {
          esbuild.onResolve({ filter: /.*/ }, () => ({ external: true }));
        },
      },
    ],
  } satisfies BuildOptions;
  const [file] = (await build(options)).outputFiles ?? [];
  if (file === undefined) throw new Error(`esbuild wrote nothing for ${module}`);
  // Statements of several lines become one, which is what the patterns above expect.
  return file.text.replace(/^(?:import|export) \{[^}]*\}/gm, (list) => list.replace(/\s+/g, " "));
}
