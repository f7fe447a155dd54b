import { atNaiveEnd, linkAttack } from "../harness/link-attacks.ts";

const UNKNOWN_TYPE = 77;
const ENDED_WITHIN_MS = 10_000;

export const attack = linkAttack({
  tries: "Sends frames of a type that there is none, and goes on as if they had been taken.",
  async attack(peer) {
    peer.send(UNKNOWN_TYPE, 1, Buffer.alloc(1_000));
    return (await peer.isEnded(ENDED_WITHIN_MS)) ? "closed" : null;
  },
  undefended: () =>
    atNaiveEnd(
      (peer) => peer.send(UNKNOWN_TYPE, 1, Buffer.alloc(1_000)),
      ({ strangeCount }, { isClosed }) => (strangeCount > 0 && !isClosed ? "was passed over" : null),
    ),
});
