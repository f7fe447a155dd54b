/** What an app takes ahead of a request's body: its URL, how many headers, and how long they are. */
import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import { appRecords } from "./fake-store.ts";
import { startTestRouter, type TestRouter } from "./router-harness.ts";
import { handshake, startWebSocketTest } from "./websocket-harness.ts";

const LIMITS = { request_header_count: 7, request_header_kb: 0.25, url_length: 20 };
const KIB = 1024;

async function start(
  limits: Partial<typeof LIMITS> & { request_body_mb?: number },
  overrides: Parameters<typeof startTestRouter>[1] = {},
): Promise<TestRouter> {
  const records = [...appRecords("small", ["app.example"], { limits }), ...appRecords("other", ["other.example"])];
  const t = await startTestRouter(records, overrides);
  await t.useWorkers(await t.node.startWorker());
  return t;
}

/** A request whose head is as it is written, on a connection that ends with it. */
function head(target: string, lines: readonly string[], host = "app.example"): string {
  return [`GET ${target} HTTP/1.1`, `host: ${host}`, "connection: close", ...lines, "", ""].join("\r\n");
}

const OWN_HEADERS = 2;
const OWN_BYTES = "hostapp.exampleconnectionclose".length;
const named = (count: number): string[] => Array.from({ length: count }, (_, index) => `h${index}: v`);
const padded = (bytes: number): string => `x: ${"x".repeat(bytes - 1)}`;
const pathOf = (length: number): string => `/${"p".repeat(length - 1)}`;

test.each<readonly [what: string, atLimit: string, over: string, status: number, reason: string]>([
  ["its path and query", pathOf(20), `${pathOf(19)}?q`, 414, "url_too_long"],
  ["the count of its headers", "count 7", "count 8", 431, "headers_too_large"],
  ["the bytes of its headers", "bytes 256", "bytes 257", 431, "headers_too_large"],
])("%s may be as much as its app says, and not more", async (_what, atLimit, over, status, reason) => {
  const t = await start(LIMITS);
  const send = (form: string): Promise<string> => {
    const [kind, size = ""] = form.split(" ");
    if (kind === "count") return t.raw(head("/", named(Number(size) - OWN_HEADERS)));
    if (kind === "bytes") return t.raw(head("/", [padded(Number(size) - OWN_BYTES)]));
    return t.raw(head(form, []));
  };
  expect(await send(atLimit)).toMatch(/^HTTP\/1.1 200 /);
  const refused = await send(over);
  expect(refused).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(refused).toContain(`x-nano-error: ${reason}\r\n`);
  expect(refused).toContain("x-nano-request-id: ");
  expect(await t.metric("router_limit_ends_total", { reason })).toBe(1);
  expect(await t.metric("router_limit_ends_total")).toBe(1);
});

test("another app takes what this one does not, and what each version takes is its own", async () => {
  const t = await start(LIMITS);
  const lines = named(100);
  expect(await t.raw(head("/", lines))).toMatch(/^HTTP\/1.1 431 /);
  expect(await t.raw(head(pathOf(5_000), lines, "other.example"))).toMatch(/^HTTP\/1.1 200 /);
  t.store.put(...appRecords("small", ["app.example"], { limits: { request_header_count: 200 } }));
  await eventually(async () => (await t.raw(head("/", lines))).startsWith("HTTP/1.1 200 "));
});

test("the connection of a request that was over a limit takes the next", async () => {
  const t = await start(LIMITS);
  const client = await t.talk();
  client.send(`POST ${pathOf(30)} HTTP/1.1\r\nhost: app.example\r\ncontent-length: 4\r\n\r\nbody`);
  await client.until("414 URI Too Long\n");
  client.send(head("/", []));
  expect(await client.ended()).toMatch(/HTTP\/1.1 200 /);
});

test("an upgrade keeps to the same limits, and one that is over holds no place of others", async () => {
  const t = await startWebSocketTest({ limits: LIMITS }, { websocket: { maxPendingCount: 1 } });
  expect(await t.raw(handshake({}, `GET ${pathOf(21)} HTTP/1.1`))).toMatch(
    /^HTTP\/1.1 414 [\s\S]*x-nano-error: url_too_long/,
  );
  expect(await t.raw(handshake({ a: "1", b: "2", c: "3" }))).toMatch(
    /^HTTP\/1.1 431 [\s\S]*x-nano-error: headers_too_large/,
  );
  expect(await t.raw(handshake({ a: "x".repeat(200) }))).toMatch(/^HTTP\/1.1 431 /);
  expect(t.socketWorker.requests).toHaveLength(0);
  const client = await t.talk();
  client.send(handshake({ a: "1", b: "2" }));
  expect(await client.until("\r\n\r\n")).toMatch(/^HTTP\/1.1 101 /);
  expect(await t.metric("router_limit_ends_total")).toBe(3);
});

test("headers beyond what a router reads of any request are refused, not left out", async () => {
  const t = await start({}, { listen: { maxHeaderBytes: 128 * KIB } });
  expect(await t.raw(head("/", named(1_000 - OWN_HEADERS)))).toMatch(/^HTTP\/1.1 200 /);
  for (const count of [1_001, 1_024, 3_000]) {
    const answer = await t.raw(head("/", named(count - OWN_HEADERS)));
    expect(answer).toMatch(/^HTTP\/1.1 431 [\s\S]*x-nano-error: headers_too_large/);
  }
});

test("a head that grows on its way to the worker is refused where no frame could carry it, and its link stays", async () => {
  const t = await start({}, { listen: { maxHeaderBytes: 128 * KIB } });
  const inUrl = head(`/${"%".repeat(120 * KIB)}`, []);
  const inBoth = Buffer.from(head(`/${"%".repeat(60 * KIB)}`, [`x: ${"\xff".repeat(60 * KIB)}`]), "latin1");
  expect(await t.raw(inUrl)).toMatch(/^HTTP\/1.1 431 /);
  expect(await t.raw(inBoth)).toMatch(/^HTTP\/1.1 431 /);
  expect(await t.raw(head("/", []))).toMatch(/^HTTP\/1.1 200 /);
  expect(await t.metric("router_link_ends_total")).toBe(0);
});

test("what the parser refuses for its size, and bodies, count among what limits ended", async () => {
  const t = await start({ request_body_mb: 0.001 }, { listen: { maxHeaderBytes: 4 * KIB } });
  expect(await t.raw(head("/", [padded(8_000)]))).toMatch(/^HTTP\/1.1 431 /);
  const chunked = { "transfer-encoding": "chunked" };
  const body = Buffer.alloc(20_000);
  expect((await t.fetch("/", { method: "POST", body, headers: chunked })).status).toBe(413);
  expect((await t.fetch("/", { method: "POST", body })).status).toBe(413);
  expect(await t.metric("router_limit_ends_total", { reason: "headers_too_large" })).toBe(1);
  expect(await t.metric("router_limit_ends_total", { reason: "body_too_large" })).toBe(2);
});
