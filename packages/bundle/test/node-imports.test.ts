import { type BundledApp, bundleApp } from "@nano/bundle/bundle-app";
import { NODE_MODULES } from "@nano/bundle/node-module-list";
import type { NanoError } from "@nano/protocol/errors";
import { describe, expect, it } from "vitest";
import { appDirectory } from "./app-directory.ts";
import { loadScript } from "./load-script.ts";

type Files = Readonly<Record<string, string>>;

const MODULES = [...NODE_MODULES.keys()];
/** What the platform has where a bundle runs, as far as these tests ask for it. */
const PLATFORM = {
  AbortController,
  AbortSignal,
  atob,
  btoa,
  queueMicrotask,
  setTimeout,
  clearTimeout,
  TextDecoder,
  TextEncoder,
  URL,
  URLSearchParams,
  console,
};

async function bundleFiles(files: Files): Promise<BundledApp> {
  return bundleApp({ dir: await appDirectory(files) });
}

async function scriptOf(files: Files): Promise<string> {
  return (await bundleFiles(files)).artifact?.script ?? "";
}

async function init(files: Files): Promise<Record<string, unknown>> {
  return loadScript(await scriptOf(files), { ...PLATFORM, global: globalThis }).init({ env: { A: "b" } });
}

function failureOf(files: Files): Promise<NanoError> {
  return bundleFiles(files).then(
    () => expect.fail("It was bundled"),
    (error: NanoError) => error,
  );
}

describe("modules of Node", () => {
  it.each(MODULES)("%s is the same by either name, imported and required", async (name) => {
    const { default: found } = await init({
      "index.js": `import one from "node:${name}"; import two from "${name}"; import * as all from "${name}";
        const required = require("${name}"), prefixed = require("node:${name}");
        export default [one === two, one === required, required === prefixed, all.default === one];`,
    });
    expect(found).toEqual([true, true, true, true]);
  });

  it.each([
    ["assert", "function"],
    ["assert/strict", "function"],
    ["events", "function"],
    ["stream", "function"],
    ["util", "object"],
  ])("require of %s is a %s, as in Node", async (name, type) => {
    expect((await init({ "index.js": `export default typeof require("${name}");` })).default).toBe(type);
  });

  it("are loaded by import() and beside top-level await, too", async () => {
    const script = await scriptOf({
      "index.js": `const { format } = await import("node:path"); await 0; export default format({ dir: "/a", base: "b" });`,
    });
    expect((await loadScript(script, PLATFORM).initAsync()).default).toBe("/a/b");
  });

  it("cost an app that imports none not a byte", async () => {
    const script = await scriptOf({ "index.js": "export default process.env.A;" });
    expect(script.length).toBeLessThan(1_300);
    expect(script).not.toContain("__nano_free__");
  });

  it("cost what is used of them", async () => {
    const script = await scriptOf({
      "index.js": `import { join } from "path"; import { inherits } from "util"; export default [join, inherits];`,
    });
    expect(script).not.toContain("isDeepStrictEqual");
    expect(script).not.toContain("StringDecoder");
  });

  it("are named alike in script and map wherever the app and NANO lie, and are no files to watch", async () => {
    const app = await bundleFiles({ "index.js": `import stream from "stream"; export default stream;` });
    const { sources } = JSON.parse(app.artifact?.sourceMap ?? "") as { sources: string[] };
    expect(sources).toContain("node:stream");
    for (const source of sources) expect(source).toMatch(/^(?:index\.js|node:[^.][^\\]*)$/);
    expect(app.artifact?.script).not.toContain("/packages/bundle");
    expect(app.watchFiles.map((path) => path.slice(app.directory.length + 1)).sort()).toEqual([
      "index.js",
      "nano.json",
      "package.json",
    ]);
  });

  it("come before an installed package of their name, which is there under its name with a slash", async () => {
    const { default: found } = await init({
      "index.js": `import { EventEmitter } from "events"; import npm from "events/"; export default [typeof EventEmitter, npm];`,
      "node_modules/events/package.json": '{"name":"events","main":"main.js"}',
      "node_modules/events/main.js": 'module.exports = "from npm";',
    });
    expect(found).toEqual(["function", "from npm"]);
  });

  it("come after what the browser map of a package says", async () => {
    const { default: found } = await init({
      "index.js": `import { util, crypto, path } from "p"; export default [util, crypto.createHash, typeof path.join];`,
      "node_modules/p/package.json": '{"name":"p","main":"main.js","browser":{"util":"./util.js","crypto":false}}',
      "node_modules/p/main.js": `exports.util = require("util"); exports.crypto = require("crypto"); exports.path = require("path");`,
      "node_modules/p/util.js": `module.exports = "its own";`,
    });
    expect(found).toEqual(["its own", undefined, "function"]);
  });

  it.each([
    ["node:util", "parseArgs"],
    ["crypto", "createSign"],
    ["node:stream/web", "Readable"],
    ["fs", "readFileSync"],
  ])("%s without %s is a build failure with the file that imports it", async (module, name) => {
    const failure = await failureOf({
      "index.js": `export { default } from "p";`,
      "node_modules/p/package.json": '{"name":"p","module":"lib/p.js"}',
      "node_modules/p/lib/p.js": `import { ${name} } from "${module}";\nexport default ${name}();`,
    });
    expect(failure.code).toBe(module === "fs" ? "BUNDLE_ABSENT_NODE_MODULE" : "BUNDLE_UNRESOLVED_IMPORT");
    expect(failure.wire.details).toMatchObject({ file: "node_modules/p/lib/p.js", line: 1 });
    expect(failure.message).toContain(module);
    if (module !== "fs") expect(failure.message).toContain(name);
  });

  it("have no member that throws that it is not there", async () => {
    for (const name of MODULES) {
      const script = await scriptOf({ "index.js": `import * as all from "${name}"; export default all;` });
      expect(script).not.toMatch(/is not implemented yet/);
    }
  }, 30_000);
});
