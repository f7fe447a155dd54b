/** Requests by which two HTTP parsers may disagree on where one ends and the next begins: none gets a second one past the router. */
import { connect } from "node:net";
import { expect, test } from "vitest";
import { appRecords } from "./fake-store.ts";
import type { FakeRequest, FakeWorker } from "./fake-worker.ts";
import { startTestRouter, type TestRouter } from "./router-harness.ts";

async function start(
  handler: (request: FakeRequest) => void = (r) =>
    void r
      .body()
      .then((body) => r.respond(body))
      .catch(() => {}),
  listen: NonNullable<Parameters<typeof startTestRouter>[1]>["listen"] = {},
  request: NonNullable<Parameters<typeof startTestRouter>[1]>["request"] = {},
): Promise<TestRouter & { worker: FakeWorker }> {
  const t = await startTestRouter(appRecords("hello", ["app.example"]), { listen, request });
  const worker = await t.node.startWorker(handler);
  await t.useWorkers(worker);
  return { ...t, worker };
}

const HOST = "host: app.example\r\n";
const POST = `POST / HTTP/1.1\r\n${HOST}`;
const CHUNKED = `${POST}transfer-encoding: chunked\r\n\r\n`;
const EMPTY_CHUNKS = "\r\n0\r\n\r\n";
/** What would be the next request, if there were one. */
const SMUGGLED = `GET /smuggled HTTP/1.1\r\n${HOST}connection: close\r\n\r\n`;

test.each<[string, string]>([
  ["a length and chunks", `${POST}content-length: 6\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nG`],
  ["chunks and a length", `${POST}transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n5c\r\n`],
  ["a coding that only looks like chunked", `${POST}transfer-encoding: xchunked\r\n${EMPTY_CHUNKS}`],
  ["a coding that is none", `${POST}transfer-encoding: identity\r\n\r\n`],
  ["a coding that nobody here undoes", `${POST}transfer-encoding: gzip, chunked\r\n${EMPTY_CHUNKS}`],
  ["the same in two lines", `${POST}transfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n${EMPTY_CHUNKS}`],
  ["chunked, and then not", `${POST}transfer-encoding: chunked, identity\r\n${EMPTY_CHUNKS}`],
  ["chunked, and not in another line", `${POST}Transfer-Encoding: chunked\r\nTRANSFER-ENCODING: x\r\n${EMPTY_CHUNKS}`],
  ["chunked twice", `${POST}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n${EMPTY_CHUNKS}`],
  ["chunked with a parameter", `${POST}transfer-encoding: chunked;x=1\r\n${EMPTY_CHUNKS}`],
  ["chunked in quotes", `${POST}transfer-encoding: "chunked"\r\n${EMPTY_CHUNKS}`],
  ["chunked after a vertical tab", `${POST}transfer-encoding: \x0bchunked\r\n${EMPTY_CHUNKS}`],
  ["chunked in a folded line", `${POST}transfer-encoding:\r\n chunked\r\n${EMPTY_CHUNKS}`],
  ["a space before the colon", `${POST}transfer-encoding : chunked\r\n${EMPTY_CHUNKS}`],
  ["an empty coding", `${POST}transfer-encoding: \r\n${EMPTY_CHUNKS}`],
  ["a coding of a GET", `GET / HTTP/1.1\r\n${HOST}transfer-encoding: gzip\r\n\r\n`],
  [
    "chunks in HTTP/1.0",
    `POST / HTTP/1.0\r\n${HOST}connection: keep-alive\r\ntransfer-encoding: chunked\r\n${EMPTY_CHUNKS}`,
  ],
  ["one length twice", `${POST}content-length: 2\r\ncontent-length: 2\r\n\r\nok`],
  ["two lengths", `${POST}content-length: 2\r\nContent-Length: 3\r\n\r\nok`],
  ["a list of lengths", `${POST}content-length: 2, 2\r\n\r\nok`],
  ["a length with a plus", `${POST}content-length: +2\r\n\r\nok`],
  ["a length below nothing", `${POST}content-length: -2\r\n\r\nok`],
  ["a length in hexadecimal", `${POST}content-length: 0x2\r\n\r\nok`],
  ["a length in two parts", `${POST}content-length: 1 2\r\n\r\nok`],
  ["an empty length", `${POST}content-length: \r\n\r\n`],
  ["a length beyond 64 bits", `${POST}content-length: 18446744073709551618\r\n\r\nok`],
  ["a space before a length's colon", `${POST}content-length : 2\r\n\r\nok`],
  ["a chunk's size beyond 64 bits", `${CHUNKED}10000000000000002\r\nok${EMPTY_CHUNKS}`],
  ["a chunk's size with 0x", `${CHUNKED}0x2\r\nok${EMPTY_CHUNKS}`],
  ["a chunk's size with a sign", `${CHUNKED}+2\r\nok${EMPTY_CHUNKS}`],
  ["a chunk's size below nothing", `${CHUNKED}-2\r\nok${EMPTY_CHUNKS}`],
  ["a chunk's size after a space", `${CHUNKED} 2\r\nok${EMPTY_CHUNKS}`],
  ["a chunk's size before a space", `${CHUNKED}2 \r\nok${EMPTY_CHUNKS}`],
  ["a chunk without a size", `${CHUNKED}\r\nok${EMPTY_CHUNKS}`],
  ["a chunk that is longer than it says", `${CHUNKED}2\r\nokay${EMPTY_CHUNKS}`],
  ["chunks with bare line feeds", `${CHUNKED}2\nok\n0\n\n`],
  ["a chunk that ends with a bare line feed", `${CHUNKED}2\r\nok\n0\r\n\r\n`],
  ["a chunk's extension with a bare line feed", `${CHUNKED}2;a\nok${EMPTY_CHUNKS}`],
  ["a chunk's extension with a bare carriage return", `${CHUNKED}2;a\rb\r\nok${EMPTY_CHUNKS}`],
  ["a trailer with a bare line feed", `${CHUNKED}0\r\nx: y\n\r\n`],
  ["a trailer that tells a length", `${CHUNKED}0\r\ncontent-length: 2\r\n\r\n`],
  ["a trailer that tells a coding", `${CHUNKED}0\r\ntransfer-encoding: chunked\r\n\r\n`],
  ["bare line feeds", `GET / HTTP/1.1\n${HOST.replace("\r", "")}\n`],
  ["one bare line feed", `GET / HTTP/1.1\r\nx: y\n${HOST}\r\n`],
  ["a bare line feed at the end", `GET / HTTP/1.1\r\n${HOST}\n`],
  ["bare carriage returns", `GET / HTTP/1.1\r${HOST.replace("\n", "")}\r`],
  ["a carriage return in a value", `GET / HTTP/1.1\r\n${HOST}x: a\rb: c\r\n\r\n`],
  ["a NUL in a value", `GET / HTTP/1.1\r\n${HOST}x: a\0b\r\n\r\n`],
  ["a NUL in a name", `GET / HTTP/1.1\r\n${HOST}x\0: a\r\n\r\n`],
  ["a folded value", `GET / HTTP/1.1\r\n${HOST}x: a\r\n b\r\n\r\n`],
  ["a folded first header", `GET / HTTP/1.1\r\n x: y\r\n${HOST}\r\n`],
  ["a header without a name", `GET / HTTP/1.1\r\n${HOST}: y\r\n\r\n`],
  ["a header without a colon", `GET / HTTP/1.1\r\n${HOST}xy\r\n\r\n`],
  ["a space in the target", `GET /a b HTTP/1.1\r\n${HOST}\r\n`],
  ["tabs in the request line", `GET\t/\tHTTP/1.1\r\n${HOST}\r\n`],
  ["HTTP/0.9", `GET / HTTP/0.9\r\n${HOST}\r\n`],
  ["HTTP/1.2", `GET / HTTP/1.2\r\n${HOST}\r\n`],
  ["HTTP/2.0", `GET / HTTP/2.0\r\n${HOST}\r\n`],
  ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
])("%s is refused once, and nothing after it is read", async (_what, bytes) => {
  const t = await start();
  const client = await t.talk();
  client.send(Buffer.from(bytes + SMUGGLED, "latin1"));
  const answer = await client.ended();
  expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  expect(answer).toMatch(/^HTTP\/1\.1 (?:400|501|505) /);
  expect(answer.toLowerCase()).toContain("connection: close\r\n");
  expect(t.worker.requests.filter(({ path }) => path !== "/")).toEqual([]);
});

test.each<[string, string, number, string]>([
  ["an unknown coding", `${POST}transfer-encoding: br, chunked\r\n\r\n`, 501, "coding_unsupported"],
  ["an unknown version", `GET / HTTP/2.0\r\n${HOST}\r\n`, 505, "version_unsupported"],
  ["chunks in HTTP/1.0", `POST / HTTP/1.0\r\n${HOST}transfer-encoding: chunked\r\n\r\n`, 400, "bad_request"],
])("%s is named, and reaches no app", async (_what, bytes, status, reason) => {
  const t = await start();
  const answer = await t.raw(bytes);
  expect(answer).toContain(`HTTP/1.1 ${status} `);
  expect(answer).toContain(`x-nano-error: ${reason}\r\n`);
  expect(t.worker.requests).toHaveLength(0);
});

test("a coding is chunked in any case, and what surrounds its value does not matter", async () => {
  const t = await start();
  for (const coding of ["Transfer-Encoding: CHUNKED", "transfer-encoding:\tchunked ", "TRANSFER-ENCODING:chunked"]) {
    const answer = await t.raw(`${POST}connection: close\r\n${coding}\r\n\r\n2;a=b\r\nok${EMPTY_CHUNKS}`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n(?:.+\r\n)+\r\nok$/);
  }
});

test("requests that follow each other without waiting are answered in their order, one by one", async () => {
  const t = await start((r) => r.path === "/1" || r.respond(r.path));
  const paths = ["/1", "/2", "/3", "/4"];
  const client = await t.talk();
  client.send(paths.map((path) => `GET ${path} HTTP/1.1\r\n${HOST}\r\n`).join(""));
  const first = await t.worker.next();
  // The last was answered by its app, and waits for the first.
  while ((await t.worker.next()).path !== "/4");
  expect(client.received).toBe("");
  first.respond("/1");
  const received = await client.until("\r\n\r\n/4");
  expect([...received.matchAll(/\r\n\r\n(\/\d)/g)].map(([, path]) => path)).toEqual(paths);
});

test("a connection holds so many requests that are not answered yet: at a further one it ends, and no later one is read", async () => {
  const t = await start((r) => r.path === "/1" || r.respond(r.path), undefined, { maxPipelinedCount: 3 });
  const paths = ["/1", "/2", "/3", "/4", "/5", "/6"];
  const client = await t.talk();
  client.send(paths.map((path) => `GET ${path} HTTP/1.1\r\n${HOST}\r\n`).join(""));
  const first = await t.worker.next();
  while ((await t.worker.next()).path !== "/3");
  first.respond("/1");
  const received = await client.ended();
  expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual([...Array(3).fill("HTTP/1.1 200"), "HTTP/1.1 429"]);
  const refusal = received.slice(received.indexOf("HTTP/1.1 429")).toLowerCase();
  expect(refusal).toContain("x-nano-error: pipeline_full\r\n");
  expect(refusal).toContain("connection: close\r\n");
  expect(t.worker.requests.map(({ path }) => path)).toEqual(["/1", "/2", "/3"]);
  expect(await t.metric("router_limit_ends_total", { reason: "pipeline_full" })).toBe(1);
});

test("a connection that takes no further requests is not read on, however many it sends", async () => {
  const t = await start((r) => r.path === "/late" || r.respond(r.path), undefined, { maxPipelinedCount: 3 });
  const socket = connect(t.port, "127.0.0.1");
  socket.on("error", () => {}); // cut off
  const piece = `GET /late HTTP/1.1\r\n${HOST}\r\n`.repeat(1_000);
  // Several times what the sockets of the system hold.
  for (let i = 0; i < 800; i++) socket.write(piece);
  const sentBytes = socket.writableLength;
  await t.worker.next();
  const other = await t.talk();
  for (let i = 0; i < 100; i++) {
    other.send(`GET /${i} HTTP/1.1\r\n${HOST}\r\n`);
    await other.until(`\r\n\r\n/${i}`);
  }
  expect(socket.writableLength).toBeGreaterThan(sentBytes / 2);
  socket.destroy();
});

test("HTTP/1.0 is answered with a whole body and kept only where it asks for that", async () => {
  const t = await start((r) => r.respond(r.path));
  const head = (path: string, more = ""): string => `GET ${path} HTTP/1.0\r\n${HOST}${more}\r\n`;
  const kept = await t.raw(head("/1", "connection: keep-alive\r\n") + head("/2") + head("/3"));
  expect([...kept.matchAll(/\r\n\r\n(\/\d)/g)].map(([, path]) => path)).toEqual(["/1", "/2"]);
  expect(kept.toLowerCase()).toContain("connection: keep-alive\r\n");
});

test("a stream to HTTP/1.0 ends with its connection, without chunks; one that breaks off resets it", async () => {
  const t = await start((r) => {
    r.respondHead(200);
    r.stream.write(Buffer.from("half"));
    setImmediate(() => (r.path === "/whole" ? r.stream.end(Buffer.from(" whole")) : r.refuse()));
  });
  const whole = await t.raw(`GET /whole HTTP/1.0\r\n${HOST}connection: keep-alive\r\n\r\n`);
  expect(whole.toLowerCase()).not.toContain("transfer-encoding");
  expect(whole).toMatch(/\r\n\r\nhalf whole$/);
  await expect(t.raw(`GET /broken HTTP/1.0\r\n${HOST}\r\n`)).rejects.toThrow("ECONNRESET");
});

test("a client that takes nothing of its answer is cut off, one whose app takes its time is not", async () => {
  const t = await start(
    (r) => {
      if (r.path === "/late") return;
      r.respondHead(200);
      const chunk = Buffer.alloc(64 * 1024);
      r.onDrain = () => {
        while (r.stream.write(chunk));
      };
      r.onDrain();
    },
    { stallTimeoutMs: 200, timeoutCheckMs: 10 },
  );
  const late = await t.talk();
  late.send(`GET /late HTTP/1.1\r\n${HOST}\r\n`);
  const held = await t.worker.next();
  const socket = connect(t.port, "127.0.0.1");
  socket.on("error", () => {}); // cut off
  socket.pause();
  socket.write(`GET / HTTP/1.1\r\n${HOST}\r\n`);
  expect((await (await t.worker.next()).whenReset()).reason).toBe("client_gone");
  expect(await t.metric("router_stalled_connections_total")).toBe(1);
  socket.destroy();
  // As long as the other, and longer.
  held.respond("late");
  expect(await late.until("\r\n\r\nlate")).toContain("HTTP/1.1 200 OK");
});

test("a connection that is kept ends when nobody has used it for its time, and no sooner", async () => {
  const t = await start((r) => r.respond("ok"), { keepAliveTimeoutMs: 100, stallTimeoutMs: 60_000 });
  const client = await t.talk();
  client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`);
  await client.until("\r\n\r\nok");
  const answeredMs = performance.now();
  await client.ended();
  expect(performance.now() - answeredMs).toBeGreaterThan(80);
  expect(await t.metric("router_stalled_connections_total")).toBe(0);
});

test("headers beyond what is read are a 431: none is left out in silence", async () => {
  const t = await start((r) => r.respond(r.headers.filter(([name]) => name === "x-last").join()), {
    maxHeaderBytes: 128 * 1024,
  });
  for (const count of [500, 900, 990, 1_000, 1_010, 1_990, 2_000, 2_010, 4_000, 8_000]) {
    const answer = await t.raw(
      `GET / HTTP/1.1\r\n${HOST}connection: close\r\n${"a:b\r\n".repeat(count)}x-last: here\r\n\r\n`,
    );
    if (answer.startsWith("HTTP/1.1 200 ")) expect(answer).toMatch(/\r\n\r\nx-last,here$/);
    else expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  }
});

test("a client that sends a head byte by byte is answered 408 when its time is over, however busy it is", async () => {
  const t = await start(undefined, { headersTimeoutMs: 200, requestTimeoutMs: 200, timeoutCheckMs: 10 });
  const client = await t.talk();
  client.send(`GET / HTTP/1.1\r\n${HOST}`);
  const drip = setInterval(() => client.send("x: y\r\n"), 20);
  const answer = await client.ended();
  clearInterval(drip);
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
});
