/** Graphs of modules, and what may be imported. */
import type { InitCases } from "../init-case.ts";
import { ADD_WASM } from "./engine.ts";

const DEPTH = 150;

/** `m0` imports `m1` … to the last, each adding one. */
function deepGraph(): Record<string, string> {
  const names = Array.from({ length: DEPTH }, (_, i) => i);
  return Object.fromEntries(
    names.map((i) => {
      const next = i + 1 === DEPTH ? "const below = 0;" : `import { sum as below } from "./m${i + 1}.js";`;
      return [`m${i}.js`, `${next}\nexport const sum = below + 1;\n`];
    }),
  );
}

/** One module of 200, each a class over the one before. */
function wideGraph(): Record<string, string> {
  const names = Array.from({ length: 200 }, (_, i) => i);
  const index = names.map((i) => `export { value as v${i} } from "./wide/w${i}.js";`).join("\n");
  return Object.fromEntries([
    ["wide.js", index],
    ...names.map((i) => [`wide/w${i}.js`, `export const value = ${i};`] as const),
  ]);
}

export const moduleCases: InitCases = {
  subject: "modules",
  cases: [
    {
      name: `a graph ${DEPTH} modules deep`,
      top: `import { sum } from "./m0.js";`,
      files: deepGraph(),
      answer: "sum",
      expected: DEPTH,
    },
    {
      name: "an index of 200 modules",
      top: `import * as wide from "./wide.js";`,
      files: wideGraph(),
      answer: "[Object.keys(wide).length, wide.v199]",
      expected: [200, 199],
    },
    {
      name: "modules in a circle",
      top: `import { even } from "./even.js";`,
      files: {
        "even.js": `import { odd } from "./odd.js"; export function even(n) { return n === 0 || odd(n - 1); } export const early = typeof odd;`,
        "odd.js": `import { even, early } from "./even.js"; export function odd(n) { return n !== 0 && even(n - 1); } export const seen = () => early;`,
      },
      answer: "[even(10), even(7)]",
      expected: [true, false],
    },
    {
      name: "awaits in modules that others import",
      top: `import { value } from "./slow.js"; import { log } from "./log.js"; log.push("main"); const order = [...log];`,
      files: {
        "log.js": `export const log = [];`,
        "slow.js": `import { log } from "./log.js"; log.push("slow starts"); await new Promise((resolve) => setTimeout(resolve, 500)); log.push("slow ends"); export const value = 5;`,
      },
      answer: "[value, order]",
      expected: [5, ["slow starts", "slow ends", "main"]],
    },
    {
      name: "CommonJS and ECMAScript modules that import each other",
      top: `import cjs, { named } from "./old.cjs"; import { createRequireLike } from "./new.js";`,
      files: {
        "old.cjs": `const state = { loads: 0 }; state.loads += 1; module.exports = { named: "named", state, esm: require("./new.js") }; exports.lost = true;`,
        "new.js": `export const createRequireLike = () => "new"; export default 1;`,
      },
      answer: "[named, cjs.state.loads, cjs.esm.createRequireLike(), createRequireLike(), cjs.lost ?? null]",
      expected: ["named", 1, "new", "new", null],
    },
    {
      name: "dynamic imports, early and late",
      top: `const early = await import("./one.js"); const late = () => import("./two.js");`,
      files: {
        "one.js": `export const one = 1;`,
        "two.js": `globalThis.twoRan = (globalThis.twoRan ?? 0) + 1; export const two = 2;`,
      },
      answer: "[early.one, (await late()).two, (await late()).two, twoRan]",
      expected: [1, 2, 2, 1],
    },
    {
      name: "JSON, text, bytes and WebAssembly imports",
      top: `import data from "./data.json"; import text from "./page.html"; import bytes from "./blob.bin"; import add from "./add.wasm"; const early = [data.list.length, text.trim(), bytes.byteLength];`,
      files: {
        "data.json": `{ "list": [1, 2, 3], "name": "data" }`,
        "page.html": "<p>page</p>\n",
        "blob.bin": Uint8Array.of(0, 255, 128),
        "add.wasm": ADD_WASM,
      },
      answer: "[early, data.name, new Uint8Array(bytes)[1], new WebAssembly.Instance(add).exports.add(1, 2)]",
      expected: [[3, "<p>page</p>", 3], "data", 255, 3],
    },
    {
      name: "TypeScript, with an enum and a decorator-free class",
      top: `import { Level, Box } from "./typed.ts"; const box: unknown = new Box(Level.High);`.replace(
        ": unknown",
        "",
      ),
      files: {
        "typed.ts": `export enum Level { Low, High } export class Box<T> { constructor(private readonly held: T) {} get value(): T { return this.held; } } export type Unused = string;`,
      },
      answer: "[box.value, Level[1]]",
      expected: [1, "High"],
    },
    {
      name: "a handler that is a class's method",
      top: `class App { #greeting = "hello"; static instance = new App(); async fetch() { return Response.json(this.#greeting); } }`,
      handler: "export default App.instance;",
      expected: "hello",
    },
    {
      name: "a handler that is a named export",
      top: `let calls = 0;`,
      handler: "export function fetch() { return Response.json(++calls); }",
      expected: 1,
      expectedAgain: 2,
    },
    {
      name: "no handler",
      top: "",
      handler: "export const other = 1;",
      reaches: "BUILD_INIT_THREW",
      reason: /The app has no fetch handler: export default/,
    },
    {
      name: "an import that is nowhere",
      top: `import { x } from "./missing.js"; x();`,
      reaches: "BUNDLE_UNRESOLVED_IMPORT",
      reason: /^Import cannot be resolved in main\.js:1:/,
    },
    {
      name: "a module of Node",
      top: `import { readFileSync } from "node:fs"; readFileSync("/etc/passwd");`,
      reaches: "BUNDLE_ABSENT_NODE_MODULE",
      reason: /Node module node:fs does not exist in NANO/,
    },
    {
      name: "a syntax error",
      top: `const = 5;`,
      reaches: "BUNDLE_SYNTAX_ERROR",
      reason: /^Syntax error in main\.js:1:7: /,
    },
    {
      name: "a require of a module that awaits",
      top: `const late = require("./late.js");`,
      files: { "late.js": "export const value = await 5;" },
      reaches: "BUNDLE_TOP_LEVEL_AWAIT",
      reason: /Top-level await is out of reach/,
    },
    {
      name: "a WebAssembly file that is none",
      top: `import add from "./add.wasm"; export const held = add;`,
      files: { "add.wasm": "not wasm at all" },
      reaches: "BUNDLE_BAD_WASM",
      reason: /WebAssembly module is malformed/,
    },
  ],
};
