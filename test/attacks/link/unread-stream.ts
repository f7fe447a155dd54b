import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { FrameType } from "@nano/protocol/frames";
import { encodeWindow } from "@nano/protocol/messages";
import type { Tenant } from "../harness/attack.ts";
import { askWorker, atNaiveEnd, linkAttack } from "../harness/link-attacks.ts";

const MIB = 1024 * 1024;
const CREDIT = encodeWindow(1_000 * MIB);
/** What an app, a stream, a link and a socket hold together, and some more. */
const MOST_BYTES = 8 * MIB;
const BEGUN_WITHIN_MS = 10_000;
const LOOK_INTERVAL_MS = 100;
const HELD_MS = 1_000;

const tenant: Tenant = {
  source: `const pulledBytes = new Map();
export default { fetch(request) {
  const { searchParams } = new URL(request.url);
  const id = searchParams.get("id");
  if (searchParams.has("pulled")) return new Response(String(pulledBytes.get(id) ?? 0));
  return new Response(new ReadableStream({ pull(controller) {
    pulledBytes.set(id, (pulledBytes.get(id) ?? 0) + 65536);
    controller.enqueue(new Uint8Array(65536));
  } }));
} }`,
  settings: { isolation: "app", limits: { cpu_time_ms: 200 } },
};

export const attack = linkAttack({
  tries: "Asks for a stream without end, grants it a gigabyte, and reads nothing of it.",
  tenant,
  async attack(peer, place, { host, path }) {
    const { versionId } = place;
    const url = `http://${host}${path}?id=${randomUUID()}`;
    peer.socket.pause();
    peer.ask(1, { versionId, url });
    peer.send(FrameType.WINDOW, 1, CREDIT);
    const pulled = async (): Promise<number> => Number(await askWorker(place, { versionId, url: `${url}&pulled` }));
    const deadlineMs = performance.now() + BEGUN_WITHIN_MS;
    while ((await pulled()) === 0) {
      if (performance.now() > deadlineMs) return null;
      await delay(LOOK_INTERVAL_MS);
    }
    await delay(HELD_MS);
    const bytes = await pulled();
    return bytes <= MOST_BYTES ? "waits" : null;
  },
  undefended: () =>
    atNaiveEnd(
      (peer) => {
        peer.socket.pause();
        peer.send(FrameType.HEAD, 1);
        peer.send(FrameType.WINDOW, 1, CREDIT);
      },
      ({ unreadBytes }) => (unreadBytes > MOST_BYTES ? `had ${Math.round(unreadBytes / MIB)} MiB wait for it` : null),
    ),
});
