import { setTimeout as delay } from "node:timers/promises";
import { acceptLink } from "@nano/link/accept-link";
import { encodeFrame, FrameType } from "@nano/protocol/frames";
import type { Attack } from "../harness/attack.ts";
import { atNaiveEnd } from "../harness/link-attacks.ts";
import type { LinkPeer } from "../harness/link-peer.ts";
import { attackEnd } from "../harness/naive-link-end.ts";

const MIB = 1024 * 1024;
const PINGS = Buffer.concat(Array.from({ length: 5_000 }, () => encodeFrame(FrameType.PING, 0)));
const KEPT_BYTES = MIB;
/** Above that, and what sockets hold on the way. */
const SENT_BYTES = 8 * MIB;
const ENDED_WITHIN_MS = 20_000;

/** As fast as they are taken, until the link ends, or it is enough. */
async function sendPings(peer: LinkPeer, isEnough: () => boolean): Promise<void> {
  peer.socket.pause();
  const deadlineMs = performance.now() + ENDED_WITHIN_MS;
  const isOver = (): boolean => peer.isClosed || isEnough() || performance.now() > deadlineMs;
  for (let sent = 0; sent < SENT_BYTES && !isOver(); sent += PINGS.length) {
    peer.write(PINGS);
    while (peer.socket.writableNeedDrain && !isOver()) await delay(1);
  }
}

export const attack: Attack = {
  tries: "Asks for an answer half a million times, and reads none.",
  // An end of this process, with a smaller bound: what fills a worker's up takes this machine longer to send than it is meant to show.
  async strike() {
    let outcome = "";
    let queuedBytes = 0;
    await attackEnd(
      (socket) => {
        acceptLink(socket, {
          peer: "bounded",
          limits: { maxQueuedBytes: KEPT_BYTES },
          verifyHello: () => true,
          onStream: (stream) => {
            throw new Error(`stream ${stream.id} was opened`);
          },
          onClose: ({ type }) => {
            outcome = type;
            queuedBytes = socket.writableLength;
          },
        });
      },
      async (peer) => {
        peer.greet("of nobody");
        await sendPings(peer, () => outcome !== "");
      },
    );
    return { isContained: outcome === "stalled" && queuedBytes < 2 * KEPT_BYTES, what: outcome || "went on" };
  },
  undefended: () =>
    atNaiveEnd(
      (peer, end) => sendPings(peer, () => end.unreadBytes > 2 * KEPT_BYTES),
      ({ unreadBytes }) =>
        unreadBytes > 2 * KEPT_BYTES ? `had ${Math.round(unreadBytes / MIB)} MiB wait for it` : null,
    ),
};
