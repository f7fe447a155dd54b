import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "@nano/test-kit/eventually";
import { RawWebSocket } from "../../support/raw-websocket.ts";
import { type Attack, joined } from "../harness/attack.ts";
import { endOf, listeningTenant, refusal, withWebSockets } from "../harness/websocket-attacks.ts";

const MIB = 1024 * 1024;
const CLOSED_WITHIN_MS = 10_000;
const NAIVE_BYTES = 32 * MIB;
const HELD_MS = 300;

export const attack: Attack = {
  tries: "Has its app send 64 MiB, and reads nothing.",
  tenant: listeningTenant(`let left = 1024;
    const send = () => {
      for (let i = 0; i < 8 && left > 0 && server.readyState === 1; i++, left--) server.send(new Uint8Array(65536));
      if (left > 0 && server.readyState === 1) setTimeout(send, 0);
      else if (left === 0) server.close(1000, "all was sent");
    };
    send();`),
  strike: joined(async ({ upgrade, nano }) => {
    const closedCount = (): Promise<number> =>
      nano.metric("executor_websocket_closed_total", `reason="ws_outbound_buffer"`);
    const before = await closedCount();
    const socket = await upgrade();
    const refused = refusal(socket);
    if (refused !== null) return refused;
    socket.socket.pause();
    socket.sendText("go");
    await eventually(async () => (await closedCount()) > before, { timeoutMs: CLOSED_WITHIN_MS }).catch(
      () => undefined,
    );
    socket.socket.resume();
    const what = await endOf(socket);
    return { isContained: what === "1013 ws_outbound_buffer", what };
  }),
  undefended: () =>
    withWebSockets({}, async (server, port) => {
      const socket = await RawWebSocket.open({ port, host: "subject.test" });
      socket.socket.pause();
      const [client] = server.clients;
      for (let bytes = 0; bytes < NAIVE_BYTES; bytes += MIB) client?.send(Buffer.alloc(MIB));
      await delay(HELD_MS);
      const keptBytes = client?.bufferedAmount ?? 0;
      socket.destroy();
      return keptBytes > NAIVE_BYTES / 2 ? `kept ${Math.round(keptBytes / MIB)} MiB` : null;
    }),
};
