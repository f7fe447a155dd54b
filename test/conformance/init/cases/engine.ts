/** What the engine treats differently while a heap is made, and after a restore: every row of the facts that the ladder rests on. */
import type { InitCases } from "../init-case.ts";

const WASM_REASON = /heap: its top level uses WebAssembly, which a heap cannot hold: make the instance in the handler/;
/** Exports `add`. */
export const ADD_WASM = Buffer.from(
  "0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b",
  "hex",
);
const ADD_BYTES = `Uint8Array.from([${[...ADD_WASM].join(",")}])`;

export const engineCases: InitCases = {
  subject: "the engine",
  cases: [
    {
      name: "WebAssembly, looked at from afar",
      top: `const early = typeof WebAssembly !== "symbol";`,
      answer: `[early, typeof WebAssembly, WebAssembly.validate(${ADD_BYTES})]`,
      expected: [true, "object", true],
    },
    {
      name: "a WebAssembly instance",
      top: `const { exports } = new WebAssembly.Instance(new WebAssembly.Module(${ADD_BYTES}));`,
      answer: `exports.add(2, 3)`,
      expected: 5,
      reaches: "bytecode",
      reason: WASM_REASON,
    },
    {
      name: "a WebAssembly memory",
      top: `const memory = new WebAssembly.Memory({ initial: 1 }); new Uint8Array(memory.buffer)[0] = 9;`,
      answer: `new Uint8Array(memory.buffer)[0]`,
      expected: 9,
      reaches: "bytecode",
      reason: WASM_REASON,
    },
    {
      name: "WebAssembly that is instantiated with promises",
      top: `const { instance } = await WebAssembly.instantiate(${ADD_BYTES}, {}); const module = await WebAssembly.compile(${ADD_BYTES});`,
      answer: `[instance.exports.add(1, 1), WebAssembly.Module.exports(module).length]`,
      expected: [2, 1],
      reaches: "bytecode",
      reason: WASM_REASON,
    },
    {
      name: "a WebAssembly import, used by requests",
      top: `import add from "./add.wasm"; let instance; const use = () => (instance ??= new WebAssembly.Instance(add)).exports;`,
      files: { "add.wasm": ADD_WASM },
      answer: `use().add(20, 22)`,
      expected: 42,
    },
    {
      name: "a WebAssembly import, used at once",
      top: `import add from "./add.wasm"; const { exports } = new WebAssembly.Instance(add);`,
      files: { "add.wasm": ADD_WASM },
      answer: `exports.add(20, 22)`,
      expected: 42,
      reaches: "bytecode",
      reason: WASM_REASON,
    },
    {
      name: "a feature test for WebAssembly",
      top: `let kind = "script"; try { new WebAssembly.Module(${ADD_BYTES}); kind = "wasm"; } catch {}`,
      answer: `["script", "wasm"].includes(kind)`,
      expected: true,
    },
    {
      name: "shared memory, looked for",
      top: `const early = [typeof SharedArrayBuffer, typeof Atomics.wait];`,
      answer: `[early, typeof SharedArrayBuffer, typeof Atomics.wait, (() => { try { return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer.constructor.name; } catch (error) { return "refused"; } })()]`,
      expected: [["undefined", "undefined"], "undefined", "undefined", "refused"],
    },
    {
      name: "Temporal, looked for",
      top: `const early = typeof Temporal;`,
      answer: `[early, typeof Temporal, String(Temporal.PlainDate.from("2026-11-23").add({ days: 8 }))]`,
      expected: ["undefined", "object", "2026-12-01"],
    },
    {
      name: "a Temporal of its own",
      top: `globalThis.Temporal = { Now: { instant: () => "polyfilled" } };`,
      answer: `Temporal.Now.instant()`,
      expected: "polyfilled",
    },
    {
      name: "a use of Temporal",
      top: `const now = Temporal.Now.instant();`,
      reaches: "BUILD_INIT_THREW",
      reason: /^main\.js:1:\d+: Top level of the app threw: ReferenceError: Temporal is not defined/,
    },
    {
      name: "a use of SharedArrayBuffer",
      top: `const shared = new SharedArrayBuffer(8);`,
      reaches: "BUILD_INIT_THREW",
      reason: /ReferenceError: SharedArrayBuffer is not defined/,
    },
    {
      name: "names that a restore brings back, deleted",
      top: `for (const name of ["SharedArrayBuffer", "Temporal"]) delete globalThis[name];`,
      answer: `[typeof SharedArrayBuffer, typeof Temporal]`,
      expected: ["undefined", "object"],
    },
    {
      name: "eval, direct and indirect",
      top: `const local = 5; const direct = eval("local + 1"); const indirect = (0, eval)("typeof local"); const made = eval("(class { #x = 3; x() { return this.#x; } })");`,
      answer: `[direct, indirect, new made().x(), eval("local * 2")]`,
      expected: [6, "undefined", 3, 10],
    },
    {
      name: "functions made of text",
      top: `const add = new Function("a", "b", "return a + b"); const later = Object.getPrototypeOf(async () => {}).constructor("await null; return 'later'"); const generator = new (Object.getPrototypeOf(function* () {}).constructor)("yield 1; yield 2");`,
      answer: `[add(1, 2), await later(), [...generator()], new Function("return typeof globalThis")()]`,
      expected: [3, "later", [1, 2], "object"],
    },
    {
      name: "code of 2,000 functions made of text",
      top: `const made = Array.from({ length: 2_000 }, (_, i) => new Function("return " + i));`,
      answer: `made[1_999]()`,
      expected: 1_999,
    },
    {
      name: "Atomics over ordinary memory",
      top: `const cells = new Int32Array(4); Atomics.add(cells, 0, 5); Atomics.store(cells, 1, 7);`,
      answer: `[Atomics.load(cells, 0), Atomics.exchange(cells, 1, 7), typeof Atomics.notify]`,
      expected: [5, 7, "function"],
    },
    {
      name: "a formatter of stacks",
      top: `Error.prepareStackTrace = () => "formatted"; Error.stackTraceLimit = 3; const early = typeof new Error("x").stack; const target = {}; Error.captureStackTrace(target);`,
      answer: `[early, Error.prepareStackTrace ?? null, new Error("y").stack.includes("formatted"), typeof target.stack, Error.stackTraceLimit]`,
      expected: ["string", null, false, "string", 3],
    },
    {
      name: "recursion to the end of the stack",
      top: `let depth = 0; let ended; try { (function down() { depth += 1; down(); })(); } catch (error) { ended = error.name; }`,
      answer: `[ended, depth > 1_000]`,
      expected: ["RangeError", true],
    },
    {
      name: "hot code, optimised before the heap is made",
      top: `function hash(text) { let h = 0; for (let i = 0; i < text.length; i++) h = (h * 31 + text.charCodeAt(i)) | 0; return h; } let sum = 0; for (let i = 0; i < 100_000; i++) sum ^= hash("key" + (i % 100));`,
      answer: `[sum, hash("abc")]`,
      expected: [0, 96_354],
    },
    {
      name: "JSON of a big text",
      top: `const text = JSON.stringify(Array.from({ length: 10_000 }, (_, i) => ({ i, tags: ["a", "b"] }))); const parsed = JSON.parse(text, (key, value) => (key === "tags" ? value.length : value));`,
      answer: `[parsed.length, parsed[9_999].tags, JSON.stringify({ a: [1, { b: 2 }] })]`,
      expected: [10_000, 2, '{"a":[1,{"b":2}]}'],
    },
    {
      name: "globals of its own, in each way",
      top: `globalThis.plain = 1; Object.defineProperty(globalThis, "computed", { get: () => 2, configurable: true }); var hidden = 3; self.method = function () { return this === undefined || this === globalThis; };`,
      answer: `[plain, computed, typeof globalThis.hidden, globalThis.method()]`,
      expected: [1, 2, "undefined", true],
    },
  ],
};
