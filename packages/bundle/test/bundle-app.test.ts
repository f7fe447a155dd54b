import { dirname, join } from "node:path";
import { type BundledApp, bundleApp } from "@nano/bundle/bundle-app";
import { isNanoError, type NanoError } from "@nano/protocol/errors";
import { describe, expect, it } from "vitest";
import { appDirectory } from "./app-directory.ts";
import { loadScript } from "./load-script.ts";

async function bundleFiles(files: Readonly<Record<string, string>>): Promise<BundledApp> {
  return bundleApp({ dir: await appDirectory(files) });
}

async function init(files: Readonly<Record<string, string>>, globals = {}): Promise<Record<string, unknown>> {
  return loadScript((await bundleFiles(files)).artifact?.script ?? "", globals).init();
}

async function refusal(files: Readonly<Record<string, string>>): Promise<NanoError> {
  try {
    await bundleFiles(files);
  } catch (error) {
    if (isNanoError(error)) return error;
    throw error;
  }
  throw new Error("The app was bundled");
}

describe("a bundle", () => {
  it("hands over the exports when its factory is called, and not before", async () => {
    const { artifact } = await bundleFiles({
      "index.ts": `globalThis.log.push("init");\nexport default { fetch: (): number => 7 };\nexport const named = 1;`,
    });
    const log: string[] = [];
    const app = loadScript(artifact?.script ?? "", { log });
    expect(log).toEqual([]);
    const exports = app.init() as { default: { fetch(): number }; named: number };
    expect(log).toEqual(["init"]);
    expect(exports.default.fetch()).toBe(7);
    expect(exports.named).toBe(1);
    expect(app.globals).toEqual([]);
  });

  it("is strict, as modules are", async () => {
    const exports = await init({ "index.js": "export const self = (function () { return this; })();" });
    expect(exports.self).toBeUndefined();
  });

  it.each([".ts", ".tsx", ".js", ".mjs", ".jsx"])("takes an entry with %s", async (extension) => {
    expect((await init({ [`index${extension}`]: "export default 1" })).default).toBe(1);
  });

  it.each(["index*.ts", "src/**/*.ts", "what?.ts", "[...path].ts", "{a,b}.ts", "a#b%20c.ts"])(
    "takes the entry %s for a file, not for a pattern",
    async (path) => {
      const directory = await appDirectory({
        "nano.json": JSON.stringify({ entrypoint: path }),
        [path]: 'import { value } from "./value.ts";\nexport default value;',
        [join(dirname(path), "value.ts")]: "const value: number = 1; export { value };",
        "indexes.ts": "export default 2",
        "src/a/b.ts": "export default 3",
      });
      const app = await bundleApp({ dir: directory });
      expect(loadScript(app.artifact?.script ?? "").init().default).toBe(1);
      expect(app.watchFiles).toContain(join(directory, path));
      expect(app.watchFiles).toContain(join(directory, dirname(path), "value.ts"));
      const below = await bundleApp({ entrypoint: join(directory, path) });
      expect(loadScript(below.artifact?.script ?? "").init().default).toBe(1);
    },
  );

  it("takes the tsconfig.json above an entry whose name holds a star", async () => {
    const exports = await init({
      "nano.json": '{"entrypoint":"pages/*.tsx"}',
      "pages/*.tsx": "export default <p>hi</p>;",
      "tsconfig.json": '{"compilerOptions":{"jsx":"react-jsx","jsxImportSource":"h"}}',
      "node_modules/h/package.json": '{"name":"h"}',
      "node_modules/h/jsx-runtime.js": "export const jsx = (type, props) => [type, props.children];",
    });
    expect(exports.default).toEqual(["p", "hi"]);
  });

  it("takes CommonJS entries and packages", async () => {
    const exports = await init({
      "index.js": `const p = require("p"); module.exports = { fetch: () => p.value };`,
      "node_modules/p/package.json": '{"name":"p","main":"main.js"}',
      "node_modules/p/main.js": `exports.value = "from " + require("./other").value;`,
      "node_modules/p/other.js": `exports.value = "p";`,
    });
    expect((exports.fetch as () => string)()).toBe("from p");
  });

  it("folds NODE_ENV and leaves the other branch out", async () => {
    const { artifact } = await bundleFiles({
      "index.js": `export default process.env.NODE_ENV === "production" ? require("./a.js") : require("./b.js");`,
      "a.js": `module.exports = "for production"`,
      "b.js": `module.exports = "for development"`,
    });
    expect(artifact?.script).not.toContain("for development");
    expect(loadScript(artifact?.script ?? "").init().default).toBe("for production");
  });

  it("gives the host's variables as process.env, and no name for them that an author may miss", async () => {
    const { artifact } = await bundleFiles({
      "index.js": `export default process.env; export const names = [typeof env, typeof takeWasm];`,
    });
    const env = { COLOR: "blue" };
    const exports = loadScript(artifact?.script ?? "").init({ env });
    expect(exports.default).toBe(env);
    expect(exports.names).toEqual(["undefined", "undefined"]);
  });

  it.each([
    [["node", "workerd", "worker", "browser", "default"], "workerd"],
    [["node", "worker", "browser", "default"], "worker"],
    [["node", "browser", "default"], "browser"],
    [["browser", "default"], "browser"],
    [["node", "default"], "default"],
  ])("takes the exports of a package that has %s as builds for Workers do: %s", async (conditions, expected) => {
    const exports = await init({
      "index.js": `export { default } from "p";`,
      "node_modules/p/package.json": JSON.stringify({
        name: "p",
        exports: { ".": Object.fromEntries(conditions.map((name) => [name, `./${name}.js`])) },
      }),
      ...Object.fromEntries(conditions.map((name) => [`node_modules/p/${name}.js`, `export default "${name}"`])),
      "node_modules/p/node.js": `import "node:fs"; export default "node";`,
    });
    expect(exports.default).toBe(expected);
  });

  it("takes the browser's files of a package where its others import Node modules", async () => {
    const exports = await init({
      "index.js": `export { id, hash } from "p";`,
      "node_modules/p/package.json": JSON.stringify({
        name: "p",
        main: "index.js",
        browser: { "./random.js": "./random.browser.js", crypto: false },
      }),
      "node_modules/p/index.js": `exports.id = require("./random.js").id; exports.hash = require("crypto").createHash;`,
      "node_modules/p/random.js": `exports.id = require("node:crypto").randomUUID();`,
      "node_modules/p/random.browser.js": `exports.id = "from the browser's file";`,
    });
    expect(exports).toEqual({ id: "from the browser's file", hash: undefined });
  });

  it("compiles JSX with the import source that the app names", async () => {
    const exports = await init({
      "tsconfig.json": '{"compilerOptions":{"jsx":"react-jsx","jsxImportSource":"h"}}',
      "index.tsx": "export default <p>hi</p>;",
      "node_modules/h/package.json": '{"name":"h"}',
      "node_modules/h/jsx-runtime.js": "export const jsx = (type, props) => [type, props.children];",
    });
    expect(exports.default).toEqual(["p", "hi"]);
  });

  it("holds text and JSON files that are imported", async () => {
    const exports = await init({
      "index.js": `import text from "./a.txt"; import data from "./b.json"; export default [text, data.n];`,
      "a.txt": "größer",
      "b.json": '{"n": 3}',
    });
    expect(exports.default).toEqual(["größer", 3]);
  });

  it("is the same for the same files, wherever they lie", async () => {
    const files = { "index.ts": 'import { b } from "./b.ts"; export default b;', "b.ts": "export const b = 1;" };
    const [one, two] = [await bundleFiles(files), await bundleFiles(files)];
    expect(one.artifact).toEqual(two.artifact);
    expect(one.artifact?.sourceMap).toContain('"index.ts"');
  });

  it("names the files that it was made of", async () => {
    const app = await bundleFiles({
      "index.ts": 'import "./b.ts"; export default 1;',
      "b.ts": "globalThis.b = process;",
    });
    const names = app.watchFiles.map((path) => path.slice(app.directory.length + 1)).sort();
    expect(names).toEqual(["b.ts", "index.ts", "nano.json", "package.json"]);
  });
});

describe("an app's directory", () => {
  it.each([
    [
      "nano.json before package.json",
      { "nano.json": '{"entrypoint":"a.ts"}', "package.json": '{"main":"b.ts"}' },
      "a.ts",
    ],
    ["module before main", { "package.json": '{"main":"a.ts","module":"b.ts"}' }, "b.ts"],
    ["exports", { "package.json": '{"exports":{".":{"node":"./a.ts","worker":"./b.ts"}}}' }, "b.ts"],
    ["index", { "index.js": "", "src/index.ts": "" }, "index.js"],
    ["src/index", { "src/index.ts": "" }, "src/index.ts"],
  ])("names its entry: %s", async (_, files, expected) => {
    const app = await bundleFiles({ "a.ts": "export default 1", "b.ts": "export default 1", ...files });
    expect(app.entry).toBe(join(app.directory, expected));
  });

  it("is an app of assets alone where it has no entry", async () => {
    const app = await bundleFiles({ "assets/index.html": "hi" });
    expect(app).toMatchObject({ artifact: null, entry: null, assetsDir: join(app.directory, "assets") });
  });

  it("gives the manifest as it was written, and a name", async () => {
    const app = await bundleFiles({
      "nano.json": '{"entrypoint":"a.ts","isolation":"app","limits":{"cpu_time_ms":200},"env_vars":{"A":"b"}}',
      "package.json": '{"name":"@scope/shop"}',
      "a.ts": "export default 1",
    });
    expect(app.manifest).toEqual({ isolation: "app", limits: { cpu_time_ms: 200 }, env_vars: { A: "b" } });
    expect(app.name).toBe("shop");
    expect(app.assetsDir).toBeNull();
  });

  it("may be named by its entry file", async () => {
    const directory = await appDirectory({ "other.ts": "export default 5" });
    const app = await bundleApp({ entrypoint: join(directory, "other.ts") });
    expect(loadScript(app.artifact?.script ?? "").init().default).toBe(5);
  });

  it("lists every problem of its manifest with place, found and expected", async () => {
    const error = await refusal({
      "nano.json": '{"isolation":"none","limits":{"cpu_time_ms":"x"},"colour":1}',
      "index.js": "",
    });
    expect(error.code).toBe("BUNDLE_BAD_MANIFEST");
    expect(error.message.split("\n").slice(1)).toEqual([
      '  isolation: found "none", expected one of "request", "app"',
      '  limits.cpu_time_ms: found "x", expected a number',
      "  colour: found a key that nothing knows, expected no such key",
    ]);
  });

  it.each([
    ["an unknown key beside it", { env_vars: { TOKEN: "s3cr3t" }, limitz: {} }, "limitz"],
    ["a value of a wrong type", { env_vars: { TOKEN: ["s3cr3t"] } }, "env_vars.TOKEN: found a value of type array"],
    ["variables as a text", { env_vars: "TOKEN=s3cr3t" }, "env_vars: found a value of type string"],
    ["variables as a list", { env_vars: [{ TOKEN: "s3cr3t" }] }, "env_vars: found a value of type array"],
    ["a name that holds the value", { env_vars: { "TOKEN=s3cr3t": "" } }, "env_vars.TOKEN…: found a name"],
    ["variables at a wrong place", { limits: [{ env_vars: { TOKEN: "s3cr3t" } }] }, "limits: found a list"],
    ["a list around all", [{ env_vars: { TOKEN: "s3cr3t" } }], "(file): found a list, expected an object"],
    ["no JSON", '{"env_vars":\n{"TOKEN": "a", B: "s3cr3t"}}', "(file): found what is no JSON at line 2, column 16"],
    ["a text without quotes", '{"env_vars":{"TOKEN":s3cr3t}}', "(file): found what is no JSON at line 1, column 22"],
  ])("keeps secrets out of the problems of its manifest: %s", async (_, value, shown) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const { message, wire } = await refusal({ "nano.json": text, "index.js": "" });
    expect(message).toContain(shown);
    expect(message + JSON.stringify(wire)).not.toContain("s3cr3t");
    if (!shown.startsWith("(file)")) return;
    const inPackage = await refusal({ "package.json": text, "index.js": "" });
    expect(inPackage.message).toContain(shown);
    expect(inPackage.message + JSON.stringify(inPackage.wire)).not.toContain("s3cr3t");
  });

  it("is refused where there is nothing to serve, or what is named is missing", async () => {
    const nothing = await refusal({ "readme.md": "x" });
    expect(nothing.code).toBe("BUNDLE_NO_ENTRY");
    for (const place of ["nano.json", "package.json", "src/index", ".js", "assets/"]) {
      expect(nothing.message).toContain(place);
    }
    expect((await refusal({ "nano.json": '{"entrypoint":"gone.ts"}' })).message).toContain("gone.ts, which is no file");
    expect((await refusal({ "nano.json": '{"entrypoint":"nano.json"}' })).message).toMatch(
      /found nano\.json, which is no JavaScript or TypeScript, expected a module \(\.ts, /,
    );
    expect((await refusal({ "nano.json": "{", "index.js": "" })).code).toBe("BUNDLE_BAD_MANIFEST");
    await expect(bundleApp({ dir: "/nowhere/at/all" })).rejects.toMatchObject({ code: "BUNDLE_NO_ENTRY" });
  });
});

describe("a build failure", () => {
  it("shows file, line, column and excerpt of a syntax error", async () => {
    const error = await refusal({ "index.ts": "import './b.ts'", "b.ts": "const a = 1;\nconst größe = = 2;\n" });
    expect(error.code).toBe("BUNDLE_SYNTAX_ERROR");
    expect(error.wire.details).toMatchObject({ file: "b.ts", line: 2, column: 15, problemCount: 1 });
    expect(error.message).toBe(
      ['Syntax error in b.ts:2:15: Unexpected "="', "2 | const größe = = 2;", "  |               ^"].join("\n"),
    );
  });

  it("cuts the excerpt of a long line around the place", async () => {
    const error = await refusal({ "index.js": `${"a;".repeat(5_000)} = = ${"b;".repeat(5_000)}` });
    expect((error.wire.details.excerpt as string).length).toBeLessThan(300);
    expect(error.wire.details.excerpt).toContain("= =");
  });

  it("names a Node module that does not exist here, and who imports it", async () => {
    const error = await refusal({
      "index.js": 'import "p";',
      "node_modules/p/package.json": '{"name":"p","main":"lib/p.js"}',
      "node_modules/p/lib/p.js": 'const fs = require("node:fs");\nexports.read = fs.readFileSync;',
    });
    expect(error.code).toBe("BUNDLE_ABSENT_NODE_MODULE");
    expect(error.wire.details).toMatchObject({ module: "node:fs", file: "node_modules/p/lib/p.js", line: 1 });
    expect((await refusal({ "index.js": 'import net from "net"; export default net;' })).code).toBe(
      "BUNDLE_ABSENT_NODE_MODULE",
    );
  });

  it("lets an installed package stand in for a Node module that is not here", async () => {
    const exports = await init({
      "index.js": 'export { default } from "tty";',
      "node_modules/tty/package.json": '{"name":"tty"}',
      "node_modules/tty/index.js": 'export default "from npm";',
    });
    expect(exports.default).toBe("from npm");
  });

  it("names an import that is nowhere, and an export that a module has not", async () => {
    expect((await refusal({ "index.js": 'import "./gone.js";' })).code).toBe("BUNDLE_UNRESOLVED_IMPORT");
    const error = await refusal({
      "index.js": 'import { a } from "./b.js"; export default a;',
      "b.js": "export const c = 1",
    });
    expect(error).toMatchObject({ code: "BUNDLE_UNRESOLVED_IMPORT" });
  });

  it("counts the problems that it does not show", async () => {
    const error = await refusal({ "index.js": 'import "./a.js"; import "./b.js";' });
    expect(error.wire.details.problemCount).toBe(2);
    expect(error.message).toContain("(and 1 more)");
  });
});
