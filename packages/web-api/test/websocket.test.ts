import { describe, expect, it } from "vitest";
import { GuestEvent, HostOp } from "../src/boundary.ts";
import { bytesOf, openGuest, textOf } from "./harness.ts";

const ECHO = `exports.default = { fetch() {
  const [client, server] = new WebSocketPair();
  server.accept();
  server.addEventListener("message", (event) => server.send(event.data));
  return new Response(null, { status: 101, webSocket: client, headers: { "x-app": "echo" } });
} };`;

describe("a handler that answers with a WebSocket", () => {
  it("upgrades the request, and echoes text and bytes", async () => {
    using guest = await openGuest({ app: ECHO });
    guest.request({ id: 7, headers: [["upgrade", "websocket"]] });
    expect(guest.of(HostOp.UPGRADE)).toEqual([{ code: HostOp.UPGRADE, id: 7, args: ["x-app\necho\n"] }]);
    guest.enter(GuestEvent.SOCKET_MESSAGE, 7, "hello");
    guest.enter(GuestEvent.SOCKET_MESSAGE, 7, bytesOf("bytes"));
    const sent = guest.of(HostOp.SOCKET_SEND);
    expect(sent.map(({ id, args }) => [id, typeof args[0], textOf(args[0])])).toEqual([
      [7, "string", "hello"],
      [7, "object", "bytes"],
    ]);
    expect(guest.of(HostOp.SETTLED)).toEqual([]);
    guest.enter(GuestEvent.SOCKET_CLOSED, 7, 1000, "bye", true);
    expect(guest.of(HostOp.SETTLED)).toEqual([{ code: HostOp.SETTLED, id: 7, args: [] }]);
  });
});
