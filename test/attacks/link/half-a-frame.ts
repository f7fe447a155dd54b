import { encodeFrame, FrameType } from "@nano/protocol/frames";
import { isHeldWithoutTime, linkAttack } from "../harness/link-attacks.ts";

const FRAME = encodeFrame(FrameType.HEAD, 1, Buffer.alloc(100_000));
const HALF = FRAME.subarray(0, FRAME.length >> 1);
const ENDED_WITHIN_MS = 30_000;

export const attack = linkAttack({
  tries: "Begins a request, stops in the middle of its frame, and says nothing more, pings included.",
  isLong: true,
  async attack(peer) {
    peer.write(HALF);
    return (await peer.isEnded(ENDED_WITHIN_MS)) ? "closed" : null;
  },
  undefended: () =>
    isHeldWithoutTime((peer) => {
      peer.greet("of nobody");
      peer.write(HALF);
    }),
});
