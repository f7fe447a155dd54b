import { bundleApp } from "@nano/bundle/bundle-app";
import { createStackMapper, MAX_STACK_CHARS, mapStack } from "@nano/bundle/map-stack";
import { expect, it } from "vitest";
import { appDirectory } from "./app-directory.ts";
import { loadScript } from "./load-script.ts";

const files = {
  "src/index.ts": [
    'import { fail } from "./lib/fail.ts";',
    "interface Unused {",
    "  readonly a: string;",
    "}",
    "export default {",
    "  fetch(): Unused {",
    "    return fail();",
    "  },",
    "};",
  ].join("\n"),
  "src/lib/fail.ts": ["// a comment", "export function fail(): never {", '  throw new TypeError("no");', "}"].join(
    "\n",
  ),
};

it("places in a stack become the places that the author wrote", async () => {
  const { artifact } = await bundleApp({ dir: await appDirectory(files) });
  const exports = loadScript(artifact?.script ?? "").init() as { default: { fetch(): unknown } };
  let stack = "";
  try {
    exports.default.fetch();
  } catch (error) {
    stack = (error as Error).stack ?? "";
  }
  const frames = mapStack(stack, artifact?.sourceMap ?? "").split("\n");
  expect(frames[0]).toBe("TypeError: no");
  expect(frames[1]).toMatch(/at fail \(src\/lib\/fail\.ts:3:9\)$/);
  expect(frames[2]).toMatch(/fetch \(src\/index\.ts:7:12\)$/);
});

it("an error of the top level maps too, in the first lines of the script", async () => {
  const { artifact } = await bundleApp({ dir: await appDirectory({ "index.ts": '\n\nthrow new Error("init");' }) });
  let stack = "";
  try {
    loadScript(artifact?.script ?? "").init();
  } catch (error) {
    stack = (error as Error).stack ?? "";
  }
  expect(mapStack(stack, artifact?.sourceMap ?? "")).toContain("index.ts:3:7");
});

it("places outside the script stay as they are", () => {
  const mapper = createStackMapper('{"version":3,"sources":["a.ts"],"names":[],"mappings":"AAAA"}');
  expect(mapper.mapStack("at x (app.js:1:1)")).toBe("at x (a.ts:1:1)");
  for (const stack of [
    "at x (nano:web-api:1:1)",
    "at y (my-app.js:1:1)",
    "at z (lib/app.js:1:1)",
    "at w (app.js:0:0)",
    "app.js:9:9",
  ]) {
    expect(mapper.mapStack(stack)).toBe(stack);
  }
});

it("columns are counted from one on both sides", () => {
  const mapper = createStackMapper('{"version":3,"sources":["a.ts"],"names":[],"mappings":"AAAA,CAAK"}');
  expect(mapper.mapStack("app.js:1:1 app.js:1:2")).toBe("a.ts:1:1 a.ts:1:6");
});

it("without a usable map the stack is given back", () => {
  expect(mapStack("at x (app.js:1:1)", "not a map")).toBe("at x (app.js:1:1)");
});

it("a stack without end is cut", () => {
  const mapped = mapStack("app.js:1:1 ".repeat(100_000), '{"version":3,"sources":[],"names":[],"mappings":""}');
  expect(mapped.length).toBe(MAX_STACK_CHARS + 1);
});
