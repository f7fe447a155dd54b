/** Stores of AsyncLocalStorage while requests of one context interleave. */
import { expect, test } from "vitest";
import { type OpenAppOptions, openApp } from "./open-app.ts";

const STORAGE = `import { AsyncLocalStorage } from "node:async_hooks";
const storage = new AsyncLocalStorage();
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
`;

/** An app whose handler is this, given \`path\`. */
function appOf(body: string, top = ""): Record<string, string> {
  return {
    "index.js": `${STORAGE}${top}
export default { async fetch(request) { const path = new URL(request.url).pathname; ${body} } };`,
  };
}

/** Every way to wait, one after the other; answers what was seen that is not the request's own. */
const MIX = appOf(
  `
  if (storage.getStore() !== undefined) return new Response("began with " + storage.getStore());
  return storage.run(path, async () => {
    const wrong = [];
    const check = (where) => storage.getStore() === path || wrong.push(where + " " + storage.getStore());
    const jitter = () => sleep(Math.random() * 4);
    await jitter(); check("timer");
    await new Promise((resolve) => queueMicrotask(() => (check("microtask"), resolve())));
    await jitter().then(() => check("then")).finally(() => check("finally"));
    await Promise.all([jitter().then(() => check("all")), jitter()]); check("after all");
    await Promise.race([jitter(), jitter()]); check("race");
    await Promise.any([Promise.reject(new Error()), jitter()]); check("any");
    const answer = await fetch("http://upstream.test" + path); check("fetch");
    if ((await answer.text()) !== path.slice(1)) wrong.push("body");
    check("text");
    for await (const seen of shared()) { check("for await"); if (seen !== path) wrong.push("generator " + seen); }
    await { then: (resolve) => (check("thenable"), jitter().then(resolve)) }; check("after thenable");
    try { await jitter(); throw new Error("mine"); } catch { check("catch"); await jitter(); check("in catch"); }
    finally { await jitter(); check("in finally"); }
    await storage.run("nested", async () => { await jitter(); if (storage.getStore() !== "nested") wrong.push("nested"); });
    check("after nested");
    await storage.exit(async () => { await jitter(); if (storage.getStore() !== undefined) wrong.push("exit"); });
    check("after exit");
    const [one, two] = await Promise.all([batch(path), batch(path)]); check("batch");
    if (one !== path || two !== path) wrong.push("batched");
    const stream = new ReadableStream({
      async pull(controller) { await jitter(); check("pull"); controller.enqueue("x"); controller.close(); },
    });
    for await (const _ of stream.pipeThrough(new TransformStream({ transform(chunk, to) { check("transform"); to.enqueue(chunk); } }))) check("chunk");
    await crypto.subtle.digest("SHA-256", new Uint8Array(100_000)); check("digest");
    storage.enterWith(path + " entered"); await jitter();
    if (storage.getStore() !== path + " entered") wrong.push("entered");
    return storage.run(path, () => new Response(new ReadableStream({
      async pull(controller) { await jitter(); check("body"); controller.enqueue(new TextEncoder().encode(wrong.join() || "right")); controller.close(); },
    })));
  });`,
  `
async function* shared() { for (let i = 0; i < 3; i++) { await sleep(Math.random() * 3); yield storage.getStore(); } }
// Requests share a queue, as loaders of databases do; each waits for what another may settle.
let waiting = [];
function batch() {
  const { promise, resolve } = Promise.withResolvers();
  if (waiting.push(resolve) === 1) setTimeout(() => { const all = waiting; waiting = []; for (const each of all) each(); }, 2);
  return promise.then(() => storage.getStore());
}`,
);

test.each<OpenAppOptions["rung"]>(["source", "heap"])(
  "100 requests that interleave see each its own store, from the %s rung",
  async (rung) => {
    const { ask, errors } = await openApp(MIX, rung === undefined ? {} : { rung });
    const answers = await Promise.all(Array.from({ length: 100 }, (_, number) => ask(`/request-${number}`)));
    expect(new Set(answers)).toEqual(new Set(["right"]));
    expect(errors).toEqual([]);
  },
);

test("an entry begins with no store, whatever was entered before", async () => {
  const { ask } = await openApp(
    appOf(
      `const began = String(storage.getStore());
      storage.enterWith("sync " + path);
      setTimeout(() => storage.enterWith("timer"), 0);
      queueMicrotask(() => storage.enterWith("microtask"));
      Promise.resolve().then(() => storage.enterWith("reaction"));
      new Promise((resolve) => resolve({ then(done) { storage.enterWith("thenable"); done(); } }));
      await sleep(1);
      storage.enterWith("late");
      return new Response(began + ", " + (await sleep(1), storage.getStore()));`,
      `storage.enterWith("top level");`,
    ),
  );
  expect([await ask("/1"), await ask("/2")]).toEqual(["undefined, late", "undefined, late"]);
  const together = await Promise.all(Array.from({ length: 20 }, () => ask("/3")));
  expect(new Set(together)).toEqual(new Set(["undefined, late"]));
});

test("code of the engine that nothing was carried to sees no store of what runs before it", async () => {
  const { ask } = await openApp(
    appOf(
      `const carried = [
        storage.run("await", async () => { for (let i = 0; i < 50; i++) await null; }),
        storage.run("then", () => { let chain = Promise.resolve(); for (let i = 0; i < 50; i++) chain = chain.then(() => {}); return chain; }),
        storage.run("thenable", async () => { for (let i = 0; i < 20; i++) await { then: (resolve) => resolve() }; }),
        storage.run("generator", async () => { async function* count() { for (let i = 0; i < 20; i++) yield i; } for await (const _ of count()); }),
        storage.run("microtask", async () => { for (let i = 0; i < 20; i++) queueMicrotask(() => {}); }),
      ];
      const seen = await late(() => String(storage.getStore()));
      await Promise.all(carried);
      return new Response([...new Set(seen)].join());`,
      // Not lowered: what it does after a wait is the engine's to start.
      `const late = new Function("read", "return (async () => { const seen = []; for (let i = 0; i < 40; i++) { await null; seen.push(read()); } return seen; })()");`,
    ),
  );
  expect(await Promise.all(["/1", "/2"].map(ask))).toEqual(["undefined", "undefined"]);
});

test("stores go with their requests: 10,000 of 16 KiB pass under 32 MiB", async () => {
  const { ask, errors } = await openApp(
    appOf(`return storage.run({ path, bytes: new Uint8Array(16_384) }, async () => {
      const all = [storage.run({ bytes: new Uint8Array(1024) }, async () => { await null; }), fetchLater()];
      await Promise.all(all);
      return new Response(storage.getStore().path);
    });
    async function fetchLater() { await null; storage.enterWith(storage.getStore()); }`),
    { memoryBytes: 32 * 1024 * 1024 },
  );
  for (let round = 0; round < 100; round++) {
    const answers = await Promise.all(Array.from({ length: 100 }, (_, number) => ask(`/${round}/${number}`)));
    expect(answers[99]).toBe(`/${round}/99`);
  }
  expect(errors).toEqual([]);
}, 30_000);

test("an app that breaks what carries it breaks itself alone", async () => {
  const { ask } = await openApp(
    appOf(
      `const seen = await storage.run(path, async () => { await sleep(1); return storage.getStore(); });
      return new Response(seen);`,
      `for (const name of ["get", "has", "set", "forEach"]) Map.prototype[name] = () => { throw new Error("map"); };
      for (const name of ["next", "throw", "return"]) Object.defineProperty(Object.getPrototypeOf(function* () {}.prototype), name, { value() { throw new Error("generator"); } });
      Reflect.apply = Function.prototype.apply = () => { throw new Error("apply"); };
      Object.defineProperty(Object.prototype, "then", { get() { return undefined; }, set() {}, configurable: true });`,
    ),
  );
  expect(await ask("/1")).toBe("/1");
});

test("an app that replaces then has its own, and its answers still leave", async () => {
  const { ask } = await openApp(
    appOf(
      `await sleep(1); return new Response(String(storage.getStore()));`,
      `Promise.prototype.then = () => { throw new Error("mine"); }; Promise.resolve = undefined;`,
    ),
  );
  expect(await ask("/1")).toBe("undefined");
});

test("depth and floods end in errors of the app", async () => {
  const { ask } = await openApp(
    appOf(`
      const deep = () => storage.run(path, deep);
      let thrown = "";
      try { deep(); } catch (error) { thrown = error.name; }
      const hostile = { get then() { return this.then; } };
      try { await storage.run(path, async () => await hostile); } catch (error) { thrown += " " + error.name; }
      const bad = Promise.resolve(); Object.defineProperty(bad, "constructor", { get() { throw new Error("mine"); } });
      let caught = 0;
      for (let i = 0; i < 100_000; i++) try { await bad; } catch { caught++; }
      const many = await Promise.all(Array.from({ length: 20_000 }, (_, i) => storage.run(i, async () => { await null; return storage.getStore() === i; })));
      return new Response([thrown, caught, many.every(Boolean), storage.getStore()].join());`),
  );
  expect(await ask("/1")).toBe("RangeError RangeError,100000,true,");
});

test("an app that imports no async_hooks keeps the engine's Promise", async () => {
  const { ask } = await openApp({
    "index.js":
      "export default { fetch: async () => new Response([Promise.prototype.then, Promise.resolve, (async () => 1).constructor.name].join()) };",
  });
  expect(await ask("/")).toBe("function then() { [native code] },function resolve() { [native code] },AsyncFunction");
});
