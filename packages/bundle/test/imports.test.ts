import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type BundledApp, bundleApp } from "@nano/bundle/bundle-app";
import { MAX_WASM_BYTES } from "@nano/bundle/wasm-imports";
import { describe, expect, it } from "vitest";
import { appDirectory } from "./app-directory.ts";
import { loadScript, type TakeWasm } from "./load-script.ts";

type Files = Readonly<Record<string, string | Uint8Array>>;

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** A module without functions, told from others by a custom section. */
function wasmModule(name: string): Uint8Array {
  return Uint8Array.from([...HEADER, 0x00, name.length + 1, name.length, ...Buffer.from(name)]);
}

async function bundleFiles(files: Files): Promise<BundledApp> {
  return bundleApp({ dir: await appDirectory(files) });
}

async function init(files: Files): Promise<Record<string, unknown>> {
  return loadScript((await bundleFiles(files)).artifact?.script ?? "").init();
}

/** What an app exports once each module was handed over, after its top level ran: for each, its bytes stand. */
async function initWithWasm(app: BundledApp) {
  const taken: Parameters<TakeWasm>[] = [];
  const options = { takeWasm: (...given: Parameters<TakeWasm>) => taken.push(given) };
  const start = loadScript(app.artifact?.script ?? "");
  const exports = app.form === "async" ? await start.initAsync(options) : start.init(options);
  for (const [index, take] of taken) take(app.artifact?.wasm?.[index]);
  return { exports, indexes: taken.map(([index]) => index).sort() };
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

it.each([
  ["in a plain app", ""],
  ["beside top-level await", "await 0;"],
])(
  "a .wasm import is the module that the host hands over, and its bytes are not in the script: %s",
  async (_, more) => {
    const app = await bundleFiles({
      "index.js": `import one from "./one.wasm"; import two from "p/two.wasm?module"; ${more}
      export default () => [one, two]; export const atInit = one;`,
      "one.wasm": wasmModule("one"),
      "node_modules/p/two.wasm": wasmModule("two"),
      "node_modules/p/package.json": '{"name":"p","exports":{"./*":"./*"}}',
    });
    expect(app.artifact?.wasm).toHaveLength(2);
    for (const base64 of app.artifact?.wasm ?? []) expect(app.artifact?.script).not.toContain(base64);
    const { exports, indexes } = await initWithWasm(app);
    expect(indexes).toEqual([0, 1]);
    expect(exports.atInit).toBeUndefined();
    expect((exports.default as () => unknown)()).toEqual([base64Of(wasmModule("one")), base64Of(wasmModule("two"))]);
  },
);

it("the same WebAssembly is one entry, however it is imported", async () => {
  const app = await bundleFiles({
    "index.js": `import a from "./a.wasm"; import b from "./a.wasm?module"; import c from "./copy.wasm";
      const d = require("./a.wasm"); export default () => [a, b, c, d.default];`,
    "a.wasm": wasmModule("one"),
    "copy.wasm": wasmModule("one"),
  });
  const one = base64Of(wasmModule("one"));
  expect(app.artifact?.wasm).toEqual([one]);
  const { exports } = await initWithWasm(app);
  expect((exports.default as () => unknown)()).toEqual([one, one, one, one]);
  const names = app.watchFiles.map((path) => path.slice(app.directory.length + 1)).sort();
  expect(names).toEqual(["a.wasm", "copy.wasm", "index.js", "nano.json", "package.json"]);
});

it("modules are numbered by the script, not by what was read first", async () => {
  const files = {
    "index.js": `import one from "./one.wasm"; import two from "./two.wasm"; export default () => [one, two];`,
    "one.wasm": Buffer.concat([wasmModule("one"), Buffer.from([0, 0xa1, 0x8d, 0x06, 1, 0x61]), Buffer.alloc(99_999)]),
    "two.wasm": wasmModule("two"),
  };
  const [first, second] = [await bundleFiles(files), await bundleFiles(files)];
  expect(second.artifact).toEqual(first.artifact);
  expect(first.artifact?.wasm?.map((text) => Buffer.from(text, "base64").length)).toEqual([
    files["one.wasm"].length,
    files["two.wasm"].length,
  ]);
});

it("an app without WebAssembly has no list of it", async () => {
  expect(Object.keys((await bundleFiles({ "index.js": "" })).artifact ?? {})).toEqual([
    "format",
    "script",
    "sourceMap",
  ]);
});

it.each([
  ["text", Buffer.from("(module)"), "28 6d 6f 64 75 6c 65 29"],
  ["a component", Uint8Array.from([...HEADER.slice(0, 4), 0x0d, 0, 1, 0]), "00 61 73 6d 0d 00 01 00"],
  ["cut short", Uint8Array.from(HEADER.slice(0, 5)), "00 61 73 6d 01,"],
  ["empty", new Uint8Array(), "begins with nothing"],
])("a .wasm file that is no module is refused where it is imported: %s", async (_, bytes, shown) => {
  const failure = await bundleFiles({
    "index.ts": `const a = 1;\nimport wasm from "./a.wasm";\nexport default [a, wasm];`,
    "a.wasm": bytes,
  }).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    code: "BUNDLE_BAD_WASM",
    wire: { details: { file: "index.ts", line: 2, column: 18 } },
  });
  expect((failure as Error).message).toContain(shown);
});

it("WebAssembly above its limit is refused, one file or all together, with what to do", async () => {
  const filesOf = (...sizes: number[]) => ({
    "index.js": sizes.map((_, i) => `import a${i} from "./${i}.wasm"; globalThis.a${i} = a${i};`).join("\n"),
    ...Object.fromEntries(
      sizes.map((size, i) => [
        `${i}.wasm`,
        Buffer.concat([Buffer.from(HEADER), Buffer.alloc(size - HEADER.length, i)]),
      ]),
    ),
  });
  const half = MAX_WASM_BYTES / 2;
  for (const sizes of [[MAX_WASM_BYTES + 1], [half, half + 1]]) {
    const failure = await bundleFiles(filesOf(...sizes)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "BUNDLE_TOO_LARGE", wire: { details: { foundBytes: MAX_WASM_BYTES + 1 } } });
    expect((failure as Error).message).toBe(
      `Bundle is too large in its WebAssembly modules: found ${MAX_WASM_BYTES + 1} bytes, at most ${MAX_WASM_BYTES}; import less, or serve data from assets`,
    );
  }
});

it.each(["txt", "html", "md", "sql", "css"])("a .%s file is imported as its text", async (extension) => {
  const exports = await init({
    "index.js": `import text from "./a.${extension}"; export default text;`,
    [`a.${extension}`]: "größer { } <b>",
  });
  expect(exports.default).toBe("größer { } <b>");
});

it("a style sheet with names of its own gives them, and takes no other file's place", async () => {
  for (const more of ["", "await 0;"]) {
    const app = await bundleFiles({
      "index.js": `import styles from "./a.module.css"; export default styles; ${more}`,
      "a.module.css": ".box { color: red }",
    });
    const start = loadScript(app.artifact?.script ?? "");
    const exports = more === "" ? start.init() : await start.initAsync();
    expect(Object.keys(exports.default as object)).toEqual(["box"]);
    expect(JSON.parse(app.artifact?.sourceMap ?? "").sources).toContain("index.js");
  }
});

it("a .bin file is imported as an ArrayBuffer of its bytes", async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  const app = await bundleFiles({
    "index.js": `import a from "./a b'\\".bin"; import b from "./empty.bin"; export default [a, b, a instanceof ArrayBuffer];`,
    "a b'\".bin": bytes,
    "empty.bin": "",
  });
  const [a, b, isBuffer] = loadScript(app.artifact?.script ?? "").init().default as [ArrayBuffer, ArrayBuffer, boolean];
  expect(isBuffer).toBe(true);
  expect(new Uint8Array(a)).toEqual(bytes);
  expect(b.byteLength).toBe(0);
  expect(app.watchFiles.filter((path) => path.endsWith(".bin"))).toHaveLength(2);
});

it("JSON is imported whole and by name", async () => {
  const exports = await init({
    "index.js": `import all, { n } from "./b.json"; export default [all.n, n, all["a b"]];`,
    "b.json": '{"n": 3, "a b": 4}',
  });
  expect(exports.default).toEqual([3, 3, 4]);
});

it("import attributes decide before the file's name does", async () => {
  const app = await bundleFiles({
    "index.js": `import text from "./a.ts" with { type: "text" }; import bytes from "./b.wasm" with { type: "bytes" };
      import json from "./c.txt" with { type: "json" }; import bin from "./d.bin" with { type: "text" };
      export default [text, bytes.length, json.n, bin];`,
    "a.ts": "let a: 1",
    "b.wasm": "no module",
    "c.txt": '{"n":5}',
    "d.bin": "bin",
  });
  expect(app.artifact).not.toHaveProperty("wasm");
  expect(loadScript(app.artifact?.script ?? "").init().default).toEqual(["let a: 1", 9, 5, "bin"]);
  expect(app.watchFiles).toContain(join(app.directory, "a.ts"));
});

const MODULE_NAMES = ["DurableObject", "RpcTarget", "WorkerEntrypoint", "WorkflowEntrypoint", "env", "waitUntil"];

it("cloudflare:workers gives the variables, the same object as process.env", async () => {
  const env = { COLOR: "blue" };
  for (const more of ["", "await 0;"]) {
    const app = await bundleFiles({
      "index.js": `import { env } from "p"; import * as all from "cloudflare:workers"; ${more}
        export default [env.COLOR, env === process.env, Object.keys(all)];`,
      "node_modules/p/index.js": `export { env } from "cloudflare:workers";`,
    });
    const start = loadScript(app.artifact?.script ?? "");
    const exports = more === "" ? start.init({ env }) : await start.initAsync({ env });
    expect(exports.default).toEqual(["blue", true, MODULE_NAMES]);
    expect(app.watchFiles.some((path) => path.includes("cloudflare"))).toBe(false);
  }
});

it("cloudflare:workers gives base classes, of which only those that are used are in the script", async () => {
  const app = await bundleFiles({
    "index.js": `import { WorkerEntrypoint, DurableObject, RpcTarget } from "cloudflare:workers";
      export class Counter extends DurableObject {}
      export default class extends WorkerEntrypoint { fetch() {} }`,
  });
  const { default: Main, Counter } = loadScript(app.artifact?.script ?? "").init() as Record<
    string,
    new (
      ctx: object,
      env: object,
    ) => object
  >;
  const [ctx, env] = [{}, {}];
  for (const each of [Main, Counter])
    expect({ ...new (each as NonNullable<typeof each>)(ctx, env) }).toEqual({ ctx, env });
  expect(app.artifact?.script).not.toContain("RpcTarget");
  expect(app.artifact?.script).not.toContain("WorkflowEntrypoint");
});

it("waitUntil of cloudflare:workers asks the platform, and not before it is called", async () => {
  const app = await bundleFiles({
    "index.js": `import { waitUntil } from "cloudflare:workers"; export default (promise) => waitUntil(promise);`,
  });
  const { default: call } = loadScript(app.artifact?.script ?? "").init() as { default: (promise: unknown) => void };
  expect(() => call(1)).toThrow("a part of the platform");
});

it.each([
  ["a name that cloudflare:workers has not", `import { withEnv } from "cloudflare:workers"; withEnv();`, "withEnv"],
  ["a module of an address", `import x from "https://example.com/x.js"; x();`, "https://example.com/x.js"],
  ["a file that is nowhere", `import x from "./gone.wasm"; x();`, "gone.wasm"],
])("%s is an import that cannot be resolved", async (_, text, named) => {
  const failure = await bundleFiles({ "index.js": text }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "BUNDLE_UNRESOLVED_IMPORT", wire: { details: { file: "index.js", line: 1 } } });
  expect((failure as Error).message).toContain(named);
});

it("a WebAssembly file that changes changes the bundle", async () => {
  const directory = await appDirectory({
    "index.js": `import one from "./one.wasm"; export default () => one;`,
    "one.wasm": wasmModule("one"),
  });
  const before = await bundleApp({ dir: directory });
  await writeFile(join(directory, "one.wasm"), wasmModule("two"));
  const after = await bundleApp({ dir: directory });
  expect(after.artifact?.wasm).not.toEqual(before.artifact?.wasm);
  expect(after.artifact?.script).toBe(before.artifact?.script);
});

describe("an import that fails says what to do", () => {
  const installed = {
    "node_modules/pkg/package.json": '{"name":"pkg","exports":{".":"./index.js"}}',
    "node_modules/pkg/index.js": "",
  };

  it.each([
    ["cloudflare:sockets", /"cloudflare:sockets": of these modules there is cloudflare:workers alone/],
    ["no-such-pkg", /"no-such-pkg": run npm install no-such-pkg in the app's directory/],
    ["@scope/name/below", /run npm install @scope\/name in the app's directory/],
    ["pkg/below", /package pkg is there and does not export \.\/below/],
    ["./nowhere", /"\.\/nowhere": there is no such file/],
    ["~/alias", /"~\/alias": there is no such file/],
    ["https://esm.sh/x", /install it from npm/],
    ["bun:test", /"bun:test": there is no such module/],
    [
      "./add.png",
      / add\.png is of no kind that can be imported: expected .*\.ts .*\.json .*\.bin \.wasm; what clients load belongs into assets\//,
    ],
  ])("%s", async (path, shown) => {
    const files = { "index.js": `import x from "${path}"; export default x;`, "add.png": "", ...installed };
    const failure = await bundleFiles(files).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "BUNDLE_UNRESOLVED_IMPORT",
      message: expect.stringMatching(shown),
      wire: { details: { file: "index.js", line: 1, column: 15 } },
    });
  });

  it.each(["node:crypto", "crypto"])("a name that %s does not have", async (module) => {
    const files = { "index.js": `import { createCipheriv } from "${module}"; export default createCipheriv;` };
    await expect(bundleFiles(files)).rejects.toThrow(/NANO's node:crypto has no such name, see COMPATIBILITY\.md/);
  });

  it("a module of Node that there is not", async () => {
    const files = { "index.js": `import { readFile } from "node:fs"; export default readFile;` };
    await expect(bundleFiles(files)).rejects.toThrow(/COMPATIBILITY\.md .* lists the modules of Node that there are/);
  });
});
