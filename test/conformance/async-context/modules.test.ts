/** Every kind of module that a bundle may hold, together with top-level await, in an app whose \`async\` functions are lowered. */
import { expect, test } from "vitest";
import { openApp } from "./open-app.ts";

/** A module that exports the function \`three\`. */
const WASM = Uint8Array.from(
  Buffer.from("0061736d010000000105016000017f03020100070901057468726565000" + "00a0601040041030b", "hex"),
);

const MODULES = {
  "data.json": `{ "name": "json", "default": 1 }`,
  "page.html": "<p>text</p>",
  "bytes.bin": Uint8Array.of(1, 2, 3),
  "three.wasm": WASM,
  "lazy.js": `import { storage } from "./storage.js";
    export const loaded = await Promise.resolve("lazy");
    export async function* items() { yield await storage.getStore(); }`,
  "storage.js": `import { AsyncLocalStorage } from "node:async_hooks"; export const storage = new AsyncLocalStorage();`,
  "common.cjs": `const { AsyncResource } = require("async_hooks"); exports.later = async (read) => { await null; return read(); }; exports.AsyncResource = AsyncResource;`,
  "shared.js": `export let started = 0; started += await 1; export const later = async () => { await null; return started; };`,
};

const APP = {
  ...MODULES,
  "index.js": `import data, { name } from "./data.json"; import page from "./page.html"; import bytes from "./bytes.bin";
    import three from "./three.wasm"; import raw from "./page.html" with { type: "bytes" };
    import common from "./common.cjs"; import { later, started } from "./shared.js"; import { storage } from "./storage.js";
    const first = await later();
    export const topLevel = await storage.run("top", async () => { await null; return storage.getStore(); });
    export default { async fetch(request) {
      return storage.run("request", async () => {
        const { loaded, items } = await import("./lazy.js");
        const seen = []; for await (const item of items()) seen.push(item);
        const instance = await WebAssembly.instantiate(three);
        return Response.json({ name, data: data.name, page, bytes: new Uint8Array(bytes).length, raw: raw.length, three: instance.exports.three(),
          first, started, topLevel, loaded, seen, common: await common.later(() => storage.getStore()), resource: typeof common.AsyncResource,
          after: storage.getStore() });
      });
    } };`,
};

const EXPECTED = {
  name: "json",
  data: "json",
  page: "<p>text</p>",
  bytes: 3,
  raw: 11,
  three: 3,
  first: 1,
  started: 1,
  topLevel: "top",
  loaded: "lazy",
  seen: ["request"],
  common: "request",
  resource: "function",
  after: "request",
};

test("modules of all kinds, top-level await and stores go together", async () => {
  const { ask } = await openApp(APP);
  expect(JSON.parse(await ask("/"))).toEqual(EXPECTED);
});

test("without async_hooks they go together as well", async () => {
  const { ask } = await openApp({
    ...APP,
    "storage.js": "export const storage = { run: (store, callback) => callback(), getStore: () => 'none' };",
    "common.cjs": "exports.later = async (read) => read(); exports.AsyncResource = class {};",
  });
  const none = { topLevel: "none", seen: ["none"], common: "none", after: "none" };
  expect(JSON.parse(await ask("/"))).toEqual({ ...EXPECTED, ...none });
});

test("an app without top-level await is lowered too", async () => {
  const { ask } = await openApp({
    "storage.js": MODULES["storage.js"],
    "index.ts": `import { storage } from "./storage.js";
      export default { fetch: (): Promise<Response> => storage.run("store", async () => { await null; return new Response(storage.getStore() as string); }) };`,
  });
  expect(await ask("/")).toBe("store");
});

test("Hono's context storage gives each request its own context", async () => {
  const { ask } = await openApp({
    "index.ts": `import { Hono } from "hono"; import { contextStorage, getContext, tryGetContext } from "hono/context-storage";
      const app = new Hono(); app.use(contextStorage());
      app.use(async (c, next) => { await new Promise((resolve) => setTimeout(resolve, Math.random() * 5)); await next(); c.header("x-path", getContext().req.path); });
      const path = async () => { await new Promise((resolve) => setTimeout(resolve, Math.random() * 5)); return getContext().req.path; };
      app.get("/none", (c) => c.text("none"));
      app.get("*", async (c) => c.text((await path()) + " " + (await Promise.all([path(), path()])).join()));
      export default { fetch: async (request: Request) => { if (tryGetContext() !== undefined) return new Response("leaked"); return app.fetch(request); } };`,
  });
  const paths = Array.from({ length: 50 }, (_, number) => `/${number}`);
  expect(await Promise.all(paths.map(ask))).toEqual(paths.map((path) => `${path} ${path},${path}`));
});

test("packages that were lowered before, by esbuild as well, keep their own helper", async () => {
  const { ask } = await openApp({
    "storage.js": MODULES["storage.js"],
    "old.js": `var __async = (__this, __arguments, generator) => {
  return new Promise((resolve, reject) => {
    const steps = generator.apply(__this, __arguments);
    const go = (step) => step.done ? resolve("old " + step.value) : Promise.resolve(step.value).then((value) => go(steps.next(value)), reject);
    go(steps.next());
  });
};
export function old(read) { return __async(this, null, function* () { yield null; return read(); }); }`,
    "index.js": `import { old } from "./old.js"; import { storage } from "./storage.js";
      export default { fetch: () => storage.run("store", async () => new Response(await old(() => storage.getStore()))) };`,
  });
  expect(await ask("/")).toBe("old store");
});
