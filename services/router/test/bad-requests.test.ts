import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import { appRecords, nodeRecord } from "./fake-store.ts";
import { startTestRouter, type TestRouter } from "./router-harness.ts";

const records = [
  ...appRecords("hello", ["app.example", "*.wild.example"], { limits: { request_body_mb: 0.001 } }),
  { kind: "app", name: "unbuilt", activeVersion: null } as (typeof unbuilt)[number],
];
const unbuilt = appRecords("unbuilt", ["unbuilt.example"]).filter(({ kind }) => kind === "route");

async function start(overrides: Parameters<typeof startTestRouter>[1] = {}): Promise<TestRouter> {
  const t = await startTestRouter([...records, ...unbuilt], overrides);
  await t.useWorkers(await t.node.startWorker());
  return t;
}

test("an unknown host is a 404 by name, with a request id", async () => {
  const t = await start();
  const answer = await t.fetch("/", { host: "nobody.example" });
  expect(answer).toMatchObject({
    status: 404,
    headers: { "x-nano-error": "unknown_host", "cache-control": "no-store" },
  });
  expect(answer.text).toBe(`404 Not Found\n${answer.headers["x-nano-request-id"]}\n`);
});

test("an app without a built version is a 503", async () => {
  const t = await start();
  expect(await t.fetch("/", { host: "unbuilt.example" })).toMatchObject({
    status: 503,
    headers: { "x-nano-error": "not_built", "retry-after": "1" },
  });
});

test("without any executor the answer is 503, once none has come in time", async () => {
  const t = await startTestRouter(records, { request: { noWorkerWaitMs: 20 } });
  expect(await t.fetch("/")).toMatchObject({ status: 503, headers: { "x-nano-error": "no_worker" } });
});

test.each([
  ["no Host", "GET / HTTP/1.1\r\nconnection: close\r\n\r\n"],
  ["no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n"],
  ["two Hosts", "GET / HTTP/1.1\r\nhost: app.example\r\nhost: app.example\r\nconnection: close\r\n\r\n"],
  ["a Host that is none", "GET / HTTP/1.1\r\nhost: a b\r\nconnection: close\r\n\r\n"],
  [
    "a target that is neither path nor URL",
    "GET app.example HTTP/1.1\r\nhost: app.example\r\nconnection: close\r\n\r\n",
  ],
  ["an asterisk", "GET * HTTP/1.1\r\nhost: app.example\r\nconnection: close\r\n\r\n"],
  ["a fragment", "GET /a#b HTTP/1.1\r\nhost: app.example\r\nconnection: close\r\n\r\n"],
  [
    "length and chunks at once",
    "POST / HTTP/1.1\r\nhost: app.example\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
  ],
  ["a header that does not parse", "GET / HTTP/1.1\r\nhost: app.example\r\nbad header\r\n\r\n"],
  ["no HTTP", "\x16\x03\x01 hello\r\n\r\n"],
])("%s is a 400", async (_what, bytes) => {
  const t = await start();
  const answer = await t.raw(bytes);
  expect(answer).toMatch(/^HTTP\/1.1 400 /);
  expect(answer).toContain("x-nano-error: bad_request");
});

test("headers beyond the limit are a 431", async () => {
  const t = await start({ listen: { maxHeaderBytes: 4096 } });
  const answer = await t.raw(`GET / HTTP/1.1\r\nhost: app.example\r\nx: ${"x".repeat(8000)}\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1.1 431 /);
});

test("a folded header line does not become two", async () => {
  const t = await start();
  const worker = await t.node.startWorker();
  await t.useWorkers(worker);
  const answer = await t.raw(
    "GET / HTTP/1.1\r\nhost: app.example\r\nx-folded: one\r\n host: evil\r\nconnection: close\r\n\r\n",
  );
  if (answer.startsWith("HTTP/1.1 200")) {
    expect(worker.requests[0]?.headers.filter(([name]) => name === "host")).toEqual([["host", "app.example"]]);
  } else expect(answer).toMatch(/^HTTP\/1.1 400 /);
});

test("the path that is routed is the path that the app gets, however it is spelled", async () => {
  const t = await startTestRouter([...appRecords("root", ["app.example"]), ...appRecords("api", ["app.example/api"])]);
  const worker = await t.node.startWorker((r) => r.respond(`${r.head.versionId} ${r.path}`));
  await t.useWorkers(worker);
  const rootVersion = (await t.fetch("/")).text.split(" ")[0];
  for (const target of [
    "/api",
    "/%61pi/x",
    "/x/../api",
    "/%2e/api/",
    "/apix",
    "/api%2Fx",
    "//api",
    "/x\\..\\api",
    "http://app.example/api",
  ]) {
    const head = `GET ${target} HTTP/1.1\r\nhost: app.example\r\nconnection: close\r\n\r\n`;
    const [versionId = "", path = ""] = ((await t.raw(head)).split("\r\n\r\n")[1] ?? "").trim().split(" ");
    const isApi = path === "/api" || path.startsWith("/api/");
    expect({ target, path, isApi: versionId !== rootVersion }).toEqual({ target, path, isApi });
  }
});

test("a body over the limit is a 413 before anything is forwarded where its length says so", async () => {
  const t = await start();
  const worker = await t.node.startWorker();
  await t.useWorkers(worker);
  const answer = await t.fetch("/", { method: "POST", body: Buffer.alloc(200_000) });
  expect(answer).toMatchObject({ status: 413, headers: { "x-nano-error": "body_too_large" } });
  expect(worker.requests).toHaveLength(0);
  expect((await t.fetch("/")).status).toBe(200);
});

test("a body of unknown length is a 413 as soon as it is over the limit, and its stream is reset", async () => {
  const t = await start();
  const worker = await t.node.startWorker(() => {});
  await t.useWorkers(worker);
  const answer = await t.fetch("/", {
    method: "POST",
    body: Buffer.alloc(200_000),
    headers: { "transfer-encoding": "chunked" },
  });
  expect(answer).toMatchObject({ status: 413, headers: { "x-nano-error": "body_too_large" } });
  expect((await (await worker.next()).whenReset()).reason).toBe("body_too_large");
});

test("a client that sends an unwanted body without end is cut off, though its connection could be kept", async () => {
  const t = await start({ request: { discardBytes: 100_000 } });
  const head = "POST / HTTP/1.1\r\nhost: nobody.example\r\ncontent-length: 20000000\r\n\r\n";
  const bytes = Buffer.concat([Buffer.from(head), Buffer.alloc(19_000_000)]);
  // Ends only because the router ends it: the request is a megabyte short of complete.
  const ended = await t.raw(bytes).then(
    (answer) => answer.slice(0, 13),
    (error: NodeJS.ErrnoException) => error.code,
  );
  expect(["HTTP/1.1 404 ", "ECONNRESET", "EPIPE"]).toContain(ended);
});

test("beyond the requests that it may hold the router sheds with 503", async () => {
  const t = await start({ request: { maxInFlightCount: 2 } });
  const worker = await t.node.startWorker(() => {});
  await t.useWorkers(worker);
  const held = [t.fetch("/1"), t.fetch("/2")];
  const requests = [await worker.next(), await worker.next()];
  expect(await t.fetch("/3")).toMatchObject({
    status: 503,
    headers: { "x-nano-error": "overloaded", "retry-after": "1" },
  });
  for (const request of requests) request.respond("ok");
  await Promise.all(held);
  worker.handler = (r) => r.respond("ok");
  expect((await t.fetch("/4")).status).toBe(200);
});

test("a record that nobody can read or ask for does not stop the others", async () => {
  const t = await start();
  t.store.put(
    { kind: "route", host: "no host", path: "/", app: "hello" } as never,
    { kind: "route", host: "late.example", path: "/", app: "hello" } as never,
  );
  await eventually(async () => (await t.fetch("/", { host: "late.example" })).status !== 404);
  expect((await t.fetch("/", { host: "late.example" })).status).toBe(200);
});

test("closing lets a request in flight end and takes no further ones", async () => {
  const t = await start();
  const worker = await t.node.startWorker(() => {});
  await t.useWorkers(worker);
  const pending = t.fetch("/");
  const held = await worker.next();
  const closing = t.router.close();
  await expect(t.raw("GET / HTTP/1.1\r\nhost: app.example\r\n\r\n")).rejects.toThrow("ECONNREFUSED");
  held.respond("last words");
  const answer = await pending;
  expect(answer).toMatchObject({ text: "last words", headers: { connection: "close" } });
  await closing;
});

test("a draining node is not counted as gone", async () => {
  const t = await start({ request: { noWorkerWaitMs: 20 } });
  t.store.put(nodeRecord([], { draining: true }));
  await eventually(async () => (await t.metric("router_links_count")) === 0);
  expect(await t.fetch("/")).toMatchObject({ status: 503, headers: { "x-nano-error": "no_worker" } });
});
