/** Each limit of a WebSocket connection: the close code, its reason, the metric, and what the log says. */

import { setTimeout as delay } from "node:timers/promises";
import { burnSource } from "@nano/test-kit/burn-source";
import { eventually } from "@nano/test-kit/eventually";
import { describe, expect, onTestFinished, test } from "vitest";
import { RawWebSocket, type SocketEnd } from "../../support/raw-websocket.ts";
import { serveApps } from "../../support/serve-apps.ts";
import { encodeFrame, Opcode } from "../../support/websocket-frames.ts";

const KIB = 1024;
const MIB = KIB * KIB;
const MAX_MESSAGE_BYTES = 64 * KIB;
const OUTBOUND_BYTES = 256 * KIB;
const IDLE_TIMEOUT_MS = 1_000;
const PING_INTERVAL_MS = 200;
/** Workers tell what they count once a second. */
const METRIC_POLL_MS = 50;

const APP = `export default { fetch(request, env, ctx) {
  const [client, server] = new WebSocketPair();
  server.accept();
  server.binaryType = "arraybuffer";
  ${burnSource()}
  server.addEventListener("message", ({ data }) => {
    if (typeof data !== "string") { burn(20); return server.send("took " + data.byteLength); }
    const [word, value] = data.split(" ");
    switch (word) {
      case "loop": for (;;);
      case "loop-later": return void setTimeout(() => { for (;;); }, 1);
      case "burn": burn(Number(value)); return server.send("burnt");
      case "hoard": { const all = []; for (;;) all.push({ at: all.length }); }
      case "keep": (globalThis.kept ??= []).push(Array.from({ length: Number(value) }, (_, at) => ({ at }))); return server.send("kept");
      case "throw": throw new Error("a listener broke");
      case "reject": return Promise.reject(new Error("a listener rejected"));
      case "send": {
        try { server.send("x".repeat(Number(value))); } catch (error) { server.send(error.name); }
        return;
      }
      case "flood": return flood();
      default: server.send(data);
    }
  });
  function flood() {
    for (let i = 0; i < 2; i++) {
      if (server.readyState !== 1) return;
      server.send(new Uint8Array(16 * 1024));
    }
    if (server.bufferedAmount > ${OUTBOUND_BYTES / 2}) globalThis.seen ??= (console.log("much is buffered"), true);
    setTimeout(flood, 0);
  }
  return new Response(null, { status: 101, webSocket: client });
} }`;

const settings = (websocket: object, limits: object = {}) => ({
  limits: { cpu_time_ms: 500, memory_mb: 64, ...limits },
  websocket,
});
const nano = serveApps([
  { hostname: "one.localhost", source: APP, settings: settings({ ws_max_connections: 1 }) },
  { hostname: "small.localhost", source: APP, settings: settings({ ws_max_message_bytes: MAX_MESSAGE_BYTES }) },
  {
    hostname: "pinged.localhost",
    source: APP,
    settings: settings({ ws_idle_timeout_ms: IDLE_TIMEOUT_MS, ws_ping_interval_ms: PING_INTERVAL_MS }),
  },
  {
    hostname: "shared.localhost",
    source: APP,
    settings: settings({
      thread: "shared",
      ws_outbound_buffer_bytes: OUTBOUND_BYTES,
      ws_inbound_buffer_bytes: 64 * KIB,
    }),
  },
  {
    hostname: "full.localhost",
    source: APP,
    settings: settings({ thread: "shared" }, { memory_mb: 32, cpu_time_ms: 5_000 }),
  },
  {
    hostname: "dedicated.localhost",
    source: APP,
    settings: settings({
      thread: "dedicated",
      ws_outbound_buffer_bytes: OUTBOUND_BYTES,
      ws_inbound_buffer_bytes: 64 * KIB,
    }),
  },
]);

async function open(name: string, headers: Record<string, string> = {}): Promise<RawWebSocket> {
  const socket = await RawWebSocket.open({ port: nano().port, host: `${name}.localhost`, headers });
  onTestFinished(() => socket.destroy());
  return socket;
}

async function say(name: string, text: string): Promise<SocketEnd> {
  const socket = await open(name);
  socket.sendText(text);
  return socket.ended;
}

/** Until the metric has counted one more than before. */
async function counted(metric: string, label: string, act: () => Promise<void>): Promise<void> {
  const before = await nano().metric(metric, label);
  await act();
  while ((await nano().metric(metric, label)) <= before) await delay(METRIC_POLL_MS);
}

const closedFor = (reason: string, act: () => Promise<void>): Promise<void> =>
  counted("executor_websocket_closed_total", `reason="${reason}"`, act);

test("one connection more than ws_max_connections gets 503 and retry-after, until one has gone", async () => {
  const first = await open("one");
  await counted("executor_websocket_refused_total", `reason="ws_max_connections"`, async () => {
    const { answer } = await RawWebSocket.ask({ port: nano().port, host: "one.localhost" });
    expect([answer.status, answer.headers.get("x-nano-error")]).toEqual([503, "ws_max_connections"]);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  });
  first.sendText("still here");
  expect(await first.nextMessage()).toBe("still here");
  await first.close(1000);
  await eventually(async () => {
    const again = await RawWebSocket.ask({ port: nano().port, host: "one.localhost" });
    again.destroy();
    return again.answer.status === 101;
  });
});

describe("a message over ws_max_message_bytes", () => {
  test("is closed with 1009, and one of as many bytes is taken", async () => {
    const socket = await open("small");
    socket.sendText("x".repeat(MAX_MESSAGE_BYTES));
    expect(await socket.nextMessage()).toHaveLength(MAX_MESSAGE_BYTES);
    socket.sendText("x".repeat(MAX_MESSAGE_BYTES + 1));
    expect((await socket.ended).code).toBe(1009);
  });

  test("is closed before it has come: by what its header says, or its fragments add up to", async () => {
    const told = await open("small");
    told.socket.write(encodeFrame({ opcode: Opcode.BINARY, payload: "only this", saidBytes: 1024 * MIB }));
    expect((await told.ended).code).toBe(1009);
    const added = await open("small");
    const half = Buffer.alloc(MAX_MESSAGE_BYTES / 2 + 1);
    added.send({ opcode: Opcode.BINARY, payload: half, isLast: false });
    added.send({ opcode: Opcode.CONTINUATION, payload: half, isLast: false });
    expect((await added.ended).code).toBe(1009);
  });

  test("cannot be sent by the app either: it gets a TypeError, and the connection stays", async () => {
    const socket = await open("small");
    socket.sendText(`send ${MAX_MESSAGE_BYTES + 1}`);
    expect(await socket.nextMessage()).toBe("TypeError");
    socket.sendText(`send ${MAX_MESSAGE_BYTES}`);
    expect(await socket.nextMessage()).toHaveLength(MAX_MESSAGE_BYTES);
  });
});

describe("a connection without a frame for ws_idle_timeout_ms", () => {
  test("stays while its client answers pings", async () => {
    const socket = await open("pinged");
    const endMs = performance.now() + 2 * IDLE_TIMEOUT_MS;
    let pingCount = 0;
    while (performance.now() < endMs) {
      const frame = await socket.next();
      expect(frame?.opcode).toBe(Opcode.PING);
      socket.send({ opcode: Opcode.PONG, payload: frame?.payload ?? "" });
      pingCount += 1;
    }
    expect(pingCount).toBeGreaterThan(2);
    socket.sendText("still here");
    expect(await socket.nextMessage()).toBe("still here");
  });

  test("is closed with 1001, and not before, where pings are sent and nobody answers", async () => {
    await counted("router_websocket_closed_total", `code="1001"`, async () => {
      const socket = await open("pinged");
      const beganMs = performance.now();
      expect(await socket.ended).toEqual({ code: 1001, reason: "ws_idle_timeout" });
      expect(performance.now() - beganMs).toBeGreaterThanOrEqual(IDLE_TIMEOUT_MS * 0.9);
      expect(socket.waiting.some(({ opcode }) => opcode === Opcode.PING)).toBe(true);
    });
  });
});

describe.each(["shared", "dedicated"])("of an app whose connections are %s,", (name) => {
  test.each(["loop", "loop-later"])("CPU of one entry: %s is closed with 1011, and others go on", async (word) => {
    const other = await open(name);
    await closedFor("cpu_limit", async () =>
      expect(await say(name, word)).toEqual({ code: 1011, reason: "cpu_limit" }),
    );
    other.sendText("still here");
    expect(await other.nextMessage()).toBe("still here");
  });

  test("CPU is counted for each message anew", async () => {
    const socket = await open(name);
    for (let i = 0; i < 4; i++) {
      socket.sendText("burn 200");
      expect(await socket.nextMessage()).toBe("burnt");
    }
  });

  test.each([
    ["throw", "a listener broke"],
    ["reject", "a listener rejected"],
  ])("a listener that fails (%s) is logged as an error", async (word, message) => {
    const from = nano().output.length;
    const socket = await open(name);
    socket.sendText(word);
    if (word === "throw") expect(await socket.ended).toEqual({ code: 1011, reason: "handler_threw" });
    await nano().waitForOutput(new RegExp(`${name} \\|[^\\n]*${message}`), from);
  });

  test("what its client does not take is buffered and told, then the connection is closed with 1013", async () => {
    await closedFor("ws_outbound_buffer", async () => {
      const from = nano().output.length;
      const socket = await open(name);
      socket.socket.pause();
      socket.sendText("flood");
      await nano().waitForOutput(new RegExp(`${name} \\|[^\\n]*much is buffered`), from);
      socket.socket.resume();
      expect(await socket.ended).toEqual({ code: 1013, reason: "ws_outbound_buffer" });
    });
  });

  test("a client that sends more than the app takes is not read meanwhile, and nothing is lost", async () => {
    const socket = await open(name);
    const message = { opcode: Opcode.BINARY, payload: Buffer.alloc(MIB) };
    const count = 48;
    for (let i = 0; i < count; i++) socket.send(message);
    expect(await socket.nextMessage()).toBe(`took ${MIB}`);
    // What left this process is what router and worker hold, and the kernel's buffers between.
    expect(socket.socket.bytesWritten - socket.socket.writableLength).toBeLessThan(24 * MIB);
    for (let i = 1; i < count; i++) expect(await socket.nextMessage()).toBe(`took ${MIB}`);
  });
});

test("memory: a message that fills it is closed with 1011, and so is what messages keep", async () => {
  await closedFor("memory_limit", async () =>
    expect(await say("full", "hoard")).toEqual({ code: 1011, reason: "memory_limit" }),
  );
  const socket = await open("full");
  for (let i = 0; i < 32; i++) socket.sendText("keep 50000");
  expect(await socket.ended).toEqual({ code: 1011, reason: "memory_limit" });
});
