import { FrameType } from "@nano/protocol/frames";
import { encodeWindow } from "@nano/protocol/messages";
import { atNaiveEnd, linkAttack } from "../harness/link-attacks.ts";

const MIB = 1024 * 1024;
const ENDED_WITHIN_MS = 10_000;
/** More than all credit that a stream can have. */
const CREDIT = encodeWindow(0xffff_ffff);

export const attack = linkAttack({
  tries: "Grants more credit than can be counted.",
  async attack(peer, { versionId }) {
    peer.ask(1, { versionId, url: "http://named.localhost/", bodyBytes: 10 });
    peer.send(FrameType.WINDOW, 1, CREDIT);
    return (await peer.isEnded(ENDED_WITHIN_MS)) ? "closed" : null;
  },
  undefended: () =>
    atNaiveEnd(
      (peer) => {
        peer.socket.pause();
        peer.send(FrameType.HEAD, 1);
        peer.send(FrameType.WINDOW, 1, CREDIT);
      },
      ({ unreadBytes }) => (unreadBytes > 32 * MIB ? `had ${Math.round(unreadBytes / MIB)} MiB wait for it` : null),
    ),
});
