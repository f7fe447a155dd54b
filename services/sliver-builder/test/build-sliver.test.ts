import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleApp } from "@nano/bundle/bundle-app";
import { engineFingerprint } from "@nano/isolate/engine";
import type { BuildEvent, BundleArtifact } from "@nano/protocol/records";
import { trustedKeysOf } from "@nano/sliver/signing-key";
import { findSection, parseSliver, readSection } from "@nano/sliver/sliver-file";
import { parseWasmPack } from "@nano/sliver/wasm-pack";
import { eventually } from "@nano/test-kit/eventually";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { appScript, build, buildChildIds, partsOf, signingKey } from "./builder-harness.ts";

afterEach(() => {
  expect(buildChildIds()).toEqual([]);
});

async function failureOf(script: string, input: Parameters<typeof partsOf>[1] = {}) {
  const result = await build(partsOf(script, input));
  if (result.type !== "failed") throw new Error("the build did not fail");
  return result.error;
}

async function builtFrom(script: string, input: Parameters<typeof partsOf>[1] = {}) {
  const result = await build(partsOf(script, input));
  if (result.type !== "built") throw new Error(result.error.message);
  return result;
}

/** Of a directory with these files; `main.ts` is the entry. */
async function bundleOf(files: Readonly<Record<string, string>>): Promise<BundleArtifact> {
  const directory = await mkdtemp(join(tmpdir(), "nano-builder-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, "package.json"), JSON.stringify({ main: "main.ts" }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  const { artifact } = await bundleApp({ dir: directory });
  if (artifact === null) throw new Error("no bundle");
  return artifact;
}

type Input = Parameters<typeof partsOf>[1];

async function buildFiles(files: Readonly<Record<string, string>>, input: Input = {}, onLog?: (line: string) => void) {
  const artifact = await bundleOf(files);
  return await build(partsOf(artifact.script, input, artifact.sourceMap), {
    onEvent: (event) => event.type === "log" && onLog?.(`${event.level} ${event.text}`),
  });
}

describe("a build child that somebody else kills", () => {
  async function buildWithKills(count: number) {
    const building = build(partsOf(appScript(""), { isolation: "app" }));
    let killed = 0;
    for (let times = 0; times < count; times++) {
      await eventually(() => buildChildIds().some((pid) => pid !== killed));
      killed = buildChildIds().find((pid) => pid !== killed) ?? 0;
      process.kill(killed, "SIGKILL");
    }
    return await building;
  }

  it("costs its build nothing but time", async () => {
    expect(await buildWithKills(1)).toMatchObject({ type: "built", manifest: { rung: "heap" } });
  });

  it("again, fails it", async () => {
    expect(await buildWithKills(2)).toMatchObject({ type: "failed", error: { code: "BUILD_CHILD_UNUSABLE" } });
  });
});

describe("a sliver", () => {
  it("holds heap, script and source map, is signed, and says what it was made of", async () => {
    const events: BuildEvent[] = [];
    const script = appScript("const started = 41 + 1;", "return new Response(String(started))");
    const result = await build(partsOf(script, { isolation: "app" }), { onEvent: (event) => events.push(event) });
    if (result.type !== "built") throw new Error(result.error.message);
    const file = parseSliver(result.sliver, { trustedKeys: trustedKeysOf(signingKey) });
    expect(file.manifest).toEqual(result.manifest);
    expect(file.manifest).toMatchObject({
      app: "test-app",
      rung: "heap",
      skippedRungs: [],
      isolation: "app",
      fingerprint: engineFingerprint(),
    });
    expect(readSection(file, "snapshot").byteLength).toBe(file.manifest.snapshotBytes);
    expect(readSection(file, "script").toString()).toBe(script);
    const steps = events.flatMap((event) => (event.type === "progress" ? [event.step] : []));
    expect(steps).toEqual(["run top level", "serialise heap", "probe heap", "sign"]);
  });

  it("has a secret of its own in each build", async () => {
    const [first, second] = await Promise.all([builtFrom(appScript("")), builtFrom(appScript(""))]);
    expect(first.manifest.attachSecret).not.toBe(second.manifest.attachSecret);
  });

  it.each([
    ["throws", `throw new Error("handler")`],
    ["answers nothing", "return undefined"],
    ["never settles", "return new Promise(() => {})"],
    ["loops", "for (;;);"],
    ["fetches", `return fetch("http://example.invalid/")`],
  ])("is made of an app whose handler %s: it starts, and that is what a build asks", async (_, handler) => {
    const result = await build(partsOf(appScript("", handler)), { limits: { makeLimitMs: 1000 } });
    if (result.type !== "built") throw new Error(result.error.message);
    expect(result.manifest.rung).toBe("heap");
  });

  it("is made of an app whose handler ends every process that runs it, and says so in the log", async () => {
    const parts = partsOf(appScript("", "new Array(5e8).fill(0)"), { limits: { init_time_ms: 500 } });
    const logged: string[] = [];
    const result = await build(parts, {
      limits: { makeLimitMs: 1000, probeLimitMs: 1000 },
      onEvent: (event) => logged.push(event.type === "log" ? event.text : ""),
    });
    if (result.type !== "built") throw new Error(result.error.message);
    expect(result.manifest.rung).toBe("heap");
    expect(logged.join("\n")).toMatch(
      /ends its process, which workers contain: .*(ended by SIG|bytes of memory|longer)/,
    );
  });

  it.each([
    [
      "uses WebAssembly, which is not there while a heap is made",
      "new WebAssembly.Memory({ initial: 1 });",
      "make the instance in the handler",
    ],
    [
      "asks for something else the second time",
      "new URL('http://a.test/' + Math.random());",
      "asked for something else than its first",
    ],
    [
      "looks whether it is being serialised, and then loops",
      `if (typeof DisposableStack === "undefined") for (;;);`,
      /^the process took longer than \d+ ms$/,
    ],
    [
      "looks whether it is being serialised, and then fills the memory",
      `if (typeof DisposableStack === "undefined") { const all = []; for (;;) all.push(new Array(1e5).fill(1.5)); }`,
      "bytes of memory",
    ],
    [
      "locks what a restore has to set up",
      "for (const o of [Promise, Promise.prototype, Map.prototype, globalThis]) Object.freeze(o);",
      /^it does not restore: .*leave Promise, Map\.prototype and globalThis open/,
    ],
  ])("falls to its bytecode where the app %s", async (_, topLevel, reason) => {
    // Long enough for a loaded machine to fill the memory; only the loop takes it whole.
    const result = await build(partsOf(appScript(topLevel)), { limits: { makeLimitMs: 4000 } });
    if (result.type !== "built") throw new Error(result.error.message);
    expect(result.manifest.rung).toBe("bytecode");
    expect(result.manifest.skippedRungs).toEqual([{ rung: "heap", reason: expect.stringMatching(reason) }]);
    const file = parseSliver(result.sliver, { trustedKeys: trustedKeysOf(signingKey) });
    for (const kind of ["snapshot", "bytecode", "script"] as const) expect(findSection(file, kind)).toBeDefined();
  });

  it("says what its start costs, and what its top level drew that every restore shares, at the author's lines", async () => {
    const logged: string[] = [];
    const table = "const table = new Map(); for (let i = 0; i < 200_000; i++) table.set(i, { i });";
    const artifact = await bundleOf({
      "main.ts": `const id: string = crypto.randomUUID();\nconsole.info("built", process.env.PLAIN);\nexport const at = Date.now();\nconst missing = process.env.MISSING;\n${table}\nexport default { fetch: () => new Response(id + at + missing + table.size) };\n`,
    });
    const parts = partsOf(
      artifact.script,
      { env_vars: { PLAIN: "variable" }, limits: { init_time_ms: 20_000 } },
      artifact.sourceMap,
    );
    const result = await build(parts, { onEvent: (event) => event.type === "log" && logged.push(event.text) });
    if (result.type !== "built") throw new Error(result.error.message);
    const { manifest } = result;
    expect(manifest.rung).toBe("heap");
    expect(manifest.warnings).toEqual([
      expect.stringMatching(/^main\.ts:1:\d+: crypto\.randomUUID\(\) at the top level: .*same value/),
      expect.stringMatching(/^main\.ts:3:\d+: Date\.now\(\) at the top level: .*time of its build/),
      expect.stringMatching(/^main\.ts:4:\d+: process\.env\.MISSING is absent/),
      expect.stringMatching(/^A fresh context of this app costs .*isolation to "app"/),
    ]);
    for (const key of ["initMs", "restoreMs", "contextMs", "contextBytes", "snapshotBytes"] as const) {
      expect(manifest[key]).toBeGreaterThan(0);
    }
    expect(manifest.contextBytes).toBeGreaterThan(200_000 * 16);
    expect(logged[0]).toBe("built variable");
    expect(logged.at(-1)).toMatch(
      /^Starts from heap: top level [\d.]+ ms, snapshot \d+ KiB, isolate [\d.]+ ms, each context/,
    );
  });

  it("holds the WebAssembly modules that the bundle imports, and is probed with them", async () => {
    const wasm = Buffer.from(
      "0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b",
      "hex",
    );
    const parts = partsOf(
      appScript(
        "let add; takeWasm(0, (m) => { add = m; });",
        "return new Response(String(new WebAssembly.Instance(add).exports.add(2, 3)))",
      ).replace("function ()", "function (env, takeWasm)"),
    );
    const bundle = { ...parts.bundle, wasm: [wasm.toString("base64")] };
    const result = await build({ ...parts, bundle });
    if (result.type !== "built") throw new Error(result.error.message);
    expect(result.manifest.rung).toBe("heap");
    const file = parseSliver(result.sliver, { trustedKeys: trustedKeysOf(signingKey) });
    expect(parseWasmPack(readSection(file, "wasm"))).toEqual([wasm]);
  });
});

describe("a top level that", () => {
  it("throws is told file, line, column and source, as its author wrote them", async () => {
    const artifact = await bundleOf({
      "main.ts": `import { load } from "./load";\nexport default { fetch: () => new Response(load()) };\n`,
      "load.ts": `interface Options { readonly name: string }\n\nfunction read(options: Options): string {\n  throw new RangeError("no " + options.name);\n}\n\nconst loaded = read({ name: "data" });\nexport const load = () => loaded;\n`,
    });
    const result = await build(partsOf(artifact.script, {}, artifact.sourceMap));
    if (result.type !== "failed") throw new Error("the build did not fail");
    expect(result.error).toMatchObject({ code: "BUILD_INIT_THREW", fault: "tenant" });
    expect(result.error.details).toMatchObject({ file: "load.ts", line: 4, error: "RangeError: no data" });
    expect(result.error.details.excerpt).toContain('throw new RangeError("no " + options.name);');
    expect(result.error.details.stack).toMatch(/load\.ts:4:.*\n.*load\.ts:7:/);
    expect(result.error.message).toMatch(/^load\.ts:4:\d+: Top level of the app threw: RangeError: no data\n/);
    expect(JSON.stringify(result.error)).not.toContain("file://");
  });

  it("logs an error is shown its places as its author wrote them, without frames of the platform", async () => {
    const lines: string[] = [];
    await buildFiles(
      {
        "main.ts": `interface Unused { readonly a: string }\nconsole.log("an", new RangeError("early", { cause: "why" }), "tail");\nsetTimeout(() => console.log(new Error("late")), 0);\nexport default { fetch: () => new Response() };\n`,
      },
      {},
      (line) => lines.push(line),
    );
    const early = lines.find((line) => line.includes("early")) ?? "";
    expect(early).toMatch(/^info an RangeError: early\n {4}at main\.ts:2:\d+\n/);
    expect(early).toMatch(/ \{\n {2}\[cause\]: 'why'\n\} tail$/);
    expect(lines.join("\n")).toMatch(/Error: late\n {4}at [^\n]*main\.ts:3:/);
    expect(lines.join("\n")).not.toMatch(/nano:|isolated-vm/);
  });

  it("fetches is told where, as its author wrote it", async () => {
    const result = await buildFiles({
      "main.ts": `import { load } from "./load";\nconst data = await load("http://a.test/data");\nexport default { fetch: () => new Response(data) };\n`,
      "load.ts": `export async function load(url: string): Promise<string> {\n  const response = await fetch(url);\n  return response.text();\n}\n`,
    });
    if (result.type !== "failed") throw new Error("the build did not fail");
    expect(result.error).toMatchObject({ code: "BUILD_INIT_FETCHED", details: { file: "load.ts", line: 2 } });
    expect(result.error.message).toMatch(/^load\.ts:2:\d+: Top level of the app fetches http:\/\/a\.test\/data: /);
    expect(result.error.message).toContain("const response = await fetch(url);");
  });

  it("goes on without what it fetches is warned where", async () => {
    const result = await buildFiles({
      "main.ts": `const data = await fetch("http://a.test/").catch(() => null);\nexport default { fetch: () => new Response(String(data)) };\n`,
    });
    if (result.type !== "built") throw new Error(result.error.message);
    // What a context costs is a matter of the machine.
    expect(result.manifest.warnings.filter((warning) => !warning.startsWith("A fresh context"))).toEqual([
      expect.stringMatching(/^main\.ts:1:\d+: fetch of http:\/\/a\.test\/ at the top level was refused/),
    ]);
  });

  it("asks the host for too much starts from a lower rung, with the line that asked", async () => {
    const result = await buildFiles({
      "main.ts": `import { spin } from "./spin";\nspin();\nexport default { fetch: () => new Response("spun") };\n`,
      "spin.ts": `export function spin(): void {\n  for (let i = 0; i < 30_000; i++) new URL("http://a.test/" + i);\n}\n`,
    });
    if (result.type !== "built") throw new Error(result.error.message);
    const [skipped] = result.manifest.skippedRungs;
    expect(skipped).toMatchObject({
      rung: "heap",
      reason: expect.stringMatching(/^spin\.ts:2:\d+: the top level asks the host for more than can be kept/),
    });
  });

  it.each([
    ["throws a text", `throw "plain";`, "plain"],
    ["throws nothing", "throw undefined;", "undefined"],
    ["rejects what it awaits", `return Promise.reject(new Error("later"));`, "later"],
    [
      "needs a fetch",
      `return (async () => { await fetch("http://a.test/data"); })();`,
      "Top level of the app fetches http://a.test/data",
    ],
    ["waits for ever", "return new Promise(() => {});", "Top level of the app never settles"],
  ])("%s fails with that", async (_, topLevel, message) => {
    const error = await failureOf(`__nano_app__(function () { ${topLevel} });`);
    expect(error.code).toMatch(/^BUILD_INIT_(?:THREW|FETCHED|STALLED)$/);
    expect(error.message).toContain(message);
  });

  it("loops fails after its time", async () => {
    const error = await failureOf(appScript("for (;;);"), { limits: { init_time_ms: 100 } });
    expect(error.code).toBe("BUILD_INIT_TIMEOUT");
    expect(error.message).toContain("longer than 100 ms");
  });

  it.each([
    [
      "in a getter of what it throws",
      `const e = new Error("x"); Object.defineProperty(e, "stack", { get() { for (;;); } }); throw e;`,
    ],
    [
      "in a getter of a rejection's reason",
      `const e = new Error("x"); Object.defineProperty(e, "stack", { get() { for (;;); } }); Promise.reject(e);`,
    ],
    ["in the message of what it throws", `throw { toString() { for (;;); } };`],
  ])("loops %s, where V8's own timeout does not reach, ends all the same", async (_, topLevel) => {
    const result = await build(partsOf(appScript(topLevel), { limits: { init_time_ms: 100 } }));
    if (result.type === "failed") expect(result.error.code).toMatch(/^BUILD_INIT_(?:TIMEOUT|THREW)$/);
  });

  it.each([
    ["arrays", "const all = []; for (;;) all.push(new Array(1e5).fill(1.5));"],
    ["strings", `let text = "x"; const all = []; for (;;) all.push((text += "y".repeat(1e6)).split(""));`],
    ["a Map", "const map = new Map(); for (let i = 0; ; i++) map.set(i, { i });"],
    ["buffers", "const all = []; for (;;) { const b = new Uint8Array(1e7).fill(1); all.push(b); }"],
    ["one huge array", "new Array(5e8).fill(0);"],
    ["a growing BigInt", "let n = 3n; for (;;) n = n * n;"],
  ])("fills memory with %s fails, and takes the builder nowhere", async (_, topLevel) => {
    const error = await failureOf(appScript(topLevel), { limits: { memory_mb: 32, init_time_ms: 1500 } });
    expect(error.code).toMatch(/^BUILD_(?:INIT_MEMORY|INIT_THREW|INIT_TIMEOUT|CHILD_LOST)$/);
    expect(error.fault).toBe("tenant");
    expect(error.message).not.toMatch(/undefined|\[object/);
  });

  it("is no script at all fails with what the engine says", async () => {
    expect((await failureOf("function (")).message).toContain("SyntaxError");
  });
});

describe("a warm-up request that", () => {
  const source = `const orders = (body: string) => JSON.parse(body).orders.length;
export default {
  async fetch(request: Request) {
    return new Response(String(request.method === "POST" ? orders(await request.text()) : "ok"));
  },
};
`;

  it("throws is told in the log, with the line, and costs the app nothing else", async () => {
    const warm_up = [{ method: "POST", path: "/orders", body: "{}" }, { path: "/" }];
    const logged: string[] = [];
    const result = await buildFiles({ "main.ts": source }, { warm_up }, (line) => logged.push(line));
    expect(result).toMatchObject({ type: "built", manifest: { rung: "heap" } });
    expect(logged.filter((line) => line.includes("Warm-up"))).toEqual([
      expect.stringMatching(/^warn main\.ts:1:\d+: Warm-up request POST \/orders threw, .*: TypeError: /),
    ]);
  });

  it("nobody asked for is not told of", async () => {
    const logged: string[] = [];
    const onlyPosts = source.replace('request.method === "POST"', "true");
    await buildFiles({ "main.ts": onlyPosts }, {}, (line) => logged.push(line));
    expect(logged.join()).not.toContain("Warm-up");
  });
});

describe("a build", () => {
  it("ends at once when it is cancelled, with its processes", async () => {
    const cancelling = new AbortController();
    const result = await build(partsOf(appScript("for (;;);"), { limits: { init_time_ms: 60_000 } }), {
      signal: cancelling.signal,
      onEvent: () => cancelling.abort(),
    });
    expect(result).toMatchObject({ type: "failed", error: { code: "BUILD_CANCELLED" } });
  });
});
