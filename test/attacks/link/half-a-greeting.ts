import { encodeFrame, FrameType } from "@nano/protocol/frames";
import { encodeHello } from "@nano/protocol/messages";
import { endsInTime, isHeldWithoutTime, linkAttack } from "../harness/link-attacks.ts";

const HELLO = encodeFrame(
  FrameType.HELLO,
  0,
  encodeHello({ oldestVersion: 1, newestVersion: 1, credential: "of nobody", peer: "attacker" }),
);
const HALF = HELLO.subarray(0, HELLO.length >> 1);
const ENDED_WITHIN_MS = 20_000;

export const attack = linkAttack({
  tries: "Begins a greeting, and says nothing more.",
  isLong: true,
  isStranger: true,
  attack(peer, _, { isShort }) {
    peer.write(HALF);
    return endsInTime(peer, { withinMs: ENDED_WITHIN_MS, isShort });
  },
  undefended: () => isHeldWithoutTime((peer) => peer.write(HALF)),
});
