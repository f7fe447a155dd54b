import { bundleApp } from "@nano/bundle/bundle-app";
import { describe, expect, it } from "vitest";
import { appDirectory } from "./app-directory.ts";
import { loadScript } from "./load-script.ts";

type Files = Readonly<Record<string, string>>;

const PLATFORM = { queueMicrotask, setTimeout, clearTimeout, TextDecoder, TextEncoder };
/** What only the modules behind the names have. */
const MARKS = { Buffer: "TYPED_ARRAY_SUPPORT", process: "process.exit is not available", setImmediate: "hasRef" };

async function scriptOf(files: Files): Promise<string> {
  return (await bundleApp({ dir: await appDirectory(files) })).artifact?.script ?? "";
}

function namesIn(script: string): string[] {
  return Object.entries(MARKS).flatMap(([name, mark]) => (script.includes(mark) ? [name] : []));
}

function packageWith(text: string): Files {
  return {
    "index.js": `export { default } from "p";`,
    "node_modules/p/package.json": '{"name":"p","main":"main.js"}',
    "node_modules/p/main.js": text,
  };
}

describe("free names of Node", () => {
  it.each([
    ["Buffer", `Buffer.from("a").toString("hex")`, "61"],
    ["Buffer", `[Buffer].map((B) => B.byteLength("ö"))[0]`, 2],
    ["Buffer", "typeof Buffer", "function"],
    ["process", "process.cwd()", "/"],
    ["process", "typeof process.nextTick", "function"],
    ["process", "(({ platform }) => platform)(process)", "linux"],
    ["setImmediate", "typeof setImmediate(() => {}).unref", "function"],
  ])("%s is there where an app uses it: %s", async (name, expression, expected) => {
    for (const more of ["", "await 0;"]) {
      const script = await scriptOf({ "index.ts": `${more} export default ${expression};` });
      expect(namesIn(script)).toContain(name);
      const start = loadScript(script, PLATFORM);
      const exports = more === "" ? start.init() : await start.initAsync();
      expect(exports.default).toBe(expected);
    }
  });

  it("are there for packages, CommonJS and modules that import each other among them", async () => {
    const script = await scriptOf({
      "index.js": `import { size } from "./a.js"; import p from "p"; export default [size("ö"), p, require("node:buffer").Buffer === Buffer];`,
      "a.js": `import "./b.js"; export const size = (text) => Buffer.byteLength(text);`,
      "b.js": `import { size } from "./a.js"; export const later = () => size("x");`,
      "node_modules/p/package.json": '{"name":"p","main":"main.js"}',
      "node_modules/p/main.js": `const before = Buffer.from("a"); module.exports = require("./other.js")(before);`,
      "node_modules/p/other.js": "module.exports = (bytes) => Buffer.isBuffer(bytes);",
    });
    expect(loadScript(script, PLATFORM).init().default).toEqual([2, true, true]);
  });

  it.each([
    ["looks at whether there is a Buffer", `module.exports = typeof Buffer !== "undefined" && Buffer.isBuffer(1);`],
    ["looks for Node", `module.exports = typeof process !== "undefined" && process.versions && process.versions.node;`],
    ["looks for Node at once", `module.exports = process.versions.node && process.platform;`],
    ["looks for a member", `module.exports = typeof process.emit === "function" && process.emit("e");`],
    ["looks for setImmediate", `module.exports = typeof setImmediate === "function" ? setImmediate : 0;`],
    ["reads a variable", "module.exports = process.env.NODE_DEBUG;"],
  ])("are not brought along for a package that %s", async (_, text) => {
    const script = await scriptOf(packageWith(text));
    expect(namesIn(script)).toEqual([]);
    expect(loadScript(script).init().default).toBeFalsy();
  });

  it.each([
    ["uses Buffer", "module.exports = Buffer.alloc(1).length;", "Buffer", 1],
    ["ends up with process", "const p = process; module.exports = p.argv.length;", "process", 0],
    ["compares the version", `module.exports = process.version.startsWith("v");`, "process", true],
  ])("are brought along for a package that %s", async (_, text, name, expected) => {
    const script = await scriptOf(packageWith(text));
    expect(namesIn(script)).toContain(name);
    expect(loadScript(script, PLATFORM).init().default).toBe(expected);
  });

  it("leave names alone that a file declares, and those of text", async () => {
    const script = await scriptOf({
      "index.js": `const Buffer = { own: 1 }; function f(process) { return process.own; }
        export default [Buffer.own, f({ own: 2 }), "Buffer process setImmediate", { process: 3 }.process];`,
    });
    expect(namesIn(script)).toEqual([]);
    expect(loadScript(script).init().default).toEqual([1, 2, "Buffer process setImmediate", 3]);
  });

  it("can be set by an app that brings its own", async () => {
    const script = await scriptOf({ "index.js": "Buffer = { own: 1 }; export default Buffer.own;" });
    expect(loadScript(script, PLATFORM).init().default).toBe(1);
  });

  it("process tells no package that this is Node", async () => {
    const script = await scriptOf({
      "index.js": `export default [process.versions.node, Object.prototype.toString.call(process), process.env.A];`,
    });
    expect(loadScript(script, PLATFORM).init({ env: { A: "b" } }).default).toEqual([undefined, "[object Object]", "b"]);
  });
});
