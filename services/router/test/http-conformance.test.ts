import { expect, test } from "vitest";
import { appRecords } from "./fake-store.ts";
import type { FakeRequest } from "./fake-worker.ts";
import { startTestRouter, type TestRouter } from "./router-harness.ts";

const records = appRecords("hello", ["app.example", "other.example"], { limits: { request_body_mb: 1 } });

async function start(
  handler: (request: FakeRequest) => void = (r) => r.respond("hello"),
  overrides: Parameters<typeof startTestRouter>[1] = {},
): Promise<TestRouter & { worker: Awaited<ReturnType<TestRouter["node"]["startWorker"]>> }> {
  const t = await startTestRouter(records, overrides);
  const worker = await t.node.startWorker(handler);
  await t.useWorkers(worker);
  return { ...t, worker };
}

const POST = "POST / HTTP/1.1\r\nhost: app.example\r\n";

test("100 Continue comes when a worker takes the body, and not before", async () => {
  const t = await startTestRouter(records, { request: { noWorkerWaitMs: 10_000 } });
  const worker = await t.node.startWorker(async (r) => r.respond(await r.body()));
  t.store.put({ kind: "node", id: "n", workers: [], draining: false, ...nodeFields } as never);
  const client = await t.talk();
  client.send(`${POST}expect: 100-continue\r\ncontent-length: 2\r\n\r\n`);
  const other = await t.talk();
  other.send("GET / HTTP/1.1\r\nhost: nobody.example\r\nconnection: close\r\n\r\n");
  await other.ended();
  expect(client.received).toBe("");
  await t.useWorkers(worker);
  await client.until("HTTP/1.1 100 Continue\r\n\r\n");
  expect((await worker.next()).receivedBytes).toBe(0);
  client.send("ok");
  expect(await client.until("\r\n\r\nok")).toContain("HTTP/1.1 200 OK");
  client.send("GET / HTTP/1.1\r\nhost: nobody.example\r\n\r\n");
  await client.until("HTTP/1.1 404 ");
});

test.each([
  ["an unknown host", "POST / HTTP/1.1\r\nhost: nobody.example\r\ncontent-length: 5\r\n", 404],
  ["a body over the limit", `${POST}content-length: 2000000\r\n`, 413],
])("%s is answered without 100 Continue, and the connection ends", async (_what, head, status) => {
  const t = await start();
  const client = await t.talk();
  client.send(`${head}expect: 100-continue\r\n\r\n`);
  const answer = await client.ended();
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(answer).toContain("connection: close");
  expect(answer).not.toContain("100 Continue");
});

test("a request without a body is not told to continue", async () => {
  const t = await start();
  const client = await t.talk();
  client.send("GET / HTTP/1.1\r\nhost: app.example\r\nexpect: 100-continue\r\n\r\n");
  expect(await client.until("hello")).toMatch(/^HTTP\/1.1 200 OK/);
});

test("HTTP/1.0 is never told to continue", async () => {
  const t = await start(async (r) => r.respond(await r.body()));
  const answer = await t.raw(
    "POST / HTTP/1.0\r\nhost: app.example\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\nok",
  );
  expect(answer).toMatch(/^HTTP\/1.1 200 OK/);
});

test("an expectation that nobody knows is a 417", async () => {
  const t = await start();
  const answer = await t.raw(`${POST}expect: a-miracle\r\ncontent-length: 5\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1.1 417 /);
  expect(answer).toContain("x-nano-error: expectation_failed");
  expect(answer).toContain("connection: close");
  expect(t.worker.requests).toHaveLength(0);
});

test("TRACE and CONNECT are a 405 that tells what is allowed, and reach no app", async () => {
  const t = await start();
  for (const target of ["TRACE /", "CONNECT app.example:443"]) {
    const answer = await t.raw(`${target} HTTP/1.1\r\nhost: app.example\r\nconnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 405 Method Not Allowed\r\n/);
    expect(answer).toContain("x-nano-error: method_not_allowed");
    expect(answer).toContain("allow: GET, HEAD, POST");
  }
  expect(t.worker.requests).toHaveLength(0);
});

test("a client that asks for a tunnel and resets its connection does no harm", async () => {
  const t = await start();
  for (let count = 0; count < 20; count += 1) {
    const client = await t.talk();
    client.send("CONNECT app.example:443 HTTP/1.1\r\nhost: app.example\r\n\r\n");
    await client.until("HTTP/1.1 405 ");
    client.reset();
    await client.ended();
  }
  expect((await t.fetch("/")).text).toBe("hello");
});

test("the refusal of a tunnel does not overtake the answer to the request before it", async () => {
  const t = await start(() => {});
  const client = await t.talk();
  client.send("GET / HTTP/1.1\r\nhost: app.example\r\n\r\nCONNECT a.example:443 HTTP/1.1\r\nhost: a.example\r\n\r\n");
  expect(await client.ended()).toBe("");
  expect((await (await t.worker.next()).whenReset()).reason).toBe("client_gone");
});

test("an absolute target overrules Host; Host must be there all the same, once", async () => {
  const t = await start((r) => r.respond(r.head.url));
  const ask = (lines: string): Promise<string> => t.raw(`${lines}connection: close\r\n\r\n`);
  expect(await ask("GET http://other.example/x HTTP/1.1\r\nhost: nobody.example\r\n")).toContain(
    "http://other.example/x",
  );
  const seen = await t.worker.next();
  expect(seen.headers).toContainEqual(["host", "other.example"]);
  for (const hosts of [
    "",
    "host: app.example\r\nhost: other.example\r\n",
    "host: a b\r\n",
    "host: app.example, x\r\n",
  ]) {
    expect(await ask(`GET http://other.example/ HTTP/1.1\r\n${hosts}`)).toMatch(/^HTTP\/1.1 400 /);
  }
});

test("OPTIONS of an asterisk is answered by the router, for no app in particular, where it has one Host", async () => {
  const t = await start();
  const ask = (hosts: string): Promise<string> => t.raw(`OPTIONS * HTTP/1.1\r\n${hosts}connection: close\r\n\r\n`);
  const answer = await ask("host: nobody.example\r\n");
  expect(answer).toMatch(/^HTTP\/1.1 204 No Content\r\nallow: GET, HEAD, POST, [^\r]+\r\nx-nano-request-id: /);
  expect(answer).toMatch(/\r\n\r\n$/);
  expect(await ask("")).toMatch(/^HTTP\/1.1 400 /);
  expect(t.worker.requests).toHaveLength(0);
});

test.each<[string, string | null]>([
  ["app.example:8080", "http://app.example:8080/"],
  ["app.example:80", "http://app.example/"],
  ["app.example:", "http://app.example/"],
  ["APP.Example.", "http://app.example./"],
  ["user@app.example", null],
  ["user:word@app.example", null],
  ["app.example:80a", null],
  ["app.example:99999", null],
  ["app.example/x", null],
  ["app.example?x", null],
  ["app.example#x", null],
  ["app.\texample", null],
  ["app.example\\x", null],
  ["", null],
])("a Host of %j is %j to the app; null: refused", async (host, url) => {
  const t = await start((r) => r.respond(r.head.url));
  for (const target of ["/", "http://app.example/"]) {
    const answer = await t.raw(`GET ${target} HTTP/1.1\r\nHOST: ${host}\r\nconnection: close\r\n\r\n`);
    if (url === null) expect(answer).toMatch(/^HTTP\/1.1 400 /);
    else expect(answer.split("\r\n\r\n")[1]).toBe(target === "/" ? url : "http://app.example/");
  }
});

test.each([
  "ftp://app.example/",
  "http://user:word@app.example/",
  "http:///x",
  "http://app.example/#x",
  "app.example:80",
])("an absolute target of %j is a 400", async (target) => {
  const t = await start();
  expect(await t.raw(`GET ${target} HTTP/1.1\r\nhost: app.example\r\nconnection: close\r\n\r\n`)).toMatch(
    /^HTTP\/1.1 400 /,
  );
});

test("the scheme of an absolute target is not believed", async () => {
  const t = await start((r) => r.respond(r.head.url));
  const answer = await t.raw("GET https://app.example/x HTTP/1.1\r\nhost: app.example\r\nconnection: close\r\n\r\n");
  expect(answer.split("\r\n\r\n")[1]).toBe("http://app.example/x");
});

test("a refusal that leaves open whether a body comes is the last answer: what follows reaches no app", async () => {
  const t = await start();
  const client = await t.talk();
  const next = "GET /next HTTP/1.1\r\nhost: app.example\r\n\r\n";
  client.send(`POST / HTTP/1.1\r\nhost: nobody.example\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\nok${next}`);
  expect((await client.ended()).match(/HTTP\/1.1/g)).toHaveLength(1);
  expect(t.worker.requests).toHaveLength(0);
});

test("two requests in one write, the second with two Hosts: the first is answered, the second is a 400", async () => {
  const t = await start();
  const answers = await t.raw(
    "GET /1 HTTP/1.1\r\nhost: app.example\r\n\r\nGET /2 HTTP/1.1\r\nhost: app.example\r\nHost: other.example\r\nconnection: close\r\n\r\n",
  );
  expect([...answers.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => status)).toEqual(["200", "400"]);
});

test.each([
  ["less", "ab", "ab"],
  ["more", "abcdef", ""],
])(
  "an app that sends %s than its content-length says gets its connection cut, never a clean end",
  async (_what, sent) => {
    const t = await start((r) => {
      r.respondHead(200, ["content-length", "4"]);
      r.stream.write(Buffer.from(sent.slice(0, 2)));
      setImmediate(() => r.stream.end(Buffer.from(sent.slice(2))));
    });
    const client = await t.talk();
    client.send("GET / HTTP/1.1\r\nhost: app.example\r\n\r\n");
    const answer = await client.ended();
    expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(answer).toContain("content-length: 4\r\n");
    expect(answer.split("\r\n\r\n")[1]).toBe("ab");
  },
);

test("an app's chunked answer that breaks off has no last chunk", async () => {
  const t = await start((r) => {
    r.respondHead(200);
    r.stream.write(Buffer.from("half"));
    setImmediate(() => r.refuse({ retryable: false }));
  });
  const client = await t.talk();
  client.send("GET / HTTP/1.1\r\nhost: app.example\r\n\r\n");
  const answer = await client.ended();
  expect(answer).toContain("half");
  expect(answer).not.toContain("0\r\n\r\n");
});

test.each([100, 101, 103])("a %d of the app is not passed on", async (status) => {
  const t = await start((r) => r.respond("", { status }));
  const answer = await t.raw("GET / HTTP/1.1\r\nhost: app.example\r\nconnection: close\r\n\r\n");
  expect(answer).toMatch(/^HTTP\/1.1 502 /);
  expect(answer).toContain("x-nano-error: bad_response");
});

test("a head that does not come in time is a 408", async () => {
  const t = await start(undefined, { listen: { headersTimeoutMs: 100, requestTimeoutMs: 100, timeoutCheckMs: 10 } });
  const client = await t.talk();
  client.send("GET / HTTP/1.1\r\nhost: app.ex");
  const answer = await client.ended();
  expect(answer).toMatch(/^HTTP\/1.1 408 /);
  expect(answer).toContain("x-nano-error: request_timeout");
});

test("a body that does not come in time is a 408, and its stream is reset", async () => {
  const t = await start(() => {}, { listen: { headersTimeoutMs: 100, requestTimeoutMs: 100, timeoutCheckMs: 10 } });
  const client = await t.talk();
  client.send(`${POST}content-length: 5\r\n\r\nab`);
  const answer = await client.ended();
  expect(answer).toMatch(/^HTTP\/1.1 408 /);
  expect(answer).toContain("x-nano-error: request_timeout");
  expect(answer).toContain("x-nano-request-id: ");
  expect((await (await t.worker.next()).whenReset()).reason).toBe("request_timeout");
});

test("chunk extensions beyond the parser's limit are a 413", async () => {
  const t = await start(() => {});
  const client = await t.talk();
  client.send(`${POST}transfer-encoding: chunked\r\n\r\n2;${"x".repeat(20_000)}\r\nab\r\n`);
  const answer = await client.ended();
  expect(answer).toMatch(/^HTTP\/1.1 413 /);
  expect(answer).toContain("x-nano-error: chunk_extensions_too_large");
});

test("a broken chunk is a 400 of its own request, and the app is told", async () => {
  const t = await start(() => {});
  const client = await t.talk();
  client.send(`${POST}transfer-encoding: chunked\r\n\r\n2\r\nab\r\nnot a size\r\n`);
  const answer = await client.ended();
  expect(answer).toMatch(/^HTTP\/1.1 400 /);
  expect(answer.match(/HTTP\/1.1/g)).toHaveLength(1);
  expect((await (await t.worker.next()).whenReset()).reason).toBe("bad_request");
});

test("nothing is written into a response that has begun when what follows on its connection does not parse", async () => {
  const t = await start((r) => {
    r.respondHead(200, ["content-length", "10"]);
    r.stream.write(Buffer.from("begun"));
  });
  const client = await t.talk();
  client.send("GET / HTTP/1.1\r\nhost: app.example\r\n\r\n");
  await client.until("begun");
  client.send("no HTTP at all\r\n\r\n");
  (await t.worker.next()).stream.end(Buffer.from(" done"));
  const answer = await client.ended();
  expect(answer.match(/HTTP\/1.1/g)).toHaveLength(1);
  expect(answer).toMatch(/\r\n\r\nbegun done$/);
});

test("a body that breaks in a response that has begun cuts it", async () => {
  const t = await start((r) => {
    r.respondHead(200);
    r.stream.write(Buffer.from("begun"));
  });
  const client = await t.talk();
  client.send(`${POST}transfer-encoding: chunked\r\n\r\n`);
  await client.until("begun");
  client.send("not a size\r\n");
  const answer = await client.ended();
  expect(answer.match(/HTTP\/1.1/g)).toHaveLength(1);
  expect(answer).not.toContain("0\r\n\r\n");
});

const nodeFields = { engine: "0".repeat(32), supervisor: { address: "/nowhere.sock", credential: "none" } };
