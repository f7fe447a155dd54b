import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleApp } from "@nano/bundle/bundle-app";
import { engineFingerprint } from "@nano/isolate/engine";
import type { BuildEvent } from "@nano/protocol/records";
import { trustedKeysOf } from "@nano/sliver/signing-key";
import { findSection, parseSliver, readSection } from "@nano/sliver/sliver-file";
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
      "holds an Intl object, which aborts the process that serialises it",
      `globalThis.kept = new Intl.NumberFormat("de");`,
      "such as an Intl object",
    ],
    [
      "uses WebAssembly, which is not there while a heap is made",
      "new WebAssembly.Memory({ initial: 1 });",
      "WebAssembly is not defined",
    ],
    [
      "looks whether it is being serialised, and then loops",
      `if (typeof WebAssembly === "undefined") for (;;);`,
      "the process took longer than",
    ],
    [
      "looks whether it is being serialised, and then fills the memory",
      `if (typeof WebAssembly === "undefined") { const all = []; for (;;) all.push(new Array(1e5).fill(1.5)); }`,
      "bytes of memory",
    ],
  ])("falls to its source where the app %s", async (_, topLevel, reason) => {
    // Long enough for a loaded machine to fill the memory; only the loop takes it whole.
    const result = await build(partsOf(appScript(topLevel)), { limits: { makeLimitMs: 4000 } });
    if (result.type !== "built") throw new Error(result.error.message);
    expect(result.manifest.rung).toBe("source");
    expect(result.manifest.skippedRungs[0]).toMatchObject({ rung: "heap", reason: expect.stringContaining(reason) });
    const file = parseSliver(result.sliver, { trustedKeys: trustedKeysOf(signingKey) });
    expect(findSection(file, "snapshot")).toBeUndefined();
    expect(findSection(file, "script")).toBeDefined();
  });
});

describe("a top level that", () => {
  it("throws is told file, line, column and source, as its author wrote them", async () => {
    const directory = await mkdtemp(join(tmpdir(), "nano-builder-"));
    onTestFinished(() => rm(directory, { recursive: true }));
    await writeFile(join(directory, "package.json"), JSON.stringify({ main: "main.ts" }));
    await writeFile(
      join(directory, "main.ts"),
      `import { load } from "./load";\nexport default { fetch: () => new Response(load()) };\n`,
    );
    await writeFile(
      join(directory, "load.ts"),
      `interface Options { readonly name: string }\n\nfunction read(options: Options): string {\n  throw new RangeError("no " + options.name);\n}\n\nconst loaded = read({ name: "data" });\nexport const load = () => loaded;\n`,
    );
    const { artifact } = await bundleApp({ dir: directory });
    if (artifact === null) throw new Error("no bundle");
    const result = await build(partsOf(artifact.script, {}, artifact.sourceMap));
    if (result.type !== "failed") throw new Error("the build did not fail");
    expect(result.error).toMatchObject({ code: "BUILD_INIT_THREW", fault: "tenant" });
    expect(result.error.details).toMatchObject({ file: "load.ts", line: 4, error: "RangeError: no data" });
    expect(result.error.details.excerpt).toContain('throw new RangeError("no " + options.name);');
    expect(result.error.details.stack).toMatch(/load\.ts:4:.*\n.*load\.ts:7:/);
    expect(result.error.message).toMatch(/^load\.ts:4:\d+: Top level of the app threw: RangeError: no data\n/);
    expect(JSON.stringify(result.error)).not.toContain("file://");
  });

  it.each([
    ["throws a text", `throw "plain";`, "plain"],
    ["throws nothing", "throw undefined;", "undefined"],
    ["rejects what it awaits", `return Promise.reject(new Error("later"));`, "later"],
  ])("%s fails with that", async (_, topLevel, message) => {
    const error = await failureOf(`__nano_app__(function () { ${topLevel} });`);
    expect(error.code).toBe("BUILD_INIT_THREW");
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
