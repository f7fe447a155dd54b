import { encodeFrame, FrameType } from "@nano/protocol/frames";
import { endsInTime, isHeldWithoutTime, linkAttack } from "../harness/link-attacks.ts";

const FRAME = encodeFrame(FrameType.HEAD, 1, Buffer.alloc(100_000));
const HALF = FRAME.subarray(0, FRAME.length >> 1);
const ENDED_WITHIN_MS = 30_000;

export const attack = linkAttack({
  tries: "Begins a request, stops in the middle of its frame, and says nothing more, pings included.",
  isLong: true,
  attack(peer, _, { isShort }) {
    peer.write(HALF);
    return endsInTime(peer, { withinMs: ENDED_WITHIN_MS, isShort });
  },
  undefended: () =>
    isHeldWithoutTime((peer) => {
      peer.greet("of nobody");
      peer.write(HALF);
    }),
});
