/** What the router reads of `ws` without its leave: a release that changes it fails here. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import {
  chooseDeflate,
  dropReceived,
  parseExtensions,
  parseProtocols,
  receivedBytes,
} from "@nano/socket-relay/ws-library";
import { eventually } from "@nano/test-kit/eventually";
import { expect, onTestFinished, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { frame, handshake, Opcode } from "./websocket-harness.ts";

async function open() {
  const server = createServer();
  const webSockets = new WebSocketServer({ server });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  client.write(handshake());
  const [ws] = (await once(webSockets, "connection")) as [WebSocket];
  onTestFinished(() => {
    client.destroy();
    webSockets.close();
    server.close();
  });
  return { client, ws };
}

test("what a receiver holds is the bytes of messages that are not whole, and a little for each part", async () => {
  const { client, ws } = await open();
  expect(receivedBytes(ws)).toBe(0);
  client.write(frame(Opcode.BINARY, Buffer.alloc(1_000), { announcedBytes: 300_000 }));
  await eventually(() => receivedBytes(ws) >= 1_000);
  expect(receivedBytes(ws)).toBeLessThan(2_000);
  client.write(Buffer.alloc(299_000));
  await eventually(() => receivedBytes(ws) === 0);
  for (let count = 0; count < 10; count += 1) client.write(frame(count === 0 ? 2 : 0, "abcd", { isFinal: false }));
  await eventually(() => receivedBytes(ws) >= 40);
  await eventually(() => receivedBytes(ws) >= 10 * 128 + 40);
  dropReceived(ws);
  expect(receivedBytes(ws)).toBe(0);
});

test("lists of sub-protocols and extensions are read as ws reads them", () => {
  expect([...(parseProtocols("a, b") ?? [])]).toEqual(["a", "b"]);
  expect(parseProtocols("a b")).toBeNull();
  expect(parseExtensions("x; a=1, y")).toMatchObject({ x: [{ a: ["1"] }], y: [{}] });
  expect(parseExtensions("=")).toBeNull();
});

test("the first choice that an offer allows is taken", () => {
  const choices = [{ serverMaxWindowBits: 12 }, {}];
  const offers = (text: string) => parseExtensions(text)?.["permessage-deflate"];
  expect(chooseDeflate(offers("permessage-deflate"), choices)).toBe(choices[0]);
  expect(chooseDeflate(offers("permessage-deflate; server_max_window_bits=9"), choices)).toBe(choices[1]);
  expect(chooseDeflate(offers("permessage-deflate; nonsense"), choices)).toBe(false);
  expect(chooseDeflate(undefined, choices)).toBe(false);
});
