import { FrameType } from "@nano/protocol/frames";
import { atNaiveEnd, linkAttack } from "../harness/link-attacks.ts";

const ENDED_WITHIN_MS = 10_000;

export const attack = linkAttack({
  tries: "Greets with a credential that is of nobody, and asks at once.",
  isStranger: true,
  async attack(peer, { versionId }) {
    peer.greet("0".repeat(64));
    peer.ask(1, { versionId, url: "http://named.localhost/" });
    const isEnded = await peer.isEnded(ENDED_WITHIN_MS);
    // That it was told so may be lost with what it had sent meanwhile.
    const isRefused = peer.countOf(FrameType.HELLO) === 0 && peer.countOf(FrameType.HEAD) === 0;
    return isEnded && isRefused ? "refused" : null;
  },
  undefended: () =>
    atNaiveEnd(
      (peer) => peer.send(FrameType.HEAD, 1),
      (_, peer) => (peer.countOf(FrameType.HEAD) > 0 ? "was answered" : null),
    ),
});
