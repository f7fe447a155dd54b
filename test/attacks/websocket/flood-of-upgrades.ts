import { setTimeout as delay } from "node:timers/promises";
import { RawWebSocket } from "../../support/raw-websocket.ts";
import { type Attack, joined } from "../harness/attack.ts";
import { describeUpgrade, endOf, listeningTenant, withWebSockets } from "../harness/websocket-attacks.ts";

const COUNT = 100;
const LET_IN_COUNT = 10;
const HELD_MS = 500;
const IDLE_MS = 1_000;

export const attack: Attack = {
  tries: "Opens a hundred connections at once, and says nothing on those that it gets.",
  isLong: true,
  tenant: listeningTenant("server.send(data);", {
    websocket: { thread: "shared", ws_max_connections: LET_IN_COUNT, ws_idle_timeout_ms: IDLE_MS },
  }),
  strike: joined(async ({ upgrade }) => {
    const sockets = await Promise.all(Array.from({ length: COUNT }, () => upgrade()));
    const open = sockets.filter(({ answer }) => answer.status === 101);
    const ends = new Set(await Promise.all(open.map(endOf)));
    const refusals = new Set(sockets.filter((each) => !open.includes(each)).map(describeUpgrade));
    const what = [...refusals, ...ends].join(", ");
    return {
      isContained: open.length <= LET_IN_COUNT && what === "503 ws_max_connections, 1001 ws_idle_timeout",
      what,
    };
  }),
  undefended: () =>
    withWebSockets({}, async (server, port) => {
      const place = { port, host: "subject.test" };
      const sockets = await Promise.all(Array.from({ length: COUNT }, () => RawWebSocket.open(place)));
      await delay(HELD_MS);
      const heldCount = server.clients.size;
      for (const socket of sockets) socket.destroy();
      return heldCount === COUNT ? `held ${heldCount} connections` : null;
    }),
};
