import { expect, test } from "vitest";
import { startWebSocketTest } from "./websocket-harness.ts";

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
