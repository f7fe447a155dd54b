import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Attack } from "../harness/attack.ts";
import { silentTenant } from "../harness/edge-tenant.ts";
import { areEnded, hold } from "../harness/held-connections.ts";
import { describeUpgrade } from "../harness/websocket-attacks.ts";

const COUNT = 100;
const HELD_MS = 1_000;
const UPGRADE =
  "GET / HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n";

export const attack: Attack = {
  tries: "Asks for a hundred WebSockets at once of an app that never answers.",
  tenant: silentTenant,
  async strike({ upgrade }) {
    const sockets = await Promise.all(Array.from({ length: COUNT }, () => upgrade()));
    const answers = new Set(sockets.map(({ answer }) => describeUpgrade({ answer })));
    for (const socket of sockets) socket.destroy();
    return { isContained: [...answers].every((answer) => answer === "504 wall_limit"), what: [...answers].join(", ") };
  },
  async undefended() {
    const taken: Socket[] = [];
    const server = createServer().on("upgrade", (_, socket: Socket) => void taken.push(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const asked = await Promise.all(Array.from({ length: COUNT }, () => hold({ port, bytes: UPGRADE })));
    const areGone = await areEnded(asked, HELD_MS);
    for (const { socket } of asked) socket.destroy();
    for (const socket of taken) socket.destroy();
    server.close();
    return areGone || taken.length < COUNT ? null : `${taken.length} waited`;
  },
};
