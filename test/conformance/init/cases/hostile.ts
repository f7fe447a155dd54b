/** Top levels that fail, loop, allocate or kill: a clear error, or a lower rung, and nothing that outlives its limit. */
import type { InitCase, InitCases, Reached } from "../init-case.ts";

/** Short, since these take it whole; the rest of what the child does is in their limits, too. */
const SHORT = { manifest: { limits: { init_time_ms: 300 } }, limits: { makeLimitMs: 1_500 } } as const;
/** True while a heap is made, where the engine lacks the class. */
const WHILE_SERIALISED = `typeof DisposableStack === "undefined"`;
const ENDED: readonly Reached[] = ["BUILD_INIT_MEMORY", "BUILD_INIT_THREW", "BUILD_INIT_TIMEOUT", "BUILD_CHILD_LOST"];
const ENDED_REASON =
  /^(?:main\.js:\d+:\d+: )?Top level of the app (?:exceeded|threw|ran longer)|^Process that ran the app was lost/;

function loopCase(name: string, top: string): InitCase {
  return {
    name,
    top,
    ...SHORT,
    reaches: "BUILD_INIT_TIMEOUT",
    reason: /ran longer than 300 ms: raise limits\.init_time_ms/,
  };
}

function bombCase(name: string, top: string): InitCase {
  return {
    name,
    top,
    manifest: { limits: { memory_mb: 32, init_time_ms: 3_000 } },
    reaches: ENDED,
    reason: ENDED_REASON,
  };
}

function throwCase(name: string, top: string, reason: RegExp): InitCase {
  return { name, top, reaches: "BUILD_INIT_THREW", reason };
}

export const hostileCases: InitCases = {
  subject: "what goes wrong",
  cases: [
    throwCase(
      "a throw",
      `throw new RangeError("no data");`,
      /^main\.js:1:7: .*RangeError: no data\n.*throw new RangeError/,
    ),
    throwCase(
      "a throw in an imported function, after an await",
      `await null; (function load() { throw new TypeError("late"); })();`,
      /^main\.js:1:\d+: .*TypeError: late/,
    ),
    throwCase("a throw of a text", `throw "plain";`, /Top level of the app threw: .*plain/),
    throwCase("a throw of nothing", "throw undefined;", /Top level of the app threw: .*undefined/),
    throwCase("a name that does not exist", "missing.call();", /ReferenceError: missing is not defined/),
    throwCase(
      "a throw of an object that cannot be shown",
      `throw { get name() { throw 1; }, get message() { throw 2; }, toString() { throw 3; } };`,
      /Top level of the app threw/,
    ),
    throwCase(
      "an error with a stack of its own",
      `const error = new Error("forged"); error.stack = "at evil (main.js:99:99)"; throw error;`,
      /Top level of the app threw: Error: forged/,
    ),
    loopCase("a loop", "for (;;);"),
    loopCase("a loop of microtasks", "for (;;) await null;"),
    loopCase("a loop in a timer", "setTimeout(() => { for (;;); }, 0);"),
    loopCase("a regular expression without end", `/^(a+)+$/.test("a".repeat(40) + "b");`),
    {
      name: "timers without end",
      top: "for (;;) await new Promise((resolve) => setTimeout(resolve, 1));",
      reaches: ["BUILD_INIT_STALLED", "BUILD_INIT_TIMEOUT"],
      reason: /never settles|ran longer/,
    },
    {
      name: "a loop in a getter of what it throws",
      top: `const error = new Error("x"); Object.defineProperty(error, "stack", { get() { for (;;); } }); throw error;`,
      ...SHORT,
      reaches: ["BUILD_INIT_THREW", "BUILD_INIT_TIMEOUT"],
      reason: /threw|ran longer/,
    },
    {
      name: "a loop in a getter of a rejection's reason",
      top: `const error = new Error("x"); Object.defineProperty(error, "stack", { get() { for (;;); } }); Promise.reject(error);`,
      ...SHORT,
      reaches: ["BUILD_INIT_TIMEOUT"],
      reason: /ran longer/,
    },
    {
      name: "a loop while its heap is made",
      top: `if (${WHILE_SERIALISED}) for (;;);`,
      ...SHORT,
      reaches: "bytecode",
      reason: /heap: the process took longer than \d+ ms/,
    },
    {
      name: "a loop in its handler",
      top: "",
      handler: "export default { fetch() { for (;;); } };",
      ...SHORT,
      manifest: { limits: { cpu_time_ms: 50 } },
      expected: { failed: "cpu_limit" },
      isDeadly: true,
    },
    bombCase("arrays without end", "const all = []; for (;;) all.push(new Array(1e5).fill(1.5));"),
    bombCase(
      "strings without end",
      `let text = "x"; const all = []; for (;;) all.push((text += "y".repeat(1e6)).split(""));`,
    ),
    bombCase("a map without end", "const map = new Map(); for (let i = 0; ; i++) map.set(i, { i });"),
    bombCase("buffers without end", "const all = []; for (;;) all.push(new Uint8Array(1e7).fill(1));"),
    bombCase("one huge array", "new Array(5e8).fill(0);"),
    bombCase("a growing integer", "let n = 3n; for (;;) n = n * n;"),
    bombCase(
      "a sort of five million numbers",
      "const all = Array.from({ length: 5e6 }, (_, i) => (i * 7919) % 1e6); all.sort(); for (;;) all.push(...all.slice(0, 1000));",
    ),
    {
      name: "memory that fills while its heap is made",
      top: `if (${WHILE_SERIALISED}) { const all = []; for (;;) all.push(new Array(1e5).fill(1.5)); }`,
      manifest: { limits: { memory_mb: 32 } },
      limits: { childBaseBytes: 160 * 1024 * 1024 },
      reaches: "bytecode",
      reason: /heap: the process (?:took more than \d+ bytes of memory|ended by SIG|took longer)/,
    },
    {
      name: "a heap beyond its memory limit, while it is made",
      top: `if (${WHILE_SERIALISED}) new Array(5e8).fill(0);`,
      manifest: { limits: { memory_mb: 32 } },
      limits: { makeLimitMs: 5_000, childBaseBytes: 160 * 1024 * 1024 },
      reaches: ["heap", "bytecode"],
      reason: /heap: /,
    },
    {
      name: "a handler that ends every process that runs it",
      top: "const size = 5e8;",
      handler: "export default { fetch() { new Array(size).fill(0); } };",
      limits: { makeLimitMs: 2_000, probeLimitMs: 2_000 },
      manifest: { limits: { init_time_ms: 500, memory_mb: 32 } },
      isDeadly: true,
      logs: [/Handler is not warmed up|ends its process|Starts from heap/],
    },
    {
      name: "more timers than an app may have",
      top: `let refused = 0; for (let i = 0; i < 20_000; i++) { try { setTimeout(() => {}, 3_600_000); } catch { refused += 1; } }`,
      answer: "refused > 0",
      expected: true,
    },
    {
      name: "a script that is none",
      top: "",
      script: "function (",
      reaches: "BUILD_INIT_THREW",
      reason: /SyntaxError/,
    },
    {
      name: "a script that defines no app",
      top: "",
      script: "globalThis.other = 1;",
      reaches: ["BUILD_INIT_STALLED", "BUILD_INIT_THREW"],
      reason: /never settles|threw/,
    },
    {
      name: "a script that defines its app twice",
      top: "",
      script: `const define = __nano_app__; define(() => ({ default: { fetch: () => Response.json("first") } })); define(() => ({ default: { fetch: () => Response.json("second") } }));`,
      expected: "second",
    },
    {
      name: "a factory that answers a foreign promise",
      top: "",
      script: `__nano_app__(() => ({ then: (resolve) => resolve({}), default: { fetch: () => Response.json("kept") } }));`,
      expected: "kept",
    },
  ],
};
