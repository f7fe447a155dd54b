/** `env.ASSETS` as a handler meets it, in a worker. */

import { mkdirSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { WorkerId } from "@nano/protocol/brands";
import { packAssets } from "@nano/sliver/asset-pack";
import { eventually } from "@nano/test-kit/eventually";
import { describe, expect, test } from "vitest";
import { AppAssets } from "../src/request/app-assets.ts";
import { appScript, temporaryDirectory } from "./sliver-fixture.ts";
import { ask, openWorker, type ServeOptions, send } from "./worker-harness.ts";

const BIG = Buffer.alloc(1_000_000, "nano and more ");
const FILES = {
  "index.html": "<p>home",
  "a.txt": "0123456789",
  "docs/index.html": "<p>docs",
  empty: "",
  "big.bin": BIG,
};
const FIRST = { manifest: { assets: { run_worker_first: true } } };

async function packOf(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const directory = temporaryDirectory();
  await mkdir(join(directory, "files"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, "files", name)), { recursive: true });
    writeFileSync(join(directory, "files", name), text);
  }
  const path = join(directory, "pack");
  writeFileSync(path, await packAssets(join(directory, "files")));
  return path;
}

/** Serves a handler beside FILES. */
async function serve(body: string, options: ServeOptions = {}, init = "") {
  const worker = await openWorker();
  const served = worker.serve(appScript(body, init), { assetsPath: await packOf(FILES), ...options });
  const link = await worker.dial();
  const { versionId } = served.assignment;
  return { worker, served, link, ask: (path = "/", more = {}) => ask(link, { versionId, path, ...more }), versionId };
}

/** What an expression in a handler comes to, as JSON. */
async function evaluate(expression: string, options: ServeOptions = {}, init = ""): Promise<unknown> {
  const app = await serve(`return Response.json(await (async () => (${expression}))())`, options, init);
  const answered = await app.ask("/of-the-script");
  return answered.error ?? JSON.parse(answered.text);
}

describe("a file of the app", () => {
  test("is answered to the handler that passes its request on, as it is before the handler", async () => {
    const app = await serve("return env.ASSETS.fetch(request)", FIRST);
    const before = await serve("return new Response('script')");
    for (const path of ["/", "/a.txt", "/docs", "/docs/", "/docs/index.html", "/empty", "/big.bin", "/a.txt?query"]) {
      const [one, two] = [await app.ask(path), await before.ask(path)];
      expect([path, one.head?.status, one.headers]).toEqual([path, two.head?.status, two.headers]);
      expect(one.body.equals(two.body)).toBe(true);
    }
  });

  test("is answered by conditions, ranges and HEAD", async () => {
    const app = await serve("return env.ASSETS.fetch(request)", FIRST);
    const whole = await app.ask("/a.txt");
    const etag = whole.headers[whole.headers.indexOf("etag") + 1] ?? "";
    const fresh = await app.ask("/a.txt", { headers: ["if-none-match", etag] });
    expect([fresh.head?.status, fresh.text]).toEqual([304, ""]);
    const part = await app.ask("/a.txt", { headers: ["range", "bytes=2-4"] });
    expect([part.head?.status, part.text]).toEqual([206, "234"]);
    expect(part.headers).toContain("bytes 2-4/10");
    const none = await app.ask("/a.txt", { headers: ["range", "bytes=20-"] });
    expect([none.head?.status, none.text]).toEqual([416, ""]);
    const head = await app.ask("/a.txt", { method: "HEAD" });
    expect([head.head?.status, head.text, head.headers.includes("10")]).toEqual([200, "", true]);
  });

  test("is not found, or not read, with a status of its own, and the handler is not called for it", async () => {
    const app = await serve(
      `globalThis.count = (globalThis.count ?? 0) + 1;
       const { status, headers } = await env.ASSETS.fetch(request);
       return Response.json([status, headers.get("allow"), globalThis.count])`,
      FIRST,
    );
    expect(JSON.parse((await app.ask("/nothing")).text)).toEqual([404, null, 1]);
    expect(JSON.parse((await app.ask("/%")).text)).toEqual([404, null, 1]);
    expect(JSON.parse((await app.ask("/..%2f..%2fetc")).text)).toEqual([404, null, 1]);
    expect(JSON.parse((await app.ask("/a.txt", { method: "POST", body: "x" })).text)).toEqual([405, "GET, HEAD", 1]);
  });

  test("is given for a URL of any host, as text, URL or Request, and never leaves the worker", async () => {
    const got = await evaluate(`[
      await (await env.ASSETS.fetch("http://elsewhere.test/a.txt")).text(),
      await (await env.ASSETS.fetch(new URL("https://127.0.0.1/docs"))).text(),
      (await env.ASSETS.fetch(new Request("http://x.test/a.txt?q#f"))).url,
      await env.ASSETS.fetch("data:,x").catch((thrown) => thrown.name),
      await env.ASSETS.fetch("/a.txt").catch((thrown) => thrown.name),
      (await env.ASSETS.fetch("http://x.test/a.txt", { headers: { upgrade: "websocket" } })).status,
    ]`);
    expect(got).toEqual(["0123456789", "<p>docs", "http://x.test/a.txt?q", "TypeError", "TypeError", 200]);
  });

  test("is read piece by piece: what is cancelled or aborted is not read on, and the pack is let go of", async () => {
    const app = await serve(`
      const reader = (await env.ASSETS.fetch("http://x.test/big.bin")).body.getReader();
      const { value } = await reader.read();
      await reader.cancel();
      const controller = new AbortController();
      const response = await env.ASSETS.fetch("http://x.test/big.bin", { signal: controller.signal });
      controller.abort(new Error("enough"));
      const why = await response.text().catch((thrown) => thrown.message);
      return Response.json([value.length < 200_000, why])`);
    expect(JSON.parse((await app.ask("/of-the-script")).text)).toEqual([true, "enough"]);
  });

  test("is sent to its end by a version that is let go of", async () => {
    const app = await serve("return env.ASSETS.fetch(request)", FIRST);
    const slow = send(app.link, { versionId: app.versionId, path: "/big.bin" });
    slow.isTaking = false;
    await eventually(() => slow.body.length >= 256 * 1024);
    app.served.lane.retire(() => app.served.close());
    slow.isTaking = true;
    slow.stream?.grant(slow.body.length);
    await slow.done;
    expect(slow.body.equals(BIG)).toBe(true);
  });

  test("is read by nobody once the pack is closed: its descriptor may be another file's", async () => {
    const assets = new AppAssets(await packOf(FILES));
    const entry = assets.pack.lookup("/a.txt");
    const release = assets.hold();
    assets.close();
    expect(entry === null ? "" : assets.pack.read(entry).toString()).toBe("0123456789");
    release();
    release();
    expect(() => entry === null || assets.pack.read(entry)).toThrow(/closed/);
  });

  test("counts as a subrequest", async () => {
    const got = await evaluate(
      `(await Promise.allSettled([1, 2, 3].map(() => env.ASSETS.fetch("http://x.test/a.txt"))))
        .map(({ status, reason }) => reason?.message ?? status)`,
      { limits: { subrequestCount: 2 } },
    );
    expect(got).toEqual(["fulfilled", "fulfilled", expect.stringContaining("limits.subrequests")]);
  });
});

describe("env.ASSETS", () => {
  test("is a Fetcher, the same one each time, which cannot be made, nor its method called on anything else", async () => {
    const got = await evaluate(`(() => {
      const { ASSETS } = env;
      let made = "made";
      try { new ASSETS.constructor(); } catch (thrown) { made = thrown.name; }
      return [String(ASSETS), ASSETS === env.ASSETS, Object.keys(env), ASSETS.fetch.length, made, "Fetcher" in globalThis];
    })()`);
    expect(got).toEqual(["[object Fetcher]", true, ["ASSETS"], 1, "TypeError", false]);
    expect(
      await evaluate(`Reflect.apply(env.ASSETS.fetch, {}, ["http://x.test/a.txt"]).catch((thrown) => thrown.name)`),
    ).toBe("TypeError");
  });

  test("is not there in an app without assets", async () => {
    expect(await evaluate(`["ASSETS" in env, Object.keys(env)]`, { assetsPath: undefined as never })).toEqual([
      false,
      [],
    ]);
  });

  test("gives way to a variable of that name, and to what the app puts in its place", async () => {
    expect(await evaluate("env.ASSETS", { manifest: { env_vars: { ASSETS: "mine" } } })).toBe("mine");
    expect(await evaluate("(() => { env.ASSETS = 1; return [env.ASSETS, Object.keys(env)]; })()")).toEqual([
      1,
      ["ASSETS"],
    ]);
  });

  test("is what it is whatever the app did to the prototypes", async () => {
    const init = `
      Object.prototype.get = () => "poison"; Object.prototype.value = "poison"; Object.prototype.set = () => {};
      Promise.resolve = () => { throw new Error("poison"); };
      Symbol.prototype.toString = () => "poison";`;
    const app = await serve("return env.ASSETS.fetch(request)", FIRST, init);
    expect((await app.ask("/a.txt")).text).toBe("0123456789");
  });

  test("takes hostile arguments without harm to the worker", async () => {
    const got = await evaluate(`await Promise.all([
      env.ASSETS.fetch(),
      env.ASSETS.fetch(Symbol()),
      env.ASSETS.fetch({ toString() { throw new RangeError(); } }),
      env.ASSETS.fetch("http://x.test/a.txt", { get method() { throw new RangeError(); } }),
      env.ASSETS.fetch("http://x.test/" + "a".repeat(100_000)),
      env.ASSETS.fetch(new Proxy({}, { get() { throw new RangeError(); } })),
    ].map((each) => each.then(() => "taken", (thrown) => thrown.name)))`);
    expect(got).toEqual(["TypeError", "TypeError", "RangeError", "RangeError", "TypeError", "RangeError"]);
  });
});

describe("run_worker_first", () => {
  test("has the script answer what is an asset, and asks nothing of an app without a script", async () => {
    const app = await serve("return new Response('script')", FIRST);
    expect((await app.ask("/a.txt")).text).toBe("script");
    const worker = await openWorker();
    const { assignment } = worker.serve(null, { assetsPath: await packOf(FILES), ...FIRST });
    const alone = await ask(await worker.dial(), { versionId: assignment.versionId, path: "/a.txt" });
    expect(alone.text).toBe("0123456789");
  });
});

test("an operator who asks for debug headers has them on files, too: of their version and worker", async () => {
  const { served, ask } = await serve("return new Response()", { debugWorkerId: "w1" as WorkerId });
  expect((await ask("/a.txt")).workerHeaders).toEqual([
    ...["x-nano-version", served.assignment.versionId],
    ...["x-nano-worker", "w1"],
  ]);
  expect((await (await serve("return new Response()")).ask("/a.txt")).workerHeaders).toEqual([]);
});
