import { createHash, randomBytes } from "node:crypto";
import { request } from "node:http";
import { connect } from "node:net";
import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import { appRecords, nodeRecord } from "./fake-store.ts";
import { startTestRouter } from "./router-harness.ts";

test("a request reaches the app's worker with its version, method, URL and headers, and its answer comes back", async () => {
  const records = appRecords("hello", ["app.example"]);
  const t = await startTestRouter(records);
  const worker = await t.node.startWorker((r) => r.respond("hi", { headers: ["Content-Type", "text/x"] }));
  await t.useWorkers(worker);
  const answer = await t.fetch("/a/b?c=d", { headers: { "X-One": "1", "x-nano-secret": "x", te: "trailers" } });
  expect(answer).toMatchObject({ status: 200, text: "hi" });
  expect(answer.headers).toMatchObject({ "content-type": "text/x", "content-length": "2" });
  const seen = await worker.next();
  expect(seen.head.method).toBe("GET");
  expect(seen.head.url).toBe("http://app.example/a/b?c=d");
  expect(seen.head.versionId).toBe(records[1]?.kind === "version" && records[1].id);
  expect(seen.headers).toContainEqual(["x-one", "1"]);
  expect(seen.headers).toContainEqual(["host", "app.example"]);
  const names = seen.headers.map(([name]) => name);
  for (const dropped of ["connection", "te", "x-nano-secret"]) expect(names).not.toContain(dropped);
  expect(answer.headers["x-nano-request-id"]).toBe(seen.head.requestId);
});

test("repeated headers stay apart in both directions, hop-by-hop and platform headers of the app are dropped", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]));
  const worker = await t.node.startWorker((r) =>
    r.respond("x", {
      headers: [
        "set-cookie",
        "a=1",
        "set-cookie",
        "b=2",
        "connection",
        "close, X-Hop, content-length",
        "x-hop",
        "gone",
        "proxy-authenticate",
        "Basic",
        "upgrade",
        "h2c",
        "te",
        "trailers",
        "transfer-encoding",
        "gzip, chunked",
        "x-nano-error",
        "fake",
        "keep-alive",
        "x",
        "trailer",
        "y",
      ],
    }),
  );
  await t.useWorkers(worker);
  const answer = await t.fetch("/", {
    headers: { "x-many": ["1", "2"], connection: "x-hop, keep-alive", "x-hop": "gone" },
  });
  expect(answer.headers["set-cookie"]).toEqual(["a=1", "b=2"]);
  expect(answer.headers["x-nano-error"]).toBeUndefined();
  for (const name of ["trailer", "x-hop", "proxy-authenticate", "upgrade", "te", "transfer-encoding"]) {
    expect(answer.headers[name], name).toBeUndefined();
  }
  expect(answer.headers["content-length"]).toBe("1");
  const seen = await worker.next();
  expect(seen.headers.filter(([name]) => name === "x-many")).toEqual([
    ["x-many", "1"],
    ["x-many", "2"],
  ]);
  expect(seen.headers.map(([name]) => name)).not.toContain("x-hop");
});

test("binary bodies survive both directions, chunked and with a length", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]));
  const worker = await t.node.startWorker(async (r) => {
    const body = await r.body();
    r.respondHead(200);
    r.stream.end(body);
  });
  await t.useWorkers(worker);
  const body = randomBytes(1_500_000);
  const digest = createHash("sha256").update(body).digest("hex");
  for (const headers of [{ "content-length": String(body.length) }, { "transfer-encoding": "chunked" }]) {
    const answer = await t.fetch("/echo", { method: "POST", body, headers });
    expect(createHash("sha256").update(answer.body).digest("hex")).toBe(digest);
  }
});

test("a streamed response arrives as it is made", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]));
  const worker = await t.node.startWorker((r) => {
    r.respondHead(200);
    r.stream.write(Buffer.from("first"));
  });
  await t.useWorkers(worker);
  const first = Promise.withResolvers<string>();
  const whole = Promise.withResolvers<string>();
  request({ port: t.port, host: "127.0.0.1", headers: { host: "app.example" } }, (res) => {
    let text = "";
    res.setEncoding("utf8");
    res.on("data", (part: string) => {
      text += part;
      first.resolve(text);
    });
    res.on("end", () => whole.resolve(text));
  }).end();
  expect(await first.promise).toBe("first");
  (await worker.next()).stream.end(Buffer.from(" second"));
  expect(await whole.promise).toBe("first second");
});

test("a response head without body yet reaches the client at once", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]));
  const worker = await t.node.startWorker((r) => r.respondHead(202));
  await t.useWorkers(worker);
  const status = await new Promise<number | undefined>((resolve) => {
    const req = request({ port: t.port, host: "127.0.0.1", headers: { host: "app.example" } }, (res) => {
      resolve(res.statusCode);
      req.destroy();
    });
    req.on("error", () => {}); // destroyed on purpose
    req.end();
  });
  expect(status).toBe(202);
});

test("a client that does not read stops the worker at the window, and reading on brings the rest", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]));
  const totalBytes = 12 * 1024 * 1024;
  let acceptedBytes = 0;
  const worker = await t.node.startWorker((r) => {
    r.respondHead(200);
    const chunk = Buffer.alloc(64 * 1024);
    const pump = (): void => {
      while (acceptedBytes < totalBytes) {
        acceptedBytes += chunk.length;
        if (!r.stream.write(chunk)) return;
      }
      r.stream.end();
    };
    r.onDrain = pump;
    pump();
  });
  await t.useWorkers(worker);
  const socket = connect(t.port, "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nhost: app.example\r\nconnection: close\r\n\r\n");
  socket.pause();
  await worker.next();
  // Nothing says "no more will come": wait until the pump has stood still for several other requests.
  let before = -1;
  worker.handler = (r) => r.respond("ping");
  while (before !== acceptedBytes) {
    before = acceptedBytes;
    for (let count = 0; count < 20; count += 1) await t.fetch("/ping");
  }
  expect(acceptedBytes).toBeLessThan(totalBytes);
  let receivedBytes = 0;
  socket.on("data", (chunk: Buffer) => {
    receivedBytes += chunk.length;
  });
  socket.resume();
  await new Promise((resolve) => socket.once("close", resolve));
  expect(receivedBytes).toBeGreaterThan(totalBytes);
});

test("a worker that does not read stops the client; one that reads on learns that the client has left meanwhile", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]));
  const worker = await t.node.startWorker((r) => {
    r.isGranting = false;
  });
  await t.useWorkers(worker);
  const req = request({ port: t.port, host: "127.0.0.1", method: "POST", headers: { host: "app.example" } });
  req.on("error", () => {}); // destroyed on purpose
  const chunk = Buffer.alloc(64 * 1024);
  let writtenBytes = 0;
  // Far more than windows and socket buffers hold.
  while (writtenBytes < 32 * 1024 * 1024) {
    req.write(chunk);
    writtenBytes += chunk.length;
  }
  const seen = await worker.next();
  await eventually(() => seen.receivedBytes >= 256 * 1024);
  worker.handler = (r) => r.respond("pong");
  expect((await t.fetch("/ping")).text).toBe("pong");
  expect(seen.receivedBytes).toBe(256 * 1024);
  req.destroy();
  seen.isGranting = true;
  seen.stream.grant(seen.receivedBytes);
  expect((await seen.whenReset()).reason).toBe("client_gone");
});

test("HEAD, 204 and 304 have no body, and the connection lives on", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]));
  const worker = await t.node.startWorker((r) => {
    if (r.path === "/204") r.respond("never", { status: 204, headers: ["content-length", "5"] });
    else if (r.path === "/205") r.respond("never", { status: 205, headers: ["content-length", "5"] });
    else if (r.path === "/304") r.respond("never", { status: 304, headers: ["etag", "x"] });
    else r.respond("a body", { headers: ["content-length", "6"] });
  });
  await t.useWorkers(worker);
  expect(await t.fetch("/", { method: "HEAD" })).toMatchObject({
    status: 200,
    text: "",
    headers: { "content-length": "6" },
  });
  const noContent = await t.fetch("/204");
  expect(noContent).toMatchObject({ status: 204, text: "" });
  expect(noContent.headers["content-length"]).toBeUndefined();
  expect(await t.fetch("/205")).toMatchObject({ status: 205, text: "", headers: { "content-length": "0" } });
  expect(await t.fetch("/304")).toMatchObject({ status: 304, text: "", headers: { etag: "x" } });
  expect((await t.fetch("/")).text).toBe("a body");
});

test("a HEAD request to an endless response ends, and the worker is told to stop", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]));
  const worker = await t.node.startWorker((r) => {
    r.respondHead(200);
    while (r.stream.write(Buffer.alloc(10_000)));
  });
  await t.useWorkers(worker);
  expect((await t.fetch("/", { method: "HEAD" })).status).toBe(200);
  expect((await (await worker.next()).whenReset()).reason).toBe("request_over");
});

test("a client that goes away resets its stream, and nothing is left in flight", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]));
  const worker = await t.node.startWorker(() => {});
  await t.useWorkers(worker);
  const req = request({ port: t.port, host: "127.0.0.1", headers: { host: "app.example" } });
  req.on("error", () => {}); // destroyed on purpose
  req.end();
  const seen = await worker.next();
  req.destroy();
  expect((await seen.whenReset()).reason).toBe("client_gone");
  expect(await t.metric("router_in_flight_requests_count")).toBe(0);
  expect(await t.metric("router_requests_total", { outcome: "client_gone" })).toBe(1);
});

test("a response that does not keep to its content-length is cut or refused, never misread", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]));
  const worker = await t.node.startWorker((r) => {
    if (r.path === "/whole") r.respond("longer", { headers: ["content-length", "3"] });
    else {
      r.respondHead(200, ["content-length", "3"]);
      r.stream.write(Buffer.from("ab"));
      if (r.path === "/short") setImmediate(() => r.stream.end());
      else setImmediate(() => r.stream.end(Buffer.from("HTTP/1.1 200 smuggled")));
    }
  });
  await t.useWorkers(worker);
  expect(await t.fetch("/whole")).toMatchObject({ status: 502, headers: { "x-nano-error": "bad_response" } });
  await expect(t.fetch("/short")).rejects.toThrow();
  await expect(t.fetch("/long")).rejects.toThrow();
  expect(await t.metric("router_requests_total", { outcome: "cut" })).toBe(2);
});

test.each([
  ["a status beyond HTTP", { status: 99 }],
  ["a header value with a line break", { headers: ["x", "a\rb"] }],
  ["a header name that is none", { headers: ["a b", "x"] }],
  ["a header value with a NUL", { headers: ["x", "a\0b"] }],
  ["a header value beyond latin-1", { headers: ["x", "a\u0100b"] }],
  ["a header name with a colon", { headers: ["a:b", "x"] }],
  ["two lengths", { headers: ["content-length", "1", "content-length", "2"] }],
  ["a length that is none", { headers: ["content-length", "+1"] }],
  ["a status text with a line break", { statusText: "OK\r\nx-injected: yes" }],
  ["a status text with a NUL", { statusText: "O\0K" }],
  ["a status text beyond latin-1", { statusText: "\u0100" }],
])("%s from an app is a 502, and the connection lives on", async (_what, options) => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]));
  const worker = await t.node.startWorker((r) => r.respond("x", options));
  await t.useWorkers(worker);
  const answer = await t.raw("GET / HTTP/1.1\r\nhost: app.example\r\nconnection: close\r\n\r\n");
  expect(answer).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/);
  expect(answer).toContain("x-nano-error: bad_response\r\n");
  expect(answer).not.toContain("x-injected");
  expect(await t.fetch("/")).toMatchObject({ status: 502, headers: { "x-nano-error": "bad_response" } });
  worker.handler = (r) => r.respond("fine");
  expect((await t.fetch("/")).text).toBe("fine");
});

test("a response that breaks off cuts the client's connection", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]));
  const worker = await t.node.startWorker((r) => {
    r.respondHead(200);
    r.stream.write(Buffer.from("half"));
    setImmediate(() => r.refuse({ retryable: true }));
  });
  await t.useWorkers(worker);
  await expect(t.fetch("/")).rejects.toThrow();
  expect(worker.requests).toHaveLength(1);
});

test("a worker's own refusal reaches the client as status and reason, with a request id and nothing else", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]));
  const worker = await t.node.startWorker((r) =>
    r.refuse({
      retryable: false,
      httpStatus: 504,
      reason: "wall_limit",
      message: "internal words",
      details: { secret: "internal detail" },
    }),
  );
  await t.useWorkers(worker);
  const answer = await t.fetch("/");
  expect(answer).toMatchObject({ status: 504, headers: { "x-nano-error": "wall_limit" } });
  expect(answer.text).toBe(`504 Gateway Timeout\n${answer.headers["x-nano-request-id"]}\n`);
  worker.handler = (r) => r.refuse({ retryable: false, httpStatus: 200, reason: "Weird\nReason" });
  expect(await t.fetch("/")).toMatchObject({ status: 502, headers: { "x-nano-error": "internal" } });
});

test("an answer before the body is read ends the upload without hurting the connection", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]));
  const worker = await t.node.startWorker((r) => r.respond("enough", { status: 200 }));
  await t.useWorkers(worker);
  const answer = await t.fetch("/", { method: "POST", body: Buffer.alloc(3_000_000) });
  expect(answer.text).toBe("enough");
  expect((await t.fetch("/")).text).toBe("enough");
});

test("trailers of a request are dropped, and an upgrade to something else than a websocket is ignored", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]));
  const worker = await t.node.startWorker(async (r) => r.respond((await r.body()).toString() || "no body"));
  await t.useWorkers(worker);
  const withTrailers = await t.raw(
    "POST / HTTP/1.1\r\nhost: app.example\r\ntransfer-encoding: chunked\r\ntrailer: x-late\r\nconnection: close\r\n\r\n3\r\nabc\r\n0\r\nx-late: 1\r\n\r\n",
  );
  expect(withTrailers).toMatch(/^HTTP\/1.1 200 /);
  expect((await worker.next()).headers.map(([name]) => name)).not.toContain("trailer");
  const h2c = await t.fetch("/", {
    headers: { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAMAAABkAAQAAP__" },
  });
  expect(h2c.text).toBe("no body");
  expect((await worker.next()).headers.map(([name]) => name)).not.toContain("upgrade");
});

test("a client that expects to be told to continue is told", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"], { limits: { request_body_mb: 1 } }));
  const worker = await t.node.startWorker(async (r) => r.respond(await r.body()));
  await t.useWorkers(worker);
  const head = "POST / HTTP/1.1\r\nhost: app.example\r\nexpect: 100-continue\r\nconnection: close\r\n";
  const answered = await t.raw(`${head}content-length: 2\r\n\r\nok`);
  expect(answered).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK/);
  const refused = await t.raw(`${head.replace("close", "keep-alive")}content-length: 2000000\r\n\r\n`);
  expect(refused).toMatch(/^HTTP\/1.1 413 /);
  expect(refused.toLowerCase()).toContain("connection: close");
});

test("a change of the active version is seen by the next request, a removed route is unknown", async () => {
  const records = appRecords("hello", ["app.example"]);
  const t = await startTestRouter(records);
  const worker = await t.node.startWorker();
  await t.useWorkers(worker);
  await t.fetch("/");
  const next = appRecords("hello", []);
  t.store.put(...next);
  await eventually(() => t.router.feedPosition()?.seq === t.store.seq);
  await t.fetch("/");
  const [first, second] = worker.requests;
  expect(first?.head.versionId).not.toBe(second?.head.versionId);
  t.store.remove("route/app.example/");
  await eventually(async () => (await t.metric("router_routes_count")) === 0);
  expect((await t.fetch("/")).status).toBe(404);
});

test("workers of a draining node get nothing, and what they have they finish", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]));
  const old = await t.node.startWorker(() => {});
  await t.useWorkers(old);
  const pending = t.fetch("/");
  const held = await old.next();
  const fresh = await t.node.startWorker();
  t.store.put(nodeRecord([old], { draining: true }), nodeRecord([fresh], { id: "node-2" }));
  await eventually(() => fresh.peers.length > 0);
  expect((await t.fetch("/")).text).toBe(`hello from ${fresh.id}`);
  held.respond("finished in peace");
  expect((await pending).text).toBe("finished in peace");
});
