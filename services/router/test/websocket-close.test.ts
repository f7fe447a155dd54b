/** How connections end: by either side, by a limit, with the worker, with the router. */
import { readFileSync } from "node:fs";
import { SocketCloseCode, SocketMessageKind } from "@nano/protocol/socket-messages";
import { eventually } from "@nano/test-kit/eventually";
import { describe, expect, test } from "vitest";
import { FakeSocket } from "./fake-socket.ts";
import { frame, handshake, Opcode, startWebSocketTest, type WebSocketTest } from "./websocket-harness.ts";

const MIB = 1024 * 1024;

describe("a client that breaks the protocol is closed with the code of RFC 6455, and the app is told it:", () => {
  const masked = (bytes: number[]): Buffer => Buffer.from([...bytes, 0, 0, 0, 0]);
  test.each<[string, Buffer, number]>([
    ["a reserved bit", masked([0xc1, 0x80]), 1002],
    ["a reserved opcode", masked([0x83, 0x80]), 1002],
    ["a continuation of nothing", frame(Opcode.CONTINUATION, "x"), 1002],
    ["a control frame in parts", frame(Opcode.PING, "x", { isFinal: false }), 1002],
    ["a frame without mask", Buffer.from([0x81, 1, 120]), 1002],
    ["a close code that nobody may send", frame(Opcode.CLOSE, Buffer.from([0x03, 0xed])), 1002],
    ["text that is not UTF-8", frame(Opcode.TEXT, Buffer.from([0xff])), 1007],
    ["a message over the limit", frame(Opcode.BINARY, "", { announcedBytes: MIB + 1 }), 1009],
  ])("%s", async (_what, bytes, code) => {
    const t = await startWebSocketTest({ websocket: { ws_max_message_bytes: MIB } });
    const client = await t.talk();
    client.send(handshake());
    await client.until("\r\n\r\n");
    const socket = await t.accepted();
    client.send(bytes);
    await client.until(`\x88\x02${String.fromCharCode(code >> 8, code & 0xff)}`);
    expect(await socket.closed()).toMatchObject({ code, isClean: false });
    expect(socket.messages).toEqual([]);
    await eventually(async () => (await t.metric("router_websocket_closed_total", { code: `${code}` })) === 1);
  });
});

test("a client that is gone without a word is 1006 to the app, one without a code 1005", async () => {
  const t = await startWebSocketTest();
  const gone = await t.connect();
  gone.ws.terminate();
  expect(await (await t.accepted(1)).closed()).toEqual({ code: 1006, reason: "", isClean: false });
  const silent = await t.connect();
  silent.ws.close();
  expect(await (await t.accepted(2)).closed()).toEqual({ code: 1005, reason: "", isClean: true });
});

test("a message is delivered before the close behind it, also to an app that takes its time", async () => {
  const t = await startWebSocketTest();
  const client = await t.connect();
  const socket = await t.accepted();
  socket.request.isGranting = false;
  const messages = Array.from({ length: 40 }, (_, index) => `${index}`.padEnd(10_000));
  for (const message of messages) client.ws.send(message);
  client.ws.close(1000);
  await eventually(() => socket.partBytes > 200_000);
  socket.request.isGranting = true;
  socket.request.stream.grant(socket.request.receivedBytes);
  expect(await socket.closed()).toMatchObject({ code: 1000 });
  expect(socket.messages).toEqual(messages);
});

test("a client that does not answer a close is cut off", async () => {
  const t = await startWebSocketTest({}, { websocket: { closeTimeoutMs: 50 } });
  const client = await t.talk();
  client.send(handshake());
  await client.until("\r\n\r\n");
  const socket = await t.accepted();
  socket.close(4000, "bye");
  await client.ended();
  expect(await socket.closed()).toEqual({ code: 4000, reason: "bye", isClean: false });
});

test("a worker that dies closes its own connections with 1012, and no others", async () => {
  const t = await startWebSocketTest();
  const mine = [await t.connect(), await t.connect()];
  const { request } = await t.accepted();
  const other = await t.node.startWorker((r) => void new FakeSocket(r));
  t.node.supervisor.socketWorkerOf = () => other;
  t.socketWorker.drain();
  const theirs = await t.connect();
  expect(other.requests).toHaveLength(1);
  t.socketWorker.die();
  for (const client of mine) expect(await client.closed).toEqual({ code: 1012, reason: "worker_lost" });
  expect(request.resets).toHaveLength(1); // of the fake itself
  theirs.ws.ping();
  await new Promise((resolve) => theirs.ws.once("pong", resolve));
});

test("a limit of the worker is 1011 with its reason, and an end without a close is 1012", async () => {
  const t = await startWebSocketTest();
  const limited = await t.connect();
  (await t.accepted(1)).request.refuse({ reason: "cpu_limit" });
  expect(await limited.closed).toEqual({ code: 1011, reason: "cpu_limit" });
  const odd = await t.connect();
  (await t.accepted(2)).request.refuse({ reason: "Not A Word\n" });
  expect(await odd.closed).toEqual({ code: 1011, reason: "internal" });
  const ended = await t.connect();
  (await t.accepted(3)).request.stream.end();
  expect(await ended.closed).toEqual({ code: 1012, reason: "worker_lost" });
});

test.each([
  ["an unknown kind", Buffer.from([77, 0, 0, 0, 0])],
  ["a close that is too long", Buffer.from([SocketMessageKind.CLOSE, 0, 1, 0, 0])],
  ["a word that only routers say", Buffer.from([SocketMessageKind.CLOSED, 3, 0, 0, 0, 1, 2, 3])],
  ["a code that cannot be sent", Buffer.from([SocketMessageKind.CLOSE, 3, 0, 0, 0, 0xee, 3, 0])],
])("a worker that sends %s has its client closed with 1011", async (_what, bytes) => {
  const t = await startWebSocketTest();
  const client = await t.connect();
  (await t.accepted()).request.stream.write(bytes);
  expect(await client.closed).toEqual({ code: 1011, reason: "internal" });
});

describe("without a frame for ws_idle_timeout_ms", () => {
  async function startWithClock(websocket: object): Promise<{ t: WebSocketTest; pass(ms: number): Promise<void> }> {
    let nowMs = 1_000;
    let readCount = 0;
    const now = (): number => {
      readCount += 1;
      return nowMs;
    };
    const t = await startWebSocketTest({ websocket }, { websocket: { sweepIntervalMs: 10 } }, { now });
    return {
      t,
      async pass(ms) {
        // What came before was looked at, and after it the new time was.
        for (const stepMs of [0, ms]) {
          nowMs += stepMs;
          const before = readCount;
          await eventually(() => readCount >= before + 2);
        }
      },
    };
  }

  test("a connection is closed with 1001; a frame of either side, or a part of one, keeps it", async () => {
    const { t, pass } = await startWithClock({ ws_idle_timeout_ms: 1_000 });
    const client = await t.connect();
    const socket = await t.accepted();
    await pass(900);
    socket.send("from the app");
    await client.received(1);
    await pass(900);
    client.ws.send("from the client");
    await socket.received(1);
    await pass(900);
    client.ws.ping();
    await new Promise((resolve) => client.ws.once("pong", resolve));
    await pass(900);
    expect(client.ws.readyState).toBe(client.ws.OPEN);
    await pass(100);
    expect(await client.closed).toEqual({ code: 1001, reason: "ws_idle_timeout" });
    expect(await socket.closed()).toMatchObject({ code: 1001, reason: "ws_idle_timeout" });
  });

  test("pings keep the connection of a client that answers, and of no other", async () => {
    const { t, pass } = await startWithClock({ ws_idle_timeout_ms: 1_000, ws_ping_interval_ms: 400 });
    const client = await t.connect();
    let pingCount = 0;
    client.ws.on("ping", () => {
      pingCount += 1;
    });
    for (const count of [1, 2, 3, 4]) {
      await pass(500);
      await eventually(() => pingCount === count);
    }
    expect(client.ws.readyState).toBe(client.ws.OPEN);
    const deaf = await t.talk();
    deaf.send(handshake());
    await deaf.until("\r\n\r\n");
    const socket = await t.accepted(2);
    await pass(500);
    await pass(500);
    await deaf.until("ws_idle_timeout");
    expect(await socket.closed()).toMatchObject({ code: 1001, isClean: false });
  });
});

describe("when messages hold more than websocket.bufferBytes,", () => {
  const start = () => startWebSocketTest({}, { websocket: { bufferBytes: MIB, closeTimeoutMs: 200 } });
  async function openHolder(t: WebSocketTest, announcedBytes: number, sentBytes: number) {
    const client = await t.talk();
    client.send(handshake());
    await client.until("\r\n\r\n");
    client.send(frame(Opcode.BINARY, Buffer.alloc(sentBytes), { announcedBytes }));
    return client;
  }
  const heldBytes = (t: WebSocketTest) => t.metric("router_websocket_buffered_bytes");

  test("the one with the largest message under way is closed with 1013, the others stay", async () => {
    const t = await start();
    const small = await openHolder(t, 300_000, 200_000);
    await eventually(async () => (await heldBytes(t)) >= 200_000);
    const large = await openHolder(t, 5_000_000, 700_000);
    await eventually(async () => (await heldBytes(t)) >= 900_000);
    large.send(Buffer.alloc(300_000));
    await large.until("\x88\x11\x03\xf5ws_buffer_bytes");
    expect(await (await t.accepted(2)).closed()).toMatchObject({ code: 1013, reason: "ws_buffer_bytes" });
    expect(await heldBytes(t)).toBeLessThan(300_000);
    small.send(Buffer.alloc(100_000));
    expect((await (await t.accepted(1)).received(1))[0]).toHaveLength(300_000);
  });

  test("many small parts count for more than their bytes", async () => {
    const t = await start();
    const client = await t.talk();
    client.send(handshake());
    await client.until("\r\n\r\n");
    const part = frame(Opcode.CONTINUATION, "x", { isFinal: false });
    client.send(Buffer.concat([frame(Opcode.BINARY, "x", { isFinal: false }), ...Array(12_000).fill(part)]));
    await client.until("ws_buffer_bytes");
  });

  test("a message that its app does not take counts, and its stream is given up", async () => {
    const t = await start();
    const clients = [];
    for (const [place, bytes] of [900_000, 800_000].entries()) {
      const client = await t.connect();
      clients.push(client);
      (await t.accepted(place + 1)).request.isGranting = false;
      client.ws.send(Buffer.alloc(bytes));
      if (place === 0) await eventually(async () => (await heldBytes(t)) === 900_000 + 5 - 256 * 1024);
    }
    const [largest, other] = clients;
    expect(await largest?.closed).toEqual({ code: 1013, reason: "ws_buffer_bytes" });
    expect(await t.sockets[0]?.request.whenReset()).toMatchObject({ code: "ROUTER_SOCKET_CLOSED" });
    await eventually(async () => (await heldBytes(t)) === 800_000 + 5 - 256 * 1024);
    expect(other?.ws.readyState).toBe(1);
  });

  test("readers that take nothing count", async () => {
    const t = await start();
    for (let count = 1; count <= 8; count += 1) {
      const client = await t.connect();
      client.ws.pause();
      const socket = await t.accepted(count);
      for (let sent = 0; sent < 15; sent += 1) socket.send(Buffer.alloc(MIB, "m"));
    }
    await eventually(async () => (await t.metric("router_websocket_closed_total", { code: "1013" })) > 0);
    expect(await heldBytes(t)).toBeLessThanOrEqual(MIB);
    expect(await t.metric("router_websocket_closed_total", { code: "1013" })).toBeLessThan(8);
  });
});

describe("a router that ends", () => {
  test("keeps its connections for the grace, then closes them with 1001 by and by", async () => {
    const t = await startWebSocketTest({}, { drain: { graceMs: 200 }, websocket: { drainSpreadMs: 300 } });
    const clients = [];
    for (let count = 0; count < 10; count += 1) clients.push(await t.connect());
    const socket = await t.accepted(1);
    const beganMs = performance.now();
    const closing = t.router.close();
    socket.send("within the grace");
    await clients[0]?.received(1);
    const times = await Promise.all(
      clients.map(async (client) => {
        expect(await client.closed).toEqual({ code: 1001, reason: "draining" });
        return performance.now() - beganMs;
      }),
    );
    await closing;
    expect(Math.min(...times)).toBeGreaterThanOrEqual(190);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(150);
    expect(await socket.closed()).toMatchObject({ code: 1001, isClean: true });
    expect(await t.metric("router_drain_cut_requests_total")).toBe(0);
  });

  test("does not wait for its grace once no connection is left", async () => {
    const t = await startWebSocketTest({}, { drain: { graceMs: 60_000 } });
    const client = await t.connect();
    const closing = t.router.close();
    client.ws.close();
    await closing;
  });

  test("closes all at once when its time is up", async () => {
    const t = await startWebSocketTest({}, { drain: { graceMs: 0 }, websocket: { drainSpreadMs: 60_000 } });
    const clients = [await t.connect(), await t.connect()];
    const closing = t.router.close(AbortSignal.timeout(100));
    for (const { closed } of clients) expect((await closed).code).toBeOneOf([1001, SocketCloseCode.ABNORMAL]);
    await closing;
  });
});

test("the reasons of closes are in the README", () => {
  const words = new Set(readFileSync(new URL("../README.md", import.meta.url), "utf8").split("`"));
  for (const reason of ["ws_idle_timeout", "draining", "worker_lost", "ws_buffer_bytes"])
    expect(words.has(reason), reason).toBe(true);
});
