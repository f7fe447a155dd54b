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
import { hideSlots, POLYFILL } from "./build-streams.ts";
import { GuestEvent, HostOp } from "./src/boundary.ts";

/** Free names of the modules: parameters of a lazy one, constants around the eager ones. */
export const LOAD_NAME = "__nano_load__";
export const EAGER_NAME = "__nano_eager__";
export const BIND_NAME = "__nano_bind__";
/** What the entry sets for them: a function that finds the bindings of eager modules, and the methods that `BIND_NAME` uncurries. */
export const FIND_NAME = "__nano_find__";
export const METHODS_NAME = "__nano_methods__";
/** What the entry sets, too: a function that makes a group whose text the host has. */
export const GROUP_NAME = "__nano_group__";

/** The number of a module is that of its group times this, and its place there. */
export const GROUP_SIZE = 16;
/** Of source, comments included: about half as much is compiled when one of the group is first loaded. */
const GROUP_SOURCE_BYTES = 20 * 1024;

const ROOT = import.meta.dirname;
const IMPORT = /^import (?:\{([^}]*)\}|\* as (\w+)) from "([^"]+)";$/gm;
const BARE_IMPORT = /^import "([^"]+)";$/gm;
const EXPORT = /^export \{([^}]*)\};$/gm;
const REQUIRE = /\brequire\("([^"]+)"\)/g;
/** The beginning of `export const Name = uncurryThis(method)`; its annotations are comments. */
const UNCURRIED = /^export const (\w+) = (?:\/\* @__PURE__ \*\/ )?uncurryThis\(/gm;
const CONSTANT = /\b(GuestEvent|HostOp)\.([A-Z_]+)\b/g;
const CONSTANT_IMPORT = /^import \{ (?:GuestEvent|HostOp)(?:, (?:GuestEvent|HostOp))? \} from "[^"]*boundary\.ts";$/gm;
const CONSTANT_NAME =
  /\b(?:GuestEvent|HostOp), (?=[^\n]*boundary\.ts";$)|, (?:GuestEvent|HostOp)\b(?=[^\n]*boundary\.ts";$)/gm;

export interface ModuleGraph {
  /** Paths from the package's root, as are all of this file. */
  readonly eager: ReadonlySet<string>;
  /** Groups of a few modules each: a group costs one closure until one of it is loaded, and compiles together. */
  readonly lazy: readonly (readonly string[])[];
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
    lazy: groupModules(Object.entries(metafile.inputs).filter(([module]) => !eager.has(module))),
    resolve(importer, specifier) {
      const found = metafile.inputs[importer]?.imports.find((imported) => imported.original === specifier);
      if (found === undefined) throw new Error(`${importer} does not import ${specifier}`);
      return found.path;
    },
  };
}

/** Modules that were found one after another belong together more often than not. A large one is a group of its own. */
function groupModules(inputs: readonly (readonly [module: string, input: { readonly bytes: number }])[]): string[][] {
  const groups: string[][] = [];
  let room = 0;
  for (const [module, { bytes }] of inputs) {
    const last = groups.at(-1);
    if (last === undefined || bytes > room || last.length === GROUP_SIZE) {
      groups.push([module]);
      room = GROUP_SOURCE_BYTES - bytes;
    } else {
      last.push(module);
      room -= bytes;
    }
  }
  return groups;
}

/** What lazy modules take of eager ones. */
export class EagerUses {
  /** Names by module. */
  readonly names = new Map<string, Set<string>>();
  /** Expressions of methods that are uncurried for the first who needs them: the place of one is its number. */
  readonly methods: string[] = [];
  readonly #numbers = new Map<string, number>();

  note(module: string, name: string): void {
    const names = this.names.get(module) ?? new Set();
    this.names.set(module, names.add(name));
  }

  numberOf(method: string): number {
    const known = this.#numbers.get(method);
    if (known !== undefined) return known;
    this.#numbers.set(method, this.methods.length);
    return this.methods.push(method) - 1;
  }
}

/** The text of a lazy module as `(load,eager,bind)=>{…; return exports}`; notes what it takes of eager modules. */
export async function lazyModuleText(module: string, graph: ModuleGraph, uses: EagerUses): Promise<string> {
  let source = inlineConstants(await readFile(path.join(ROOT, module), "utf8"));
  // A CommonJS package: it finds module and exports, and nothing to import.
  if (!module.endsWith(".ts")) {
    if (module.endsWith(POLYFILL)) source = hideSlots(source);
    return `()=>{const module={exports:{}},exports=module.exports;${source}\nreturn module.exports}`;
  }
  const text = await moduleText(module, replaceRequires(source, module, graph));
  const uncurried = await uncurriedMethods();
  let exported = "__proto__:null,";
  const body = text
    .replace(EXPORT, (_all, names: string) => {
      exported += names.replace(/(\w+) as (\w+)/g, "$2:$1");
      return "";
    })
    .replace(IMPORT, (_all, names: string | undefined, namespace: string | undefined, specifier: string) => {
      const target = graph.resolve(module, specifier);
      if (names === undefined) return `const ${namespace}=${LOAD_NAME}(${idOf(target, graph)});`;
      if (!graph.eager.has(target)) {
        return `const {${names.replace(/(\w+) as (\w+)/g, "$1:$2")}}=${LOAD_NAME}(${idOf(target, graph)});`;
      }
      const bound: string[] = [];
      const taken: string[] = [];
      for (const item of names.split(",")) {
        const [name = "", alias = name] = item.trim().split(" as ");
        if (name === "") continue;
        const method =
          target.endsWith("primordials.ts") || target.endsWith("intrinsics.ts") ? uncurried.get(name) : null;
        if (method) bound.push(`${alias}=${BIND_NAME}(${uses.numberOf(method)})`);
        else {
          uses.note(target, name);
          taken.push(`${name}:${alias}`);
        }
      }
      return (
        (bound.length > 0 ? `const ${bound.join(",")};` : "") +
        (taken.length > 0 ? `const {${taken.join(",")}}=${EAGER_NAME}(${JSON.stringify(target)});` : "")
      );
    })
    .replace(BARE_IMPORT, "");
  if (/^(?:import|export)\b/m.test(body)) throw new Error(`${module} has an import or export of an unknown form`);
  return `(${LOAD_NAME},${EAGER_NAME},${BIND_NAME})=>{${body}\nreturn{${exported}}}`;
}

/** In eager modules, `require` becomes the call that loads a lazy module. */
export function eagerModules(graph: ModuleGraph): Plugin {
  return {
    name: "eager-modules",
    setup(esbuild) {
      esbuild.onLoad({ filter: /\.ts$/ }, async ({ path: file }) => {
        const module = path.relative(ROOT, file);
        if (!graph.eager.has(module)) return undefined;
        const contents = replaceRequires(inlineConstants(await readFile(file, "utf8")), module, graph);
        return { contents, loader: "ts" };
      });
    },
  };
}

/** An entry, in TypeScript, that hands the bindings of eager modules to lazy ones, and then runs `main`. */
export function entryText(main: string, uses: EagerUses): string {
  const imports = METHOD_MODULES.map(({ module, helpers }) => `import {${helpers.join(",")}} from "./${module}";`);
  const cases: string[] = [];
  for (const [module, names] of uses.names) {
    const namespace = `module${imports.length}`;
    imports.push(`import * as ${namespace} from "./${module}";`);
    const members = [...names].map((name) => `${name}:${namespace}.${name}`);
    cases.push(`case ${JSON.stringify(module)}:return{__proto__:null,${members.join(",")}};`);
  }
  const find = `(module)=>{switch(module){${cases.join("")}}}`;
  // `eval` under another name is the engine's own of the whole realm, taken before tenant code.
  const group = `((evaluate)=>(group)=>evaluate(callHost(${HostOp.MODULE_GROUP},0,group)))(globalThis.eval)`;
  // The methods are taken when `main` has run: what they refer to is no name that it redefines.
  return `${imports.join("")}import {callHost} from "./src/host.ts";import "./${main}";${GROUP_NAME}=${group};${METHODS_NAME}=[${uses.methods.join(",")}];${FIND_NAME}=${find};`;
}

/** Where methods are uncurried, and what their expressions refer to there. */
const METHOD_MODULES = [
  { module: "src/primordials.ts", helpers: ["getterOf", "TypedArrayPrototype", "DatePrototype"] },
  { module: "src/leaf/intrinsics.ts", helpers: [] },
];

/** By the name of their export, the expressions of the methods that `uncurryThis` is given. */
async function uncurriedMethods(): Promise<Map<string, string>> {
  const methods = new Map<string, string>();
  for (const { module } of METHOD_MODULES) {
    const source = await readFile(path.join(ROOT, module), "utf8");
    for (const match of source.matchAll(UNCURRIED)) {
      const start = match.index + match[0].length;
      let depth = 1;
      let end = start;
      while (depth > 0) {
        const unit = source[end++];
        if (unit === undefined) throw new Error(`${module} does not close what it uncurries as ${match[1]}`);
        if (unit === "(") depth++;
        else if (unit === ")") depth--;
      }
      methods.set(
        match[1] ?? "",
        source
          .slice(start, end - 1)
          .trim()
          .replace(/,$/, ""),
      );
    }
  }
  return methods;
}

/** Codes of the boundary as numbers: objects of them would be a part of every context. */
function inlineConstants(text: string): string {
  const codes: Readonly<Record<string, Readonly<Record<string, number>>>> = { GuestEvent, HostOp };
  return text
    .replace(CONSTANT, (all, group: string, name: string) => String(codes[group]?.[name] ?? all))
    .replace(CONSTANT_IMPORT, "")
    .replace(CONSTANT_NAME, "");
}

function idOf(module: string, graph: ModuleGraph): number {
  const group = graph.lazy.findIndex((members) => members.includes(module));
  const place = graph.lazy[group]?.indexOf(module);
  if (place === undefined) throw new Error(`${module} is not lazy`);
  return group * GROUP_SIZE + place;
}

function replaceRequires(text: string, module: string, graph: ModuleGraph): string {
  return text.replace(
    REQUIRE,
    (_all, specifier: string) => `${LOAD_NAME}(${idOf(graph.resolve(module, specifier), graph)})`,
  );
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
