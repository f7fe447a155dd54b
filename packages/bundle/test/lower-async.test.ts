/** Lowering: what it makes of a script. What it does for stores is shown in isolates, by `test/conformance/async-context`. */
import { bundleApp } from "@nano/bundle/bundle-app";
import { mapStack } from "@nano/bundle/map-stack";
import { expect, it } from "vitest";
import { appDirectory } from "./app-directory.ts";
import { loadScript } from "./load-script.ts";

const IMPORT = `import { AsyncLocalStorage } from "node:async_hooks";\n`;
const USE = "export const storage = new AsyncLocalStorage();\n";
const CLASSES = { AsyncLocalStorage: class AsyncLocalStorage {}, AsyncResource: class AsyncResource {} };

type Files = Readonly<Record<string, string>>;
type Body = (...args: unknown[]) => Generator<unknown, unknown, unknown>;

async function bundleFiles(files: Files) {
  const app = await bundleApp({ dir: await appDirectory(files) });
  return { ...app, script: app.artifact?.script ?? "", sourceMap: app.artifact?.sourceMap ?? "" };
}

/** The platform's part, as far as it takes to run; counts what it was asked for. */
function asyncHooks(calls: string[]) {
  return {
    ...CLASSES,
    runAsync: (self: unknown, args: unknown[] | null, body: Body) => {
      calls.push("async");
      return new Promise((resolve, reject) => {
        const steps = body.apply(self, args ?? []);
        const go = (step: IteratorResult<unknown, unknown>): unknown =>
          step.done === true
            ? resolve(step.value)
            : Promise.resolve(step.value).then((value) => go(steps.next(value)), reject);
        go(steps.next());
      });
    },
    generatorsOf: () => () => calls.push("generator"),
    delegatesOf: () => () => calls.push("delegate"),
  };
}

it.each(["node:async_hooks", "async_hooks"])("an app that imports %s is lowered", async (name) => {
  const { script } = await bundleFiles({
    "index.js": `import { AsyncLocalStorage } from "${name}";\n${USE}export const f = async () => { await 1; };`,
  });
  expect(script).not.toMatch(/\basync\b(?!_)/);
  expect(script).not.toMatch(/\bawait\b/);
});

it("an app that does not import it keeps its text, also where it brings it along unused", async () => {
  const files = { "index.js": "export const f = async () => { await 1; };" };
  const { script } = await bundleFiles(files);
  expect(script).toContain("async () => {");
  const unused = await bundleFiles({
    ...files,
    "index.js": `import "./storage.js";\n${files["index.js"]}`,
    "storage.js": `${IMPORT}export const make = () => new AsyncLocalStorage();`,
  });
  expect(unused.script).toContain("async () => {");
  expect(unused.script).not.toContain("__nano_async_hooks__");
});

it.each([
  [
    "require",
    `const { AsyncLocalStorage } = require("async_hooks"); exports.default = async () => new AsyncLocalStorage();`,
  ],
  [
    "a namespace",
    `import * as hooks from "node:async_hooks"; export default async () => new hooks.AsyncLocalStorage();`,
  ],
  ["the default", `import hooks from "node:async_hooks"; export default async () => new hooks.AsyncLocalStorage();`],
  ["import()", `export default async () => new (await import("node:async_hooks")).AsyncLocalStorage();`],
])("it is found by %s", async (_how, text) => {
  const { script } = await bundleFiles({ "index.js": text });
  const exports = loadScript(script).init({ asyncHooks: () => asyncHooks([]) }) as { default: () => Promise<object> };
  expect(await exports.default()).toBeInstanceOf(CLASSES.AsyncLocalStorage);
});

it.each(["executionAsyncId", "createHook", "AsyncHook"])("%s is not there, which the build says", async (name) => {
  const building = bundleFiles({ "src/index.js": `import { ${name} } from "node:async_hooks"; ${name}();` });
  const text = expect.stringContaining(`No matching export in "node:async_hooks" for import "${name}"`);
  await expect(building).rejects.toMatchObject({
    wire: { code: "BUNDLE_UNRESOLVED_IMPORT", details: { file: "src/index.js", line: 1, text } },
  });
});

it("async functions, generators and delegation are run by the platform", async () => {
  const calls: string[] = [];
  const { script } = await bundleFiles({
    "index.js": `${IMPORT}${USE}
export async function f() { return [await 1, arguments.length, this.own]; }
export async function* g() { await 1; yield* other(); }
export async function* other() { yield* g(); }`,
  });
  const { f, g } = loadScript(script).init({ asyncHooks: () => asyncHooks(calls) }) as {
    f: (...args: unknown[]) => unknown;
    g: () => unknown;
  };
  expect(await f.call({ own: 3 }, 1, 2)).toEqual([1, 2, 3]);
  g();
  expect(calls).toEqual(["async", "generator"]);
  for (const call of [".runAsync;", ".generatorsOf(__await);", ".delegatesOf(__await);"])
    expect(script).toContain(call);
});

it("a lowered script is one call, puts nothing on the global object, and is the same wherever its files lie", async () => {
  const files = {
    "index.js": `${IMPORT}${USE}await 1; export const f = async () => { for await (const _ of []) f(); };`,
  };
  const { script, sourceMap } = await bundleFiles(files);
  const loaded = loadScript(script);
  await loaded.initAsync({ asyncHooks: () => asyncHooks([]) });
  expect(loaded.globals).toEqual([]);
  const again = await bundleFiles(files);
  expect([again.script, again.sourceMap]).toEqual([script, sourceMap]);
});

it.each(["", "await 1;"])(
  "places in a stack are those that the author wrote, with %j at the top level",
  async (top) => {
    const { script, sourceMap } = await bundleFiles({
      "src/index.ts": `${IMPORT}${USE}${top}
import { fail } from "./lib/fail.ts";

export async function handler(): Promise<void> {
  await null;
  await fail("é");
}`,
      "src/lib/fail.ts":
        "// a comment\ninterface Unused {}\nexport async function fail(text: string) {\n  throw new TypeError(text);\n}",
    });
    const loaded = loadScript(script);
    const given = { asyncHooks: () => asyncHooks([]) };
    const { handler } = (top === "" ? loaded.init(given) : await loaded.initAsync(given)) as {
      handler(): Promise<void>;
    };
    const stack = await handler().catch((error: Error) => error.stack ?? "");
    const frames = mapStack(stack ?? "", sourceMap);
    expect(frames).toMatch(/^TypeError: é$/m);
    expect(frames).toMatch(/src\/lib\/fail\.ts:4:9/);
    expect(frames).toMatch(/src\/index\.ts:8:9/);
    expect(JSON.parse(sourceMap).sources.sort()).toEqual(expect.arrayContaining(["src/index.ts", "src/lib/fail.ts"]));
  },
);

it("the files of a lowered app are watched, and no others", async () => {
  const { watchFiles, directory } = await bundleFiles({ "index.js": `${IMPORT}${USE}` });
  const names = watchFiles.map((file) => file.slice(directory.length + 1));
  expect(names.sort()).toEqual(["index.js", "nano.json", "package.json"]);
});
