import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { RawWebSocket } from "../../support/raw-websocket.ts";
import { encodeFrame, Opcode } from "../../support/websocket-frames.ts";
import { type Attack, joined } from "../harness/attack.ts";
import { listeningTenant, refusal, withWebSockets } from "../harness/websocket-attacks.ts";

const KIB = 1024;
const MIB = KIB * KIB;
const FLOOD_BYTES = 32 * MIB;
/** Held on the way by sockets of the system, the router and the worker. */
const MAX_TAKEN_BYTES = FLOOD_BYTES / 2;
const LOOKED_AT_MS = 1_000;
const NAIVE_WITHIN_MS = 10_000;
const MESSAGE = encodeFrame({ opcode: Opcode.BINARY, payload: Buffer.alloc(64 * KIB) });

/** How many of the bytes have left, once some time is over or all have. */
async function flood(socket: RawWebSocket, lookedAtMs: number): Promise<number> {
  for (let bytes = 0; bytes < FLOOD_BYTES; bytes += MESSAGE.length) socket.socket.write(MESSAGE);
  await Promise.race([socket.ended, once(socket.socket, "drain"), delay(lookedAtMs)]);
  const leftBytes = socket.socket.writableLength;
  socket.destroy();
  return FLOOD_BYTES - leftBytes;
}

export const attack: Attack = {
  tries: "Sends messages much faster than its app takes them.",
  tenant: listeningTenant("for (let i = 0; i < 2e7; i++);"),
  strike: joined(async ({ upgrade }) => {
    const socket = await upgrade();
    const refused = refusal(socket);
    if (refused !== null) return refused;
    const takenBytes = await flood(socket, LOOKED_AT_MS);
    const isContained = takenBytes < MAX_TAKEN_BYTES;
    return { isContained, what: isContained ? "held back" : `took ${takenBytes} bytes` };
  }),
  undefended: () =>
    withWebSockets({}, async (server, port) => {
      const queue: unknown[] = [];
      // It takes one in a minute.
      server.on("connection", (client) => client.on("message", (message) => void queue.push(message)));
      const takenBytes = await flood(await RawWebSocket.open({ port, host: "subject.test" }), NAIVE_WITHIN_MS);
      return takenBytes > MAX_TAKEN_BYTES ? `${queue.length} messages waited` : null;
    }),
};
