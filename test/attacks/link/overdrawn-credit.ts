import { FrameType, MAX_DATA_BYTES } from "@nano/protocol/frames";
import type { Tenant } from "../harness/attack.ts";
import { atNaiveEnd, linkAttack } from "../harness/link-attacks.ts";
import type { LinkPeer } from "../harness/link-peer.ts";

const MIB = 1024 * 1024;
const PART = Buffer.alloc(MAX_DATA_BYTES);
/** Many times what a stream has room for. */
const SENT_BYTES = 16 * MIB;
const ENDED_WITHIN_MS = 15_000;

const tenant: Tenant = {
  source: "export default { fetch() { return new Promise(() => {}); } }",
  settings: { isolation: "app", limits: { cpu_time_ms: 200 } },
};

function sendAll(peer: LinkPeer): void {
  for (let sent = 0; sent < SENT_BYTES; sent += MAX_DATA_BYTES) {
    peer.send(FrameType.DATA, 1, PART);
  }
}

export const attack = linkAttack({
  tries: "Sends a body to an app that does not read it, whatever credit it has.",
  tenant,
  async attack(peer, { versionId }, { host, path }) {
    peer.ask(1, { versionId, url: `http://${host}${path}`, bodyBytes: SENT_BYTES });
    sendAll(peer);
    return (await peer.isEnded(ENDED_WITHIN_MS)) ? "closed" : null;
  },
  undefended: () =>
    atNaiveEnd(sendAll, ({ keptBytes }) => (keptBytes >= SENT_BYTES ? `had ${keptBytes / MIB} MiB kept of it` : null)),
});
