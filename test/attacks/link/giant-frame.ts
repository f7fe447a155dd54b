import { encodeFrame, FRAME_HEADER_BYTES, FrameType } from "@nano/protocol/frames";
import { atNaiveEnd, linkAttack } from "../harness/link-attacks.ts";
import type { LinkPeer } from "../harness/link-peer.ts";

const MIB = 1024 * 1024;
const PART = Buffer.alloc(MIB);
const SENT_BYTES = 32 * MIB;
const ENDED_WITHIN_MS = 10_000;

/** A head of four gigabytes, and the first bytes of it. */
function sendGiant(peer: LinkPeer): void {
  const header = encodeFrame(FrameType.HEAD, 1).subarray(0, FRAME_HEADER_BYTES);
  header.writeUInt32LE(0xffff_ffff, 0);
  peer.write(header);
  for (let sent = 0; sent < SENT_BYTES; sent += MIB) peer.write(PART);
}

export const attack = linkAttack({
  tries: "Announces a frame of four gigabytes, and sends on and on of it.",
  async attack(peer) {
    sendGiant(peer);
    return (await peer.isEnded(ENDED_WITHIN_MS)) ? "closed" : null;
  },
  undefended: () =>
    atNaiveEnd(sendGiant, ({ keptBytes }) => (keptBytes >= SENT_BYTES ? `kept ${keptBytes / MIB} MiB of it` : null)),
});
