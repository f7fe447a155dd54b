import { encodeFrame, FLAG_END_STREAM, FrameType } from "@nano/protocol/frames";
import { decodeHeaderBlock, decodeRequestHead, encodeRequestHead, type RequestHead } from "@nano/protocol/messages";
import { linkAttack, type WorkerPlace } from "../harness/link-attacks.ts";
import { LinkPeer } from "../harness/link-peer.ts";

const STRANGE: readonly unknown[] = [
  undefined,
  null,
  0,
  Number.NaN,
  true,
  "",
  "\n",
  [],
  {},
  ["a"],
  "\ud800",
  "x".repeat(100_000),
];
const FIELDS = ["requestId", "versionId", "method", "url", "headers"] as const;
/** For what is not refused at once: a version that there is none is waited for. */
const WATCHED_MS = 1_000;

/** Heads of which one field is not what it must be, and what is no head at all. */
function* misshape(versionId: WorkerPlace["versionId"]): Generator<Buffer> {
  const whole = {
    requestId: "r",
    versionId,
    method: "GET",
    url: "http://named.localhost/",
    headers: "",
  } as RequestHead;
  for (const field of FIELDS) {
    for (const value of STRANGE) yield encodeRequestHead({ ...whole, [field]: value } as RequestHead);
  }
  yield Buffer.alloc(0);
  yield Buffer.from([0xc1]);
  yield Buffer.alloc(1_000, 0x91);
}

async function send({ address, credential }: WorkerPlace, payload: Buffer): Promise<void> {
  const peer = await LinkPeer.connect(address);
  peer.greet(credential);
  peer.write(encodeFrame(FrameType.HEAD, 1, payload, FLAG_END_STREAM));
  await peer.sees(
    (seen) => seen.isClosed || seen.countOf(FrameType.RESET) + seen.countOf(FrameType.HEAD) > 0,
    WATCHED_MS,
  );
  peer.leave();
}

export const attack = linkAttack({
  tries: "Opens streams whose heads hold anything but what a head has.",
  async attack(_, place) {
    await Promise.all([...misshape(place.versionId)].map((payload) => send(place, payload)));
    return "refused, or answered";
  },
  async undefended() {
    let brokenCount = 0;
    for (const payload of misshape("v0123456789abcdef" as WorkerPlace["versionId"])) {
      try {
        const { url, headers } = decodeRequestHead(payload);
        decodeHeaderBlock(headers);
        new URL(url);
      } catch {
        // Nobody who believes its peer would catch it.
        brokenCount += 1;
      }
    }
    return brokenCount > 0 ? `${brokenCount} ended who read them` : null;
  },
});
