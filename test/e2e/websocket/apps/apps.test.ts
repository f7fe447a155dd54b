/** What each app of this directory does in a guest, without a wire: frameworks' helpers on WebSocketPair. */
import { bundleApp } from "@nano/bundle/bundle-app";
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { expect, test } from "vitest";
import * as sync from "y-protocols/sync";
import * as Y from "yjs";
import { GuestEvent, HostOp } from "../../../../packages/web-api/src/boundary.ts";
import { bytesOf, type Guest, openGuest } from "../../../../packages/web-api/test/harness.ts";

const UPGRADE = ["upgrade", "websocket"] as const;

async function connect(
  name: string,
  { path = "/", headers = [] }: { path?: string; headers?: readonly (readonly [string, string])[] } = {},
): Promise<Guest> {
  const { artifact } = await bundleApp({ dir: new URL(name, import.meta.url).pathname });
  const guest = await openGuest({ script: artifact?.script ?? "" });
  guest.request({ url: `http://app.test${path}`, headers: [UPGRADE, ...headers] });
  return guest;
}

/** What was sent since the last call; bytes as a list of them. */
function takeSent(guest: Guest): unknown[] {
  return guest.calls
    .splice(0)
    .filter(({ code }) => code === HostOp.SOCKET_SEND)
    .map(({ args: [data] }) => (data instanceof ArrayBuffer ? [...new Uint8Array(data)] : data));
}

function say(guest: Guest, data: unknown): void {
  guest.enter(GuestEvent.SOCKET_MESSAGE, 1, data);
}

test("Hono's upgradeWebSocket hears messages and the close, and closes", async () => {
  using guest = await connect("hono", { path: "/ws/red" });
  say(guest, "hi");
  expect(takeSent(guest)).toEqual(["red 1: HI"]);
  say(guest, "bye");
  guest.enter(GuestEvent.SOCKET_CLOSED, 1, 4001, "bye", true);
  expect(guest.of(HostOp.SOCKET_CLOSE)[0]?.args).toEqual([4001, "bye"]);
  expect(guest.of(HostOp.LOG)[0]?.args[1]).toBe("closed 4001 in state 3");
  guest.request({ id: 2, url: "http://app.test/ws/red" });
  expect(guest.answer(2).status).toBe(426);
});

test("crossws's adapter for Workers opens, answers text, objects and bytes, and refuses", async () => {
  using guest = await connect("crossws");
  expect(guest.of(HostOp.UPGRADE)[0]?.args).toEqual(["x-crossws\nyes\n"]);
  for (const data of ["hi", "json", bytesOf("abc")]) say(guest, data);
  expect(takeSent(guest)).toEqual(["welcome", "echo: hi", '{"id":"string"}', [99, 98, 97]]);
  guest.enter(GuestEvent.SOCKET_CLOSED, 1, 1000, "bye", true);
  expect(guest.of(HostOp.LOG)[0]?.args[1]).toBe("closed 1000 bye");
  guest.request({ id: 2, url: "http://app.test/refuse", headers: [UPGRADE] });
  expect(guest.answer(2).status).toBe(403);
});

test("graphql-ws streams a subscription to its end", async () => {
  using guest = await connect("graphql-ws", { headers: [["sec-websocket-protocol", "graphql-transport-ws"]] });
  say(guest, JSON.stringify({ type: "connection_init" }));
  const query = "subscription { countdown(from: 1) }";
  say(guest, JSON.stringify({ id: "1", type: "subscribe", payload: { query } }));
  const sent: unknown[] = [];
  for (let turns = 0; turns < 4; turns++) {
    const timers = guest.of(HostOp.TIMER_SET);
    sent.push(...takeSent(guest));
    for (const { id } of timers) guest.enter(GuestEvent.TIMER, id);
  }
  expect(sent.map((text) => JSON.parse(String(text)))).toEqual([
    { type: "connection_ack" },
    { id: "1", type: "next", payload: { data: { countdown: 1 } } },
    { id: "1", type: "next", payload: { data: { countdown: 0 } } },
    { id: "1", type: "complete" },
  ]);
});

test("Yjs brings a document of the client and one of the app together", async () => {
  using guest = await connect("yjs");
  const doc = new Y.Doc();
  doc.getText("text").insert(0, "from the client, ");
  const first = encoding.createEncoder();
  encoding.writeVarUint(first, 0);
  sync.writeSyncStep1(first, doc);
  say(guest, encoding.toUint8Array(first).slice().buffer);
  for (let messages = takeSent(guest); messages.length > 0; messages = takeSent(guest)) {
    for (const message of messages) {
      const decoder = decoding.createDecoder(Uint8Array.from(message as number[]));
      expect(decoding.readVarUint(decoder)).toBe(0);
      const encoder = encoding.createEncoder();
      encoding.writeVarUint(encoder, 0);
      sync.readSyncMessage(decoder, encoder, doc, null);
      if (encoding.length(encoder) > 1) say(guest, encoding.toUint8Array(encoder).slice().buffer);
    }
  }
  const text = doc.getText("text").toString();
  expect([text.includes("from the client, "), text.includes("from the server")]).toEqual([true, true]);
  expect(doc.getMap("seen").get("length")).toBe(text.length);
});

test("pushes go out by timers, before the answer and after it, and work goes on after the close", async () => {
  using guest = await connect("push", { path: "/?first=2&count=2&every=5&close=4000&linger=5" });
  const sent: unknown[] = [];
  const fireTimers = (): void => {
    const timers = guest.of(HostOp.TIMER_SET);
    sent.push(...takeSent(guest));
    for (const { id } of timers) guest.enter(GuestEvent.TIMER, id);
  };
  fireTimers();
  fireTimers();
  expect(guest.of(HostOp.SOCKET_CLOSE)[0]?.args).toEqual([4000, "done"]);
  fireTimers();
  expect(sent).toEqual(["first 0", "first 1", "0", "1"]);
  guest.enter(GuestEvent.SOCKET_CLOSED, 1, 4000, "done", true);
  expect(guest.of(HostOp.SETTLED)).toEqual([]);
  fireTimers();
  expect(guest.of(HostOp.LOG)[0]?.args[1]).toBe("lingered 4000");
  expect(guest.of(HostOp.SETTLED).length).toBe(1);
});
