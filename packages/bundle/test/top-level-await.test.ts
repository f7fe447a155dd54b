import { type BundledApp, bundleApp } from "@nano/bundle/bundle-app";
import { mapStack } from "@nano/bundle/map-stack";
import { expect, it } from "vitest";
import { appDirectory } from "./app-directory.ts";
import { loadScript } from "./load-script.ts";

type Files = Readonly<Record<string, string>>;

async function bundleFiles(files: Files): Promise<BundledApp> {
  return bundleApp({ dir: await appDirectory(files) });
}

async function initAsync(files: Files, globals = {}): Promise<Record<string, unknown>> {
  return loadScript((await bundleFiles(files)).artifact?.script ?? "", globals).initAsync();
}

it("top-level await makes the factory async; without it, it is not", async () => {
  const app = await bundleFiles({ "index.ts": "const a: number = await 3;\nexport default { fetch: () => a };" });
  const exports = await loadScript(app.artifact?.script ?? "").initAsync();
  expect((exports.default as { fetch(): number }).fetch()).toBe(3);
  expect(app.form).toBe("async");
  const sync = await bundleFiles({ "index.ts": "export default async () => await 3;" });
  expect(sync.form).toBe("sync");
  expect(typeof loadScript(sync.artifact?.script ?? "").init().default).toBe("function");
});

it("modules with top-level await run in the order of their imports", async () => {
  const log: string[] = [];
  await initAsync(
    {
      "index.js": `import "./a.js"; import "./b.js"; log.push("index"); export default 1;`,
      "a.js": `log.push("a"); await null; log.push("a, later");`,
      "b.js": `for await (const _ of [1]) log.push("b");`,
    },
    { log },
  );
  expect(log).toEqual(["a", "a, later", "b", "index"]);
});

it("every name and kind of export arrives", async () => {
  const exports = await initAsync({
    "index.js": `await null;
export const größe = 1, $ = 2; let a = 3; a = 4;
export { a, a as b, a as "not a name", a as __proto__, größe as ü, a as "n ö 😀", a as 𝒳 };
export class K {} export function f() { return a; }
export * from "./more.js"; export default function () { return "default"; }`,
    "more.js": "export let more = await 5;",
  });
  expect(Object.keys(exports).sort()).toEqual(
    ["$", "K", "__proto__", "a", "b", "default", "f", "größe", "more", "n ö 😀", "not a name", "ü", "𝒳"].sort(),
  );
  expect(exports).toMatchObject({ a: 4, b: 4, "not a name": 4, größe: 1, ü: 1, more: 5 });
  expect((exports.default as () => string)()).toBe("default");
});

it("an app without exports has none", async () => {
  expect(await initAsync({ "index.js": "globalThis.done = await 1;" })).toEqual({});
});

it("the app's names stand beside those of the wrapper", async () => {
  const exports = await initAsync({
    "index.js": `import { used } from "./used.js"; const process = await 1; const env = 2; class takeWasm {}
      let __nano_env__ = 3; function __nano_app__() { return 4; }
      export default [process, env, typeof takeWasm, __nano_env__, __nano_app__(), typeof used, typeof this];`,
    "used.js": "export const used = process.env;",
  });
  expect(exports.default).toEqual([1, 2, "function", 3, 4, "object", "undefined"]);
});

it("text that looks like the end of a module stays where it is", async () => {
  const text = "\nexport {\n  a as default\n};\n";
  const { default: found } = await initAsync({ "index.js": `await 0; export default ${JSON.stringify(text)};` });
  expect(found).toBe(text);
  const template = await initAsync({ "index.js": `await 0; export const t = \`${text}\`; export default 1;` });
  expect(template).toEqual({ t: text, default: 1 });
});

it("a CommonJS entry exports what it exports, though it loads a module with top-level await", async () => {
  const exports = await initAsync({
    "index.cjs": "",
    "index.js": `exports.fetch = async () => (await import("./late.js")).value;`,
    "late.js": "export const value = await 7;",
  });
  expect(await (exports.fetch as () => Promise<number>)()).toBe(7);
});

it.each([
  ["its own", "export const value = await 1;"],
  ["that of a module it imports", `import { value } from "./deep.js"; export { value };`],
  ["that of one it re-exports", `export { value } from "./deep.js";`],
  ["that of one it re-exports whole", `export * from "./deep.js"; globalThis.seen = seen();`],
  [
    "that of one under a name",
    `export * as all from "./deep.js"; import * as m from "./deep.js"; export const { value } = m;`,
  ],
  ["that of one further down", `export * from "./further.js";`],
])("a module that import() loads is ready with its await: %s", async (_, mid) => {
  const files = {
    "mid.js": mid.includes("seen()")
      ? `${mid} import { value as v } from "./deep.js"; function seen() { return v; }`
      : mid,
    "further.js": `export * from "./deep.js";`,
    "deep.js": "await null; await null; export const value = await 1;",
  };
  const lazily = await initAsync({
    ...files,
    "index.js": `export default async () => (await import("./mid.js")).value; await 0;`,
  });
  expect(await (lazily.default as () => Promise<number>)()).toBe(1);
  const both = await initAsync({
    ...files,
    "index.js": `export * from "./mid.js"; const { value } = await import("./mid.js"); export default value;`,
  });
  expect(both.default).toBe(1);
});

it("awaits are kept apart from names that an author took", async () => {
  const { default: load } = await initAsync({
    "index.js": `export default () => import("./mid's.js"); await 0;`,
    "mid's.js": `export * from './de"ep.js'; function __esm() {} globalThis.used = __esm; export const init_deep = () => 3;`,
    'de"ep.js': "await null; export const value = await 1;",
  });
  expect(await (load as () => Promise<unknown>)()).toMatchObject({ value: 1 });
});

it("an entry whose name holds a star may have top-level await", async () => {
  const exports = await initAsync({
    "nano.json": '{"entrypoint":"[...*].ts"}',
    "[...*].ts": `import { b } from "./b.ts"; export default await b;`,
    "b.ts": "export const b: number = 1;",
  });
  expect(exports.default).toBe(1);
});

it("import() works without top-level await too", async () => {
  const { artifact } = await bundleFiles({
    "index.js": `export default async () => (await import("./b.js")).value;`,
    "b.js": "export const value = 2;",
  });
  const load = loadScript(artifact?.script ?? "").init().default as () => Promise<number>;
  expect(await load()).toBe(2);
});

it("import.meta is empty in both forms", async () => {
  expect((await initAsync({ "index.js": "export default [import.meta.url, await 1];" })).default).toEqual([
    undefined,
    1,
  ]);
});

it("a throw after an await maps to the line that its author wrote", async () => {
  const { artifact } = await bundleFiles({
    "src/index.ts": [
      "interface Unused { readonly a: string }",
      'import { fail } from "./fail.ts";',
      "const value: number = await Promise.resolve(1);",
      "fail(value);",
      "export default { fetch: (): Unused => ({ a: '' }) };",
    ].join("\n"),
    "src/fail.ts": [
      "type T = 1;",
      "await null;",
      "export function fail(n: number): never {",
      "  throw new Error('no ' + n);",
      "}",
    ].join("\n"),
  });
  const stack = await loadScript(artifact?.script ?? "")
    .initAsync()
    .then(
      () => "",
      (error: Error) => error.stack ?? "",
    );
  const frames = mapStack(stack, artifact?.sourceMap ?? "").split("\n");
  expect(frames[0]).toBe("Error: no 1");
  expect(frames[1]).toMatch(/src\/fail\.ts:4:9\)$/);
  expect(frames[2]).toMatch(/src\/index\.ts:4:1\)?$/);
});

it("stacks of modules that import() loads map too", async () => {
  const { artifact } = await bundleFiles({
    "index.ts": `export default () => import("./mid.ts"); await 0;`,
    "mid.ts": `export * from "./deep.ts";\nthrow new Error("mid");`,
    "deep.ts": "export const a = await 1;",
  });
  const { default: load } = await loadScript(artifact?.script ?? "").initAsync();
  const stack = await (load as () => Promise<unknown>)().then(
    () => "",
    (error: Error) => error.stack ?? "",
  );
  expect(mapStack(stack, artifact?.sourceMap ?? "")).toMatch(/mid\.ts:2:7/);
});

it.each([
  [
    "index.js",
    { "index.js": `import "./p.cjs"; export default 1;`, "p.cjs": `// first\nexports.a = require("./await.js").a;` },
    "p.cjs",
    2,
  ],
  [
    "a package",
    {
      "index.js": `import "p"; export default 1;`,
      "node_modules/p/index.js": `exports.a = require("./mid.mjs");`,
      "node_modules/p/mid.mjs": `export * from "../../await.js";`,
    },
    "node_modules/p/index.js",
    1,
  ],
])("a require of a module with top-level await is refused with its place: in %s", async (_, files, file, line) => {
  const failure = await bundleFiles({ ...files, "await.js": "export const a = await 1;" }).catch(
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({ code: "BUNDLE_TOP_LEVEL_AWAIT", wire: { details: { file, line } } });
  expect((failure as Error).message).toContain(`${file}:${line}:`);
  expect((failure as Error).message).toContain("require(");
});

it("a circle of imports with top-level await, loaded by import(), is refused by name", async () => {
  const files = {
    "index.js": `export default () => import("./main.js");`,
    "main.js": `import { a } from "./a.js"; export const got = a();`,
    "a.js": `import { b } from "./b.js"; import { value } from "./await.js"; export function a() { return b() + value; }`,
    "b.js": `import { a } from "./a.js"; export function b() { return typeof a; }`,
    "await.js": "export const value = await 1;",
  };
  await expect(bundleFiles(files)).rejects.toMatchObject({
    code: "BUNDLE_TOP_LEVEL_AWAIT",
    wire: { details: { file: "b.js", line: 1, column: 19 } },
  });
  const exports = await initAsync({ ...files, "index.js": `export { got as default } from "./main.js";` });
  expect(exports.default).toBe("function1");
});

it("other problems of an app with top-level await are told as those of any app", async () => {
  const failure = await bundleFiles({ "index.js": `await 0;\nimport "./gone.js";` }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "BUNDLE_UNRESOLVED_IMPORT", wire: { details: { line: 2, problemCount: 1 } } });
});

it("the same files give the same bytes, whatever form was expected", async () => {
  for (const text of ["export default await 1;", "export default async () => await 1;"]) {
    const files = { "index.ts": text };
    const [plain, hinted] = [
      await bundleFiles(files),
      await bundleApp({ dir: await appDirectory(files), expectedForm: "async" }),
    ];
    expect(hinted.artifact).toEqual(plain.artifact);
  }
});
