import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeSocketMessageHeader, SocketMessageKind } from "@nano/protocol/socket-messages";
import { eventually } from "@nano/test-kit/eventually";
import { generate } from "selfsigned";
import { expect, onTestFinished, test } from "vitest";
import { frame, handshake, Opcode, startWebSocketTest } from "./websocket-harness.ts";

test("messages go both ways, whole and in order, and a close of the client reaches the app", async () => {
  const t = await startWebSocketTest();
  const client = await t.connect();
  const socket = await t.accepted();
  socket.onMessage = (message) => socket.send(message);
  const sent = ["hello", "", Buffer.from([1, 2, 3]), "x".repeat(200_000), Buffer.alloc(300_000, 7)];
  for (const message of sent) client.ws.send(message);
  expect(await client.received(sent.length)).toEqual(sent);
  expect(await socket.received(sent.length)).toEqual(sent);
  client.ws.close(4001, "enough");
  expect(await socket.closed()).toEqual({ code: 4001, reason: "enough", isClean: true });
  expect(await client.closed).toEqual({ code: 4001, reason: "enough" });
});

test("a close of the app reaches the client, and the app hears that it was answered", async () => {
  const t = await startWebSocketTest();
  const client = await t.connect();
  const socket = await t.accepted();
  socket.send("last");
  socket.close(4000, "done");
  expect(await client.closed).toEqual({ code: 4000, reason: "done" });
  expect(client.messages).toEqual(["last"]);
  expect(await socket.closed()).toEqual({ code: 4000, reason: "done", isClean: true });
});

test("control frames between the parts of a message are answered at once, and the message is whole", async () => {
  const t = await startWebSocketTest();
  const client = await t.talk();
  client.send(handshake());
  await client.until("\r\n\r\n");
  client.send(frame(Opcode.TEXT, "one ", { isFinal: false }));
  client.send(frame(Opcode.PING, "are you there"));
  await client.until("\x8a\x0dare you there");
  client.send(frame(Opcode.CONTINUATION, "message"));
  const socket = await t.accepted();
  expect(await socket.received(1)).toEqual(["one message"]);
});

test("a message that comes to the router in parts leaves it as one, in several frames where it is long", async () => {
  const t = await startWebSocketTest();
  const client = await t.connect();
  const socket = await t.accepted();
  const small = Buffer.alloc(30_000, "s");
  const { stream } = socket.request;
  stream.write(encodeSocketMessageHeader(SocketMessageKind.BINARY, small.length));
  for (const end of [10_000, 20_000, 30_000]) stream.write(small.subarray(end - 10_000, end));
  const large = "ü".repeat(1_500_000);
  socket.send(large);
  socket.send("after it");
  expect(await client.received(3)).toEqual([small, large, "after it"]);
});

test.each([false, true])(
  "messages around every limit of framing arrive as they are, compression %s",
  async (perMessageDeflate) => {
    const t = await startWebSocketTest();
    const client = await t.connect({ perMessageDeflate });
    const socket = await t.accepted();
    const sizes = [0, 1, 125, 126, 4_095, 4_096, 4_097, 8_192, 16_384, 65_535, 65_536, 65_537];
    const sent = sizes.flatMap((size) => ["t".repeat(size), Buffer.alloc(size, size)]);
    for (const message of sent) socket.send(message);
    expect(await client.received(sent.length)).toEqual(sent);
  },
);

test("messages are compressed where the client offers it, each by itself, and small windows are chosen", async () => {
  const t = await startWebSocketTest();
  const client = await t.connect({ perMessageDeflate: { clientMaxWindowBits: 15 } });
  expect(client.response.headers["sec-websocket-extensions"]).toBe(
    "permessage-deflate; client_max_window_bits=12; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12",
  );
  const socket = await t.accepted();
  socket.onMessage = (message) => socket.send(message);
  const sent = ["x".repeat(10_000), "small", Buffer.alloc(500_000, 1), "y".repeat(400_000)];
  for (const message of sent) client.ws.send(message);
  expect(await client.received(sent.length)).toEqual(sent);
});

test.each([
  ["permessage-deflate; server_max_window_bits=9", /^permessage-deflate; .*server_max_window_bits=9;/],
  ["permessage-deflate; client_no_context_takeover", /^permessage-deflate; .*server_max_window_bits=12$/],
  ["permessage-deflate; server_max_window_bits=99", null],
  ["x-unknown; a=1", null],
])("an offer of %s is answered with what can be had, or passed over", async (offer, expected) => {
  const t = await startWebSocketTest();
  const client = await t.talk();
  client.send(handshake({ "sec-websocket-extensions": offer }));
  const head = await client.until("\r\n\r\n");
  const answered = /sec-websocket-extensions: (.*)\r\n/i.exec(head)?.[1] ?? null;
  if (expected === null) expect(answered).toBeNull();
  else expect(answered).toMatch(expected);
});

test("a client is not read while its app takes nothing, and what was sent arrives in the end", async () => {
  const t = await startWebSocketTest();
  const client = await t.connect();
  const socket = await t.accepted();
  socket.request.isGranting = false;
  const message = Buffer.alloc(100_000, "m");
  const count = 300;
  for (let sent = 0; sent < count; sent += 1) client.ws.send(message);
  // The window is used up, and nothing more comes out of the client.
  await eventually(() => socket.partBytes >= 256 * 1024 - 5 * 3);
  const waitingBytes = await settled(() => client.ws.bufferedAmount);
  expect(waitingBytes).toBeGreaterThan(count * message.length * 0.5);
  expect(await t.metric("router_websocket_buffered_bytes")).toBeLessThan(2_000_000);
  socket.request.isGranting = true;
  socket.request.stream.grant(socket.request.receivedBytes);
  expect(await socket.received(count)).toHaveLength(count);
});

test("an app is not read while its client takes nothing, and what was sent arrives in the end", async () => {
  const t = await startWebSocketTest();
  const client = await t.connect();
  const socket = await t.accepted();
  client.ws.pause();
  const message = Buffer.alloc(100_000, "m");
  for (let sent = 0; sent < 100; sent += 1) socket.send(message);
  const waitingBytes = await settled(() => socket.request.stream.queuedBytes);
  expect(waitingBytes).toBeGreaterThan(1_000_000);
  expect(await t.metric("router_websocket_buffered_bytes")).toBeLessThan(1_000_000);
  client.ws.resume();
  expect(await client.received(100)).toHaveLength(100);
  await eventually(async () => (await t.metric("router_websocket_buffered_bytes")) === 0);
});

/** A figure, once it has been the same for a while. */
async function settled(read: () => number): Promise<number> {
  let last = -1;
  let sameCount = 0;
  await eventually(() => {
    const now = read();
    sameCount = now === last ? sameCount + 1 : 0;
    last = now;
    return sameCount >= 25;
  });
  return last;
}

test("traffic is counted in both directions", async () => {
  const t = await startWebSocketTest({}, { websocket: { sweepIntervalMs: 10 } });
  const client = await t.connect();
  const socket = await t.accepted();
  socket.onMessage = () => {
    socket.send("four");
    socket.send(Buffer.alloc(100_000));
  };
  client.ws.send("hello");
  await client.received(2);
  const read = (name: string, direction: string) => t.metric(`router_websocket_${name}_total`, { direction });
  await eventually(async () => (await read("messages", "out")) === 2);
  expect(await read("bytes", "out")).toBe(100_004);
  expect(await read("messages", "in")).toBe(1);
  expect(await read("bytes", "in")).toBe(5);
});

test("a WebSocket over TLS is relayed as well", async () => {
  const t = await startWebSocketTest({}, { tls: { directory: await writeCertificate() } });
  const client = await t.connect({ scheme: "wss", rejectUnauthorized: false });
  const socket = await t.accepted();
  socket.onMessage = (message) => socket.send(message);
  client.ws.send("x".repeat(100_000));
  expect(await client.received(1)).toEqual(["x".repeat(100_000)]);
  expect(Object.fromEntries(socket.request.headers)["x-forwarded-proto"]).toBe("https");
});

async function writeCertificate(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "nano-wss-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const { cert, private: key } = await generate([{ name: "commonName", value: "app.example" }], { keyType: "ec" });
  writeFileSync(join(folder, "default.crt"), cert);
  writeFileSync(join(folder, "default.key"), key);
  return folder;
}
