/** The top level of apps: with a host, twice, on every rung. */
import { createHash, randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { compileWasm } from "../src/compile-wasm.ts";
import type { InitNote } from "../src/init-host.ts";
import type { InitOutcome } from "../src/initialise-context.ts";
import type { IsolateSource } from "../src/isolate.ts";
import { makeBareSnapshot, makeBytecode, makeSnapshot } from "../src/make-snapshot.ts";
import { type InitRun, runInit } from "../src/run-init.ts";
import { SnapshotBlob } from "../src/snapshot-blob.ts";
import { openIsolate } from "./isolate-harness.ts";

const ENV_JSON = JSON.stringify({ PLAIN: "variable" });

interface FirstRun extends InitRun {
  readonly lines: string[];
  readonly notes: readonly InitNote[];
}

function firstRun(script: string, options: { initTimeMs?: number; wasm?: WebAssembly.Module[] } = {}): FirstRun {
  const lines: string[] = [];
  let notes: readonly InitNote[] = [];
  const run = runInit({
    script,
    envJson: ENV_JSON,
    initTimeMs: options.initTimeMs ?? 5_000,
    memoryBytes: 64 * 1024 * 1024,
    ...(options.wasm && { wasm: options.wasm }),
    onLine: (level, text) => lines.push(`${level}: ${text}`),
    onOutcome: (_outcome, found) => {
      notes = found;
    },
  });
  return { ...run, lines, notes };
}

function outcomeOf(script: string, options?: { initTimeMs?: number }): InitOutcome {
  return firstRun(script, options).outcome;
}

function blobOf(bytes: Uint8Array): SnapshotBlob {
  return new SnapshotBlob(Uint8Array.from(bytes).buffer);
}

function sourceOf(rung: IsolateSource["rung"], script: string, wasm?: WebAssembly.Module[]): IsolateSource {
  const attachSecret = randomBytes(32).toString("hex");
  const rest = wasm === undefined ? {} : { wasm };
  if (rung === "source") return { rung, script, ...rest };
  if (rung === "bytecode") {
    const bare = makeBareSnapshot(attachSecret);
    const bytecode = Uint8Array.from(makeBytecode(script, bare)).buffer;
    return { rung, script, bytecode, blob: blobOf(bare), attachSecret, ...rest };
  }
  const { record, warmUp } = firstRun(script, rest);
  const snapshot = makeSnapshot({ script, attachSecret, init: record, envJson: ENV_JSON, warmUp });
  return { rung, blob: blobOf(snapshot), attachSecret, ...rest };
}

/** An app whose handler answers what `answer` is after `init` ran at the top level. */
function app(init: string, answer: string, { isAsync = false } = {}): string {
  return `__nano_app__(${isAsync ? "async " : ""}function (env, takeWasm) { "use strict"; const process = { env }; ${init}
return { default: { async fetch(request, env) { return Response.json(await (${answer})); } } }; });`;
}

const INITS: readonly (readonly [string, string, string, unknown, { isAsync: true }?])[] = [
  ["a URL", `const url = new URL("../x?q=ü", "http://a.test/b/c");`, "url.href", "http://a.test/x?q=%C3%BC"],
  [
    "atob and TextDecoder",
    `const text = new TextDecoder("shift_jis").decode(Uint8Array.from(atob("gsA="), (c) => c.charCodeAt(0)));`,
    "text",
    "ぁ".normalize() && expect.any(String),
  ],
  [
    "structuredClone",
    "const copy = structuredClone(new Map([[1, { a: [new Date(5)] }]]));",
    "[...copy]",
    [[1, { a: ["1970-01-01T00:00:00.005Z"] }]],
  ],
  [
    "a digest that nobody awaits",
    `let hex; crypto.subtle.digest("SHA-256", new Uint8Array(3)).then((d) => { hex = new Uint8Array(d)[0]; });`,
    "hex",
    112,
  ],
  [
    "a digest behind a top-level await",
    `const hex = new Uint8Array(await crypto.subtle.digest("SHA-1", new Uint8Array(100_000)))[0];`,
    "hex",
    createHash("sha1").update(new Uint8Array(100_000)).digest()[0],
    { isAsync: true },
  ],
  ["a promise that the handler awaits", "const ready = (async () => { await null; return 5; })();", "ready", 5],
  [
    "timers, in the order in which they are due",
    "const seen = []; setTimeout(() => seen.push('b'), 20); setTimeout(() => { seen.push('a'); setTimeout(() => seen.push('c'), 50); }, 10);",
    "seen.join('')",
    "abc",
  ],
  [
    "a top-level await of a timer",
    "const t = []; for (let i = 0; i < 3; i++) { await new Promise((r) => setTimeout(r, 60_000)); t.push(i); }",
    "t",
    [0, 1, 2],
    { isAsync: true },
  ],
  [
    "an interval that the top level waits for",
    "let n = 0; await new Promise((r) => { const i = setInterval(() => { if (++n === 3) { clearInterval(i); r(); } }, 1000); });",
    "n",
    3,
    { isAsync: true },
  ],
  [
    "a timer that was cleared",
    "let fired = false; clearTimeout(setTimeout(() => { fired = true; }, 0));",
    "fired",
    false,
  ],
  [
    "microtasks between timers",
    "const order = []; setTimeout(() => { order.push(1); Promise.resolve().then(() => Promise.resolve()).then(() => order.push(2)); }, 1); setTimeout(() => order.push(3), 1);",
    "order.join()",
    "1,2,3",
  ],
  [
    "a plain variable",
    "const { PLAIN, ABSENT } = process.env;",
    "[PLAIN, ABSENT ?? null, process.env.SECRET, env.SECRET]",
    ["variable", null, "set later", "set later"],
  ],
  [
    "a random value, once",
    "const id = crypto.randomUUID(); const bytes = crypto.getRandomValues(new Uint8Array(4)); const now = performance.now();",
    "[id.length, bytes.length, typeof now]",
    [36, 4, "number"],
  ],
  [
    "MessageChannel",
    "const got = []; const { port1, port2 } = new MessageChannel(); port1.onmessage = (e) => got.push(e.data); port2.postMessage(7);",
    "got",
    [7],
  ],
  ["AbortSignal.timeout", "const signal = AbortSignal.timeout(10);", "signal.aborted", true],
];

describe.each(["heap", "bytecode", "source"] as const)("on the %s rung, the top level may use", (rung) => {
  test.each(INITS.map((row) => ({ what: row[0], row })))(
    "$what",
    async ({ row: [, init, answer, expected, options] }) => {
      const script = app(init, answer, options);
      for (const isolation of ["request", "app"] as const) {
        const { ask, host } = openIsolate("", {
          source: sourceOf(rung, script),
          isolation,
          env: { PLAIN: "variable", SECRET: "set later" },
          initEnv: { PLAIN: "variable" },
        });
        const { text } = await ask();
        expect(host.logs).toEqual([]);
        expect(JSON.parse(text)).toEqual(expected);
      }
    },
  );
});

test.each(["heap", "bytecode", "source"] as const)(
  "a timer that init leaves fires in the contexts of the %s rung",
  async (rung) => {
    const script = app(
      "let late; const waiting = new Promise((r) => { late = r; }); setTimeout(() => late('one shot'), 3_000 / 1_000 + 2_000); let n = 0; let third; const thrice = new Promise((r) => { third = r; }); setInterval(() => { if (++n === 3) third(n); }, 1);",
      "Promise.all([waiting, thrice])",
    );
    const { ask } = openIsolate("", { source: sourceOf(rung, script) });
    expect(JSON.parse((await ask()).text)).toEqual(["one shot", 3]);
  },
);

const ADD = Buffer.from("0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b", "hex");
test.each(["heap", "bytecode", "source"] as const)(
  "an imported WebAssembly module is there for requests on the %s rung",
  async (rung) => {
    const script = app(
      "let add; takeWasm(0, (module) => { add = module; });",
      "new WebAssembly.Instance(add).exports.add(2, 3)",
    );
    const wasm = compileWasm([ADD]);
    for (const isolation of ["request", "app"] as const) {
      const { ask } = openIsolate("", { source: sourceOf(rung, script, wasm), isolation });
      expect((await ask()).text).toBe("5");
      expect((await ask()).text).toBe("5");
    }
  },
);

test("an imported module is there for the top level below the heap rung", async () => {
  const script = app(
    "let add; takeWasm(0, (module) => { add = module; }); const { exports } = new WebAssembly.Instance(add);",
    "exports.add(2, 3)",
  );
  const wasm = compileWasm([ADD]);
  expect(firstRun(script, { wasm }).outcome.type).toBe("done");
  for (const rung of ["bytecode", "source"] as const) {
    expect((await openIsolate("", { source: sourceOf(rung, script, wasm) }).ask()).text).toBe("5");
  }
  expect(() => sourceOf("heap", script, wasm)).toThrow(/WebAssembly\.Instance is not defined while a heap is made/);
});

test.each(["heap", "bytecode", "source"] as const)(
  "on the %s rung a top level that looks at WebAssembly finds the same",
  async (rung) => {
    const script = app(
      "const kept = WebAssembly; const atInit = [typeof WebAssembly, String(WebAssembly), 'Module' in kept];",
      `[atInit, kept.validate(new Uint8Array(8)), new kept.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)) instanceof WebAssembly.Module]`,
    );
    const { ask } = openIsolate("", { source: sourceOf(rung, script) });
    expect(JSON.parse((await ask()).text)).toEqual([["object", "[object WebAssembly]", true], false, true]);
  },
);

const PROBE_SHARED = `[typeof SharedArrayBuffer, typeof Atomics.wait, (() => {
  try {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    return [memory.buffer, memory.toResizableBuffer?.(), memory.toFixedLengthBuffer?.()].map(String).join();
  } catch { return "refused"; }
})()]`;
test.each(["heap", "bytecode", "source"] as const)(
  "on the %s rung no shared memory is in reach, at init or later",
  async (rung) => {
    // Where a heap is made, WebAssembly is not there, and to use it would drop the rung.
    const probe = rung === "heap" ? "[typeof SharedArrayBuffer, typeof Atomics.wait, 'refused']" : PROBE_SHARED;
    const { ask } = openIsolate("", {
      source: sourceOf(rung, app(`const atInit = ${probe};`, `[atInit, ${PROBE_SHARED}]`)),
    });
    const nothing = ["undefined", "undefined", "refused"];
    expect(JSON.parse((await ask()).text)).toEqual([nothing, nothing]);
  },
);

test.each(["heap", "bytecode", "source"] as const)(
  "errors of the top level keep their stacks on the %s rung, and what the app made of their limit holds",
  async (rung) => {
    const script = app(
      `const before = Error.stackTraceLimit; function failing() { return new TypeError("kept"); } const error = failing();
      Error.stackTraceLimit = 3; function deep(n) { return n === 0 ? new Error("deep") : deep(n - 1); } const at = deep(20);`,
      `[before, error.stack.includes("at failing"), at.stack.split("\\n").length, Error.stackTraceLimit, deep(20).stack.split("\\n").length]`,
    );
    const { ask } = openIsolate("", { source: sourceOf(rung, script) });
    expect(JSON.parse((await ask()).text)).toEqual([10, true, 4, 3, 4]);
  },
);

test.each(["heap", "bytecode", "source"] as const)(
  "a deleted limit of stacks stays deleted on the %s rung",
  async (rung) => {
    const script = app("delete Error.stackTraceLimit;", `["stackTraceLimit" in Error, new Error().stack ?? null]`);
    expect(JSON.parse((await openIsolate("", { source: sourceOf(rung, script) }).ask()).text)).toEqual([false, null]);
  },
);

describe("the first run tells", () => {
  test("lines of the console, and rejections that nobody handles", () => {
    const { lines, outcome } = firstRun(
      app(`console.warn("careful", { a: 1 }); Promise.reject(new Error("lost"));`, "1"),
    );
    expect(outcome.type).toBe("done");
    expect(lines[0]).toBe("warn: careful { a: 1 }");
    expect(lines[1]).toContain("error: Unhandled rejection at the top level: Error: lost");
  });

  test("what the top level draws that all restores will share, with where", () => {
    const { notes } = firstRun(
      app(
        `const a = Math.random();
const b = crypto.randomUUID();
crypto.getRandomValues(new Uint8Array(1));
const c = Date.now(), d = new Date(), e = Date(), f = performance.now(), g = new Date(5);
if (!process.env.ABSENT && process.env.PLAIN) globalThis.x = 1;`,
        "1",
      ),
    );
    const what = [
      "Math.random()",
      "crypto.randomUUID()",
      "crypto.getRandomValues()",
      "Date.now()",
      "new Date()",
      "Date()",
      "performance.now()",
      "ABSENT",
    ];
    expect(notes.map((note) => note.what)).toEqual(what);
    expect(notes.map((note) => note.kind)).toEqual([...Array(3).fill("random"), ...Array(4).fill("clock"), "env"]);
    for (const { stack } of notes) expect(stack).toMatch(/app\.js:\d+:\d+/);
  });

  test.each([
    ["a throw", app(`throw new RangeError("no");`, "1"), { type: "threw", name: "RangeError", message: "no" }],
    [
      "a throw behind an await",
      app(`await null; throw new RangeError("no");`, "1", { isAsync: true }),
      { type: "threw", name: "RangeError", stack: expect.stringContaining("app.js:1") },
    ],
    ["an await without end", app("await new Promise(() => {});", "1", { isAsync: true }), { type: "stalled" }],
    [
      "timers without end",
      app("for (;;) await new Promise((r) => setTimeout(r, 1));", "1", { isAsync: true }),
      { type: "stalled" },
    ],
    [
      "a fetch",
      app(`await fetch("http://a.test/x");`, "1", { isAsync: true }),
      { type: "fetched", url: "http://a.test/x" },
    ],
    ["no handler", "__nano_app__(() => ({}));", { type: "threw", name: "TypeError" }],
    ["no compilable script", "return (", { type: "threw", name: "SyntaxError" }],
  ])("%s", (_, script, expected) => {
    expect(outcomeOf(script)).toMatchObject(expected);
  });

  test.each([
    ["a loop", app("for (;;);", "1")],
    ["a loop of microtasks", app("for (;;) await null;", "1", { isAsync: true })],
    ["a loop in a timer", app("setTimeout(() => { for (;;); }, 0);", "1")],
    ["a loop in what it throws", app(`throw { get message() { for (;;); } };`, "1")],
  ])("%s as too slow", (_, script) => {
    expect(outcomeOf(script, { initTimeMs: 250 })).toEqual({ type: "timeout", limitMs: 250 });
  });

  test("a fetch that it did not need, by going on", () => {
    const { outcome, notes } = firstRun(
      app(`await fetch("http://a.test/").catch(() => undefined);`, "1", { isAsync: true }),
    );
    expect(outcome.type).toBe("done");
    expect(notes).toEqual([{ kind: "fetch", what: "http://a.test/", stack: expect.stringMatching(/app\.js:1:/) }]);
  });
});

test.each(["heap", "source"] as const)("on the %s rung an error event names the line of the app", async (rung) => {
  const script = app(
    `const told = [];
addEventListener("error", (event) => { told.push([event.filename, event.lineno, event.error]); event.preventDefault(); });
reportError("at init");`,
    `(reportError(new Error("later")), told.map(([file, line, error]) => [file, line, String(error)]))`,
  );
  const { ask, host } = openIsolate("", { source: sourceOf(rung, script) });
  expect(JSON.parse((await ask()).text)).toEqual([
    ["app.js", 3, "at init"],
    ["app.js", 4, "Error: later"],
  ]);
  expect(host.logs).toEqual([]);
});

describe("the second run", () => {
  test("that asks for something else makes no heap, and says what", () => {
    expect(() => sourceOf("heap", app("const url = new URL('http://a.test/' + Math.random());", "1"))).toThrow(
      /asked for something else than its first.*http:\/\/a\.test\/0\./s,
    );
  });

  test("is answered the same where the app replaced what answering could lean on", async () => {
    const patches = `const broken = () => { throw new Error("patched"); };
for (const [holder, names] of [[String.prototype, ["slice", "charCodeAt"]], [JSON, ["stringify"]], [Math, ["imul"]],
  [Object, ["defineProperty"]], [Reflect, ["deleteProperty"]], [Function.prototype, ["call", "bind"]]])
  for (const name of names) holder[name] = broken;
for (const name of ["ArrayBuffer", "Error", "globalThis"]) scope[name] = undefined;
Object.prototype.value = "inherited"; Array.prototype[1] = "inherited";`;
    const script = app(
      `const scope = globalThis, kept = typeof WebAssembly, bytes = Uint8Array.of(1, 2, 3), { stringify } = JSON; ${patches}
const url = new URL("http://a.test/" + "x".repeat(200)); const digest = await crypto.subtle.digest("SHA-256", bytes);`,
      `(JSON.stringify = stringify, [kept, url.href.length, digest.byteLength])`,
      { isAsync: true },
    );
    const { ask } = openIsolate("", { source: sourceOf("heap", script) });
    expect(JSON.parse((await ask()).text)).toEqual(["object", 214, 32]);
  });

  test("shows no mark on its stand-in for WebAssembly, and takes nothing of the app's for it", async () => {
    const own = "class Own { get isStandIn() { return this; } } Own.prototype.a = 1; const own = new Own();";
    const script = app(
      `const names = Reflect.ownKeys(WebAssembly).map(String).sort(); const texts = Object.values(Object.getOwnPropertyDescriptors(WebAssembly)).map(({ get }) => String(get));
if (names.includes("isStandIn")) throw new Error("told apart"); ${own} globalThis.WebAssembly = own;`,
      `[WebAssembly === own, texts.some((text) => /__nano|[0-9a-f]{16}/.test(text))]`,
    );
    const { ask } = openIsolate("", { source: sourceOf("heap", script) });
    expect(JSON.parse((await ask()).text)).toEqual([true, false]);
  });

  test("makes no heap where the app locked the stand-in for WebAssembly", () => {
    const lock = `Object.defineProperty(globalThis, "WebAssembly", { value: WebAssembly, configurable: false });`;
    expect(() => sourceOf("heap", app(lock, "1"))).toThrow(/locks WebAssembly/);
  });

  test("leaves no secret and no record where the app can find it", async () => {
    const script = app(
      "const names = () => [...Object.getOwnPropertyNames(globalThis)].filter((n) => n.includes('nano')); const atInit = names(); const u = new URL('http://a.test/');",
      "[atInit, names()]",
    );
    const { ask } = openIsolate("", { source: sourceOf("heap", script) });
    expect(JSON.parse((await ask()).text)).toEqual([["__nano_attach__"], ["__nano_attach__"]]);
  });
});
