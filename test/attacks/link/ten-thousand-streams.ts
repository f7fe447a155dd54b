import type { VersionId } from "@nano/protocol/brands";
import { FrameType } from "@nano/protocol/frames";
import type { Tenant } from "../harness/attack.ts";
import { atNaiveEnd, linkAttack } from "../harness/link-attacks.ts";
import { encodeRequest } from "../harness/link-peer.ts";

const STREAM_COUNT = 10_000;
/** Of one link. */
const MOST_OPEN_COUNT = 4_096;
const REFUSED_WITHIN_MS = 20_000;

const tenant: Tenant = {
  source: "export default { fetch() { return new Response('answered'); } }",
  isAlone: true,
};

const encoded = new Map<string, Buffer>();

/** Made once: who sends it watches neighbours in the same process. */
function encodeAll(versionId: VersionId, url: string): Buffer {
  const key = `${versionId} ${url}`;
  const all =
    encoded.get(key) ??
    Buffer.concat(
      Array.from({ length: STREAM_COUNT }, (_, index) => encodeRequest(index + 1, { versionId, url, bodyBytes: 10 })),
    );
  encoded.set(key, all);
  return all;
}

export const attack = linkAttack({
  tries: "Begins ten thousand requests at once, and ends none of them.",
  tenant,
  async attack(peer, { versionId }, { host, path }) {
    peer.write(encodeAll(versionId, `http://${host}${path}`));
    const isRefused = await peer.sees(
      (seen) => STREAM_COUNT - seen.countOf(FrameType.RESET) <= MOST_OPEN_COUNT,
      REFUSED_WITHIN_MS,
    );
    return isRefused && !peer.isClosed ? "refused, but for some" : null;
  },
  undefended: () =>
    atNaiveEnd(
      (peer) => {
        for (let stream = 1; stream <= STREAM_COUNT; stream++) peer.send(FrameType.HEAD, stream);
      },
      ({ streamCount }) => (streamCount === STREAM_COUNT ? "all were open" : null),
    ),
});
