/** WebSockets that apps open, through a real egress server to servers of the test's own on loopback. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { eventually } from "@nano/test-kit/eventually";
import { describe, expect, onTestFinished, test } from "vitest";
import { startEgress, startOrigin } from "./egress-harness.ts";
import { dial, SOCKET_BOUNDS, startSocketOrigin } from "./egress-websocket-harness.ts";

test("messages pass both ways in order, whatever their size", async () => {
  const peer = await startSocketOrigin();
  const { link, server } = await startEgress();
  const socket = dial(link, `${peer.origin}/chat?x=1`);
  expect((await socket.head).status).toBe(101);
  const ws = await peer.accepted();
  expect(peer.requests[0]?.url).toBe("/chat?x=1");
  const sent = ["hello", "", "x".repeat(200_000), Buffer.from([1, 2, 3])];
  const got: (string | Buffer)[] = [];
  ws.on("message", (data, isBinary) => got.push(isBinary ? (data as Buffer) : data.toString()));
  for (const data of sent) socket.send(data);
  await eventually(() => got.length === sent.length);
  expect(got).toEqual(sent);
  for (const data of sent) ws.send(data);
  expect(await socket.received(sent.length)).toEqual(sent);
  expect(server.counts).toMatchObject({ webSocketCount: 1, fetchesByOutcome: { answered: 1 } });
});

test("sub-protocols are offered, the chosen one is told, and headers of the app go along", async () => {
  const peer = await startSocketOrigin({ handleProtocols: () => "b" });
  const { link } = await startEgress();
  const headers = [
    "sec-websocket-protocol",
    "a, b",
    "authorization",
    "secret",
    "sec-websocket-key",
    "mine",
    "host",
    "x",
  ];
  const { head } = dial(link, peer.origin, { headers });
  expect((await head).headers).toContain("Sec-WebSocket-Protocol\nb\n");
  expect((await head).headers).not.toMatch(/sec-websocket-accept/i);
  await peer.accepted();
  expect(peer.requests[0]?.headers).toMatchObject({
    "sec-websocket-protocol": "a,b",
    authorization: "secret",
    host: `127.0.0.1:${peer.port}`,
  });
  expect(peer.requests[0]?.headers["sec-websocket-key"]).not.toBe("mine");
});

test("messages are compressed where the server takes that", async () => {
  const peer = await startSocketOrigin({ perMessageDeflate: true });
  const { link } = await startEgress();
  const socket = dial(link, peer.origin);
  expect((await socket.head).headers).toMatch(/permessage-deflate/);
  const ws = await peer.accepted();
  const text = "compress me ".repeat(5_000);
  ws.send(text);
  socket.send(text);
  const [data] = await once(ws, "message");
  expect(String(data)).toBe(text);
  expect(await socket.received(1)).toEqual([text]);
});

describe("the end", () => {
  test("a close of the app is told to the server, and its answer to the app", async () => {
    const peer = await startSocketOrigin();
    const { link, server } = await startEgress();
    const socket = dial(link, peer.origin);
    const ws = await peer.accepted();
    await socket.head;
    socket.close(4001, "done");
    const [code, reason] = await once(ws, "close");
    expect([code, String(reason)]).toEqual([4001, "done"]);
    expect(await socket.closed).toEqual({ code: 4001, reason: "done", isClean: true });
    await eventually(() => server.counts.webSocketCount === 0);
  });

  test("a close of the server is told to the app", async () => {
    const peer = await startSocketOrigin();
    const { link } = await startEgress();
    const socket = dial(link, peer.origin);
    const ws = await peer.accepted();
    ws.close(4002, "bye");
    expect(await socket.closed).toEqual({ code: 4002, reason: "bye", isClean: true });
  });

  test("a connection that is cut is told as lost", async () => {
    const peer = await startSocketOrigin();
    const { link } = await startEgress();
    const socket = dial(link, peer.origin);
    const ws = await peer.accepted();
    ws.terminate();
    expect(await socket.closed).toMatchObject({ code: 1006, isClean: false });
  });

  test("a server hears 1001 and nothing else of an app that is gone", async () => {
    const peer = await startSocketOrigin();
    const { link } = await startEgress();
    const socket = dial(link, peer.origin);
    const ws = await peer.accepted();
    await socket.head;
    socket.stream.reset({
      code: "X",
      message: "internal words",
      fault: "platform",
      retryable: false,
      httpStatus: 500,
      reason: "internal_words",
      details: {},
    });
    const [code, reason] = await once(ws, "close");
    expect([code, String(reason)]).toEqual([1001, ""]);
  });

  test("a server that never answers the close holds its place for closeTimeoutMs", async () => {
    const peer = await startSocketOrigin();
    const { link, server } = await startEgress({ closeTimeoutMs: 50, socketsPerAppCount: 1 });
    const socket = dial(link, peer.origin);
    const ws = await peer.accepted();
    ws.pause();
    await socket.head;
    socket.close(1000);
    expect(await socket.closed).toMatchObject({ isClean: false });
    await eventually(() => server.counts.webSocketCount === 0);
    const next = dial(link, peer.origin);
    expect((await next.head).status).toBe(101);
  });
});

describe("what is no WebSocket", () => {
  test("an answer of another status comes as a response", async () => {
    const { origin } = await startOrigin((_, res) => res.writeHead(403, { "x-why": "no" }).end("not for you"));
    const { link, server } = await startEgress();
    const socket = dial(link, origin);
    expect(await socket.head).toMatchObject({ status: 403 });
    expect(String(await socket.body)).toBe("not for you");
    await eventually(() => server.counts.socketCount === 0 && server.counts.webSocketCount === 0);
  });

  test("a wrong accept fails by its name", async () => {
    const origin = await startUpgrader("wrong");
    const { link } = await startEgress();
    await expect(dial(link, origin).head).rejects.toMatchObject({
      code: "EGRESS_HANDSHAKE_FAILED",
      message: "WebSocket handshake with 127.0.0.1 failed: Invalid Sec-WebSocket-Accept header",
    });
  });

  test("a server that says nothing fails after headersTimeoutMs", async () => {
    const peer = await startOrigin(() => undefined);
    const { link } = await startEgress({ headersTimeoutMs: 50 });
    await expect(dial(link, peer.origin).head).rejects.toMatchObject({ code: "EGRESS_TIMEOUT" });
  });

  test("redirects are followed where that is asked for, and judged", async () => {
    const peer = await startSocketOrigin();
    const { origin } = await startOrigin((req, res) => {
      const location = req.url === "/in" ? "http://10.0.0.1/" : peer.origin;
      res.writeHead(302, { location }).end();
    });
    const { link } = await startEgress();
    expect(await dial(link, origin, { redirect: "follow" }).head).toMatchObject({ status: 101, redirected: true });
    await expect(dial(link, origin).head).rejects.toMatchObject({ code: "EGRESS_REDIRECT_REFUSED" });
    await expect(dial(link, `${origin}/in`, { redirect: "follow" }).head).rejects.toMatchObject({
      code: "EGRESS_ADDRESS_REFUSED",
    });
  });
});

describe("bounds", () => {
  test("a message of the server over the bound closes the connection with 1009", async () => {
    const peer = await startSocketOrigin();
    const { link } = await startEgress();
    const socket = dial(link, peer.origin, { webSocket: { ...SOCKET_BOUNDS, maxMessageBytes: 1_000 } });
    const ws = await peer.accepted();
    const closing = once(ws, "close");
    ws.send("x".repeat(1_001));
    expect(await socket.closed).toMatchObject({ code: 1009 });
    expect((await closing)[0]).toBe(1009);
    expect(socket.messages).toEqual([]);
  });

  test("what inflates to more than the bound is refused", async () => {
    const peer = await startSocketOrigin({ perMessageDeflate: { threshold: 0 } });
    const { link } = await startEgress();
    const socket = dial(link, peer.origin, { webSocket: { ...SOCKET_BOUNDS, maxMessageBytes: 10_000 } });
    const ws = await peer.accepted();
    ws.send(Buffer.alloc(5_000_000));
    expect(await socket.closed).toMatchObject({ code: 1009 });
  });

  test("an app's sockets are so many, another app's beside them, and fetches still find a connection", async () => {
    const peer = await startSocketOrigin();
    peer.server.on("request", (_, res) => res.end("plain"));
    const { link, fetch } = await startEgress({ socketsPerAppCount: 2, connectionsPerAppCount: 1 });
    await Promise.all([dial(link, peer.origin).head, dial(link, peer.origin).head]);
    await expect(dial(link, peer.origin).head).rejects.toMatchObject({
      code: "EGRESS_SOCKETS_FULL",
      message: "Too many WebSockets at once: this app has all of its 2 open",
    });
    expect((await dial(link, peer.origin, { app: "app-2" }).head).status).toBe(101);
    expect(String((await fetch(peer.origin)).body)).toBe("plain");
  });

  test("a server is not read while the worker takes nothing", async () => {
    const peer = await startSocketOrigin();
    const { link, server } = await startEgress();
    const socket = dial(link, peer.origin, { isTaking: false });
    const ws = await peer.accepted();
    await socket.head;
    const chunk = Buffer.alloc(256 * 1024);
    for (let index = 0; index < 80; index += 1) ws.send(chunk);
    await eventually(() => server.counts.webSocketHeldBytes > 0);
    expect(ws.bufferedAmount).toBeGreaterThan(1024 * 1024);
    expect(server.counts.webSocketHeldBytes).toBeLessThan(8 * 1024 * 1024);
  });

  test("above socketBufferBytes the largest holder is closed", async () => {
    const peer = await startSocketOrigin();
    const bounds = { ...SOCKET_BOUNDS, maxMessageBytes: 64 * 1024 * 1024 };
    const { link } = await startEgress({ socketBufferBytes: 1024 * 1024 });
    const quiet = dial(link, peer.origin, { webSocket: bounds });
    await peer.accepted();
    await quiet.head;
    const greedy = dial(link, peer.origin, { webSocket: bounds });
    const ws = await peer.accepted();
    await greedy.head;
    ws.send(Buffer.alloc(16 * 1024 * 1024), { fin: false });
    expect(await greedy.closed).toMatchObject({ code: 1013 });
    quiet.send("still here");
  });

  test("pings keep the connection of a server that answers, and of no other", async () => {
    const peer = await startSocketOrigin({ autoPong: true });
    const { link } = await startEgress({}, { sweepIntervalMs: 10 });
    const limits = { ...SOCKET_BOUNDS, idleTimeoutMs: 200, pingIntervalMs: 50 };
    const socket = dial(link, peer.origin, { webSocket: limits });
    const ws = await peer.accepted();
    for (let count = 0; count < 6; count += 1) await once(ws, "ping");
    ws.pause();
    expect(await socket.closed).toMatchObject({ code: 1001, reason: "ws_idle_timeout" });
  });
});

test("hosts outside of the app's list are refused, at each hop", async () => {
  const peer = await startSocketOrigin();
  const { link, fetch } = await startEgress();
  const refused = {
    code: "EGRESS_HOST_REFUSED",
    message: "Host 127.0.0.1 is refused: it is none of the app's egress.allow_hosts",
  };
  await expect(dial(link, peer.origin, { allowHosts: ["example.com"] }).head).rejects.toMatchObject(refused);
  await expect(fetch(peer.origin, { allowHosts: [] })).rejects.toMatchObject({ wire: refused });
  const { origin } = await startOrigin((_, res) => res.writeHead(302, { location: "http://other.example/" }).end());
  await expect(fetch(origin, { allowHosts: ["127.0.0.1"] })).rejects.toMatchObject({
    wire: { code: "EGRESS_HOST_REFUSED", details: { host: "other.example" } },
  });
  expect((await dial(link, peer.origin, { allowHosts: ["127.0.0.1"] }).head).status).toBe(101);
});

/** Answers every handshake with this accept. */
async function startUpgrader(accept: string): Promise<string> {
  const server = createServer();
  server.on("upgrade", (_, socket) => {
    socket.on("error", () => undefined);
    socket.on("end", () => socket.end()).resume();
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
