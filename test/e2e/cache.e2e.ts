/** The Cache API through router, worker and cache process: who sees what an app keeps, what survives, and what a flood may take. */
import { once } from "node:events";
import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import type { Answer } from "../support/nano-process.ts";
import { serveApps } from "../support/serve-apps.ts";

/** Does what its path says with the cache that its query names. */
const SOURCE = `
const cacheOf = async (name) => (name === null ? caches.default : await caches.open(name));
const keyOf = (key) => "https://kept.example/" + key;
const bodyOf = (bytes, seed) => new ReadableStream({ pull(controller) {
  if (bytes <= 0) return controller.close();
  const chunk = new Uint8Array(Math.min(bytes, 50_000)).fill(seed);
  bytes -= chunk.length;
  controller.enqueue(chunk);
} });
async function handle(request) {
  const { pathname, searchParams } = new URL(request.url);
  const cache = await cacheOf(searchParams.get("cache"));
  const key = keyOf(searchParams.get("key"));
  switch (pathname) {
    case "/upload":
      await cache.put(key, new Response(request.body, { headers: { "content-type": "text/x-kept", etag: '"one"' } }));
      return new Response("put");
    case "/passed":
      return (await cache.match(key)) ?? new Response("nothing", { status: 404 });
    case "/read": {
      const found = await cache.match(key);
      return new Response(found === undefined ? "nothing" : await found.text());
    }
    case "/conditional": {
      const found = await cache.match(new Request(key, { headers: Object.fromEntries(request.headers) }));
      return Response.json([found.status, found.headers.get("content-range"), await found.text()]);
    }
    case "/flood": {
      const count = Number(searchParams.get("count"));
      const bytes = Number(searchParams.get("bytes"));
      const puts = Array.from({ length: count }, (_, i) =>
        cache.put(keyOf("flood/" + searchParams.get("round") + "/" + i), new Response(bodyOf(bytes, i))));
      const ends = await Promise.allSettled(puts);
      const reasons = ends.filter(({ status }) => status === "rejected").map(({ reason }) => reason.name + ": " + reason.message);
      return Response.json({ kept: ends.length - reasons.length, reasons: [...new Set(reasons)] });
    }
    case "/cut": {
      const stream = new ReadableStream({ start(c) { c.enqueue(new Uint8Array(100_000)); setTimeout(() => c.error(new Error("cut off")), 5); } });
      const end = await cache.put(key, new Response(stream)).catch((error) => error.message);
      return Response.json([end ?? null, (await cache.match(key)) === undefined]);
    }
    case "/delete":
      return Response.json(await cache.delete(key));
  }
  return new Response("what?", { status: 400 });
}
const handleSocket = () => {
  const [client, server] = Object.values(new WebSocketPair());
  server.accept();
  server.onmessage = async ({ data }) => server.send(await (await handle(new Request("http://socket" + data))).text());
  return new Response(null, { status: 101, webSocket: client });
};
export default { async fetch(request) {
  if (request.headers.get("upgrade") === "websocket") return handleSocket();
  return await handle(request).catch((error) => new Response(error.stack, { status: 500 }));
} }`;

const FIRST = "first.localhost";
const OTHER = "other.localhost";
const settings = { limits: { subrequests: 1000, subrequests_at_once: 200, cpu_time_ms: 5000 } };
const nano = serveApps([
  { hostname: FIRST, source: SOURCE, settings },
  { hostname: OTHER, source: SOURCE, settings: { limits: { ...settings.limits, cache_mb: 1 } } },
]);

async function put(host: string, key: string, body: string | Buffer): Promise<void> {
  const { status, text } = await nano().ask(host, `/upload?key=${key}`, { method: "POST", body });
  expect([status, text]).toEqual([200, "put"]);
}

async function read(host: string, key: string): Promise<string> {
  return (await nano().ask(host, `/read?key=${key}`)).text;
}

test("what one request keeps, later ones find, passed on or read, with its headers and its age", async () => {
  await put(FIRST, "found", "kept text");
  expect(await read(FIRST, "found")).toBe("kept text");
  const passed: Answer = await nano().ask(FIRST, "/passed?key=found");
  expect(passed.status).toBe(200);
  expect(passed.text).toBe("kept text");
  expect(passed.headers).toMatchObject({
    "content-type": "text/x-kept",
    etag: '"one"',
    age: expect.stringMatching(/^\d+$/),
  });
  expect(await read(FIRST, "never")).toBe("nothing");
});

test("a long body goes in and out whole, and a part of it when a range asks", async () => {
  const body = Buffer.alloc(3_000_000, "all of it, ");
  await put(FIRST, "long", body);
  expect((await nano().ask(FIRST, "/passed?key=long")).text).toBe(body.toString());
  expect((await read(FIRST, "long")).length).toBe(body.length);
  const ranged = await nano().ask(FIRST, "/conditional?key=long", { headers: { range: "bytes=65530-65549" } });
  expect(JSON.parse(ranged.text)).toEqual([206, "bytes 65530-65549/3000000", body.subarray(65_530, 65_550).toString()]);
  const same = await nano().ask(FIRST, "/conditional?key=long", { headers: { "if-none-match": '"one"' } });
  expect(JSON.parse(same.text)).toEqual([304, null, ""]);
});

test("another app sees nothing of it, under the same URL and the same name", async () => {
  await put(FIRST, "mine", "of the first");
  await put(FIRST, "mine&cache=shared-name", "of the first, named");
  expect(await read(OTHER, "mine")).toBe("nothing");
  expect(await read(OTHER, "mine&cache=shared-name")).toBe("nothing");
  await put(OTHER, "mine", "of the other");
  expect(await read(FIRST, "mine")).toBe("of the first");
  expect((await nano().ask(OTHER, "/delete?key=mine")).text).toBe("true");
  expect(await read(FIRST, "mine")).toBe("of the first");
});

test("connections see what requests keep, and the other way round", async () => {
  await put(FIRST, "both", "by a request");
  const socket = new WebSocket(`ws://127.0.0.1:${nano().port}/`, { headers: { host: FIRST } });
  await once(socket, "open");
  const ask = async (path: string): Promise<string> => {
    socket.send(path);
    return String((await once(socket, "message"))[0]);
  };
  expect(await ask("/read?key=both")).toBe("by a request");
  expect(await ask("/delete?key=both")).toBe("true");
  expect(await read(FIRST, "both")).toBe("nothing");
  socket.close();
  await once(socket, "close");
});

test("a put whose body breaks off says why, and leaves nothing", async () => {
  expect(JSON.parse((await nano().ask(FIRST, "/cut?key=cut")).text)).toEqual(["cut off", true]);
});

test("it is there for every worker, and survives workers and the cache process", async () => {
  await put(FIRST, "stays", "still there");
  for (const pid of nano().findProcesses("worker.main")) process.kill(pid, "SIGKILL");
  await eventually(async () => (await read(FIRST, "stays")) === "still there", { timeoutMs: 20_000 });
  const [pid = 0] = nano().findProcesses("cache.main");
  process.kill(pid, "SIGKILL");
  await eventually(async () => (await read(FIRST, "stays")) === "still there", { timeoutMs: 20_000 });
  expect(nano().findProcesses("cache.main")).not.toEqual([pid]);
});

test("an app with a limit of its own keeps no more than that", async () => {
  for (const key of ["one", "two", "three"]) await put(OTHER, key, key.repeat(100_000));
  const found = await Promise.all(["one", "two", "three"].map((key) => read(OTHER, key)));
  expect(found.map((text) => text.slice(0, 7))).toEqual(["nothing", "twotwot", "threeth"]);
});

test("a flood stays within the bounds of its app, and another app's entries stay", async () => {
  await put(OTHER, "calm", "left alone");
  for (let round = 0; round < 5; round += 1) {
    const answer = await nano().ask(FIRST, `/flood?count=100&bytes=400000&round=${round}`);
    const { kept, reasons } = JSON.parse(answer.text);
    expect(kept).toBeGreaterThan(0);
    for (const reason of reasons) expect(reason).toMatch(/^TypeError: Too many|^TypeError: Cache is full/);
  }
  expect(await read(OTHER, "calm")).toBe("left alone");
  await eventually(async () => (await nano().metric("executor_cache_api_evictions_count")) > 0, { timeoutMs: 15_000 });
  expect(await nano().metric("executor_cache_api_bytes")).toBeLessThanOrEqual(160 * 1024 * 1024);
}, 60_000);
