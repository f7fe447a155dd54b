/** What is refused before any app hears of it, and what a handshake becomes on its way to one. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { FakeSocket } from "./fake-socket.ts";
import { frame, handshake, KEY, Opcode, startWebSocketTest } from "./websocket-harness.ts";

const bad: readonly [what: string, request: string, status: number, reason: string][] = [
  ["another method", handshake({}, "POST / HTTP/1.1"), 400, "bad_handshake"],
  ["HTTP/1.0", handshake({}, "GET / HTTP/1.0"), 400, "bad_handshake"],
  ["no Connection", handshake({ connection: null }), 400, "bad_handshake"],
  ["a Connection without upgrade", handshake({ connection: "keep-alive" }), 400, "bad_handshake"],
  ["no key", handshake({ "sec-websocket-key": null }), 400, "bad_handshake"],
  ["a short key", handshake({ "sec-websocket-key": "AAAA" }), 400, "bad_handshake"],
  ["two keys", `${handshake().trimEnd()}\r\nsec-websocket-key: ${KEY}\r\n\r\n`, 400, "bad_handshake"],
  ["no version", handshake({ "sec-websocket-version": null }), 426, "handshake_version"],
  ["version 8", handshake({ "sec-websocket-version": "8" }), 426, "handshake_version"],
  ["two versions", handshake({ "sec-websocket-version": "13, 8" }), 426, "handshake_version"],
  ["a body", `${handshake({ "content-length": "2" })}ab`, 400, "bad_handshake"],
  ["a chunked body", `${handshake({ "transfer-encoding": "chunked" })}0\r\n\r\n`, 400, "bad_handshake"],
  ["an expectation", handshake({ expect: "100-continue" }), 400, "bad_handshake"],
  ["a sub-protocol that is no token", handshake({ "sec-websocket-protocol": "a b" }), 400, "bad_handshake"],
  ["a sub-protocol named twice", handshake({ "sec-websocket-protocol": "a, a" }), 400, "bad_handshake"],
  ["extensions that do not parse", handshake({ "sec-websocket-extensions": "=;" }), 400, "bad_handshake"],
  ["a host that nobody has", handshake({ host: "nobody.example" }), 404, "unknown_host"],
  ["no host", handshake({ host: null }), 400, "bad_request"],
];

describe("a handshake is refused, as an HTTP response that ends its connection, with", () => {
  test.each(bad)("%s", async (_what, request, status, reason) => {
    const t = await startWebSocketTest();
    // What is sent behind it is no request: nothing else is answered.
    const answer = await t.raw(request + frame(Opcode.TEXT, "early").toString("latin1"));
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} [\\s\\S]*x-nano-error: ${reason}\r\n`));
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
    if (status === 426) expect(answer).toMatch(/upgrade: websocket\r\nsec-websocket-version: 13\r\n/);
    if (reason !== "unknown_host") expect(answer).toMatch(/connection: close/i);
    expect(t.socketWorker.requests).toHaveLength(0);
    expect(t.node.supervisor.askedApps).toEqual([]);
  });
});

test("an upgrade to something else is an ordinary request", async () => {
  const t = await startWebSocketTest();
  const answer = await t.fetch("/", { headers: { connection: "upgrade", upgrade: "h2c" } });
  expect(answer.text).toMatch(/^hello from/);
});

test("the app sees that it is asked for an upgrade, the sub-protocols, and nothing of what is between client and router", async () => {
  const t = await startWebSocketTest();
  t.socketWorker.handler = (request) => void new FakeSocket(request, ["sec-websocket-protocol", "b"]);
  const client = await t.connect({
    path: "/room?id=1",
    protocols: ["a", "b"],
    headers: { cookie: "c=1" },
    perMessageDeflate: true,
  });
  expect(client.ws.protocol).toBe("b");
  const request = await t.socketWorker.next();
  expect(request.head).toMatchObject({ method: "GET", url: "http://app.example/room?id=1" });
  const headers = Object.fromEntries(request.headers);
  expect(headers).toMatchObject({ upgrade: "websocket", cookie: "c=1", "sec-websocket-protocol": "a,b" });
  for (const name of ["connection", "key", "version", "extensions"]) {
    expect(headers).not.toHaveProperty(name === "connection" ? name : `sec-websocket-${name}`);
  }
});

test("the 101 has the accept of the key, the app's headers and the request id, and none that belong to the connection", async () => {
  const t = await startWebSocketTest();
  t.socketWorker.handler = (request) =>
    void new FakeSocket(request, [
      ...["set-cookie", "s=1", "x-app", "yes", "sec-websocket-protocol", "b", "sec-websocket-accept", "mine"],
      ...["connection", "x-hop", "x-hop", "1", "sec-websocket-extensions", "permessage-deflate", "x-nano-error", "no"],
    ]);
  const client = await t.talk();
  client.send(handshake({ "sec-websocket-protocol": "a, b" }));
  const head = await client.until("\r\n\r\n");
  const accept = createHash("sha1").update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  const lines = head.trimEnd().split("\r\n");
  expect(lines.slice(0, 5)).toEqual([
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${accept}`,
    "Sec-WebSocket-Protocol: b",
  ]);
  expect(lines.slice(5)).toEqual([expect.stringMatching(/^x-nano-request-id: /), "set-cookie: s=1", "x-app: yes"]);
});

test("what a client sends before it was answered is delivered", async () => {
  const t = await startWebSocketTest();
  t.socketWorker.handler = () => {};
  const client = await t.talk();
  client.send(Buffer.concat([Buffer.from(handshake()), frame(Opcode.TEXT, "with the head")]));
  const request = await t.socketWorker.next();
  client.send(frame(Opcode.TEXT, "x".repeat(100_000)));
  client.send(frame(Opcode.TEXT, "last"));
  const socket = new FakeSocket(request);
  expect(await socket.received(3)).toEqual(["with the head", "x".repeat(100_000), "last"]);
});

test("a handshake on a kept connection is served, one that does not wait for the answer before it is refused", async () => {
  const t = await startWebSocketTest();
  const get = "GET / HTTP/1.1\r\nhost: app.example\r\n\r\n";
  const client = await t.talk();
  client.send(get);
  await client.until("hello from");
  client.send(handshake());
  await client.until("101 Switching Protocols");
  const hasty = await t.raw(get + handshake());
  expect(hasty).toMatch(/^HTTP\/1.1 200 [\s\S]*HTTP\/1.1 400 [\s\S]*x-nano-error: bad_handshake/);
});
