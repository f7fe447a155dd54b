import { ResidentWatch } from "../../support/resident-watch.ts";
import { type Attack, joined, judgeText } from "../harness/attack.ts";
import { withNode } from "../harness/edge-attacks.ts";
import { edgeTenant } from "../harness/edge-tenant.ts";
import { areEnded, type HeldConnection, hold } from "../harness/held-connections.ts";

const AT_A_TIME = 250;
/** One in so many never says a word; the others have asked once. */
const SILENT_EVERY = 10;
const NEIGHBOUR = "named.localhost";
const ENDED_WITHIN_MS = 20_000;
const NAIVE_COUNT = 200;
const HELD_MS = 1_000;
const MIB = 1024 * 1024;
/** What the router may keep for each, beside what it takes and gives back for their requests. */
const MAX_EACH_BYTES = 32 * 1024;
const SLACK_BYTES = 192 * MIB;

interface OpenOptions {
  readonly port: number;
  readonly count: number;
  readonly host: string;
  readonly path: string;
}

async function openMany({ port, count, host, path }: OpenOptions): Promise<HeldConnection[]> {
  const asked = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  const open: HeldConnection[] = [];
  while (open.length < count) {
    const batch = Array.from({ length: Math.min(AT_A_TIME, count - open.length) }, (_, i) =>
      hold({ port, bytes: (open.length + i) % SILENT_EVERY === 0 ? "" : asked }),
    );
    open.push(...(await Promise.all(batch)));
  }
  return open;
}

export const attack: Attack = {
  tries: "Opens as many connections as it can, and leaves them idle.",
  isLong: true,
  tenant: edgeTenant("return new Response();"),
  strike: joined(async ({ nano, host, path, connectionCount }) => {
    const resident = new ResidentWatch(nano.processesOf("router"));
    const connections = await openMany({ port: nano.port, count: connectionCount, host, path });
    const answer = await nano.ask(NEIGHBOUR, "/", { headers: { "x-request-tag": "beside" } });
    const areSilentEnded = await areEnded(
      connections.filter((_, i) => i % SILENT_EVERY === 0),
      ENDED_WITHIN_MS,
    );
    for (const { socket } of connections) socket.destroy();
    const isBounded = resident.stop() < SLACK_BYTES + connectionCount * MAX_EACH_BYTES;
    const { isContained, what } = judgeText(answer, "tag beside");
    if (!areSilentEnded) return { isContained: false, what: `${what}, silent ones are still open` };
    return { isContained: isContained && isBounded, what: isBounded ? what : `${what}, memory grew` };
  }),
  undefended: () =>
    withNode({ headersTimeout: 0, requestTimeout: 0, keepAliveTimeout: 0 }, async (port) => {
      const connections = await openMany({ port, count: NAIVE_COUNT, host: "subject.test", path: "/" });
      const areGone = await areEnded(connections, HELD_MS);
      for (const { socket } of connections) socket.destroy();
      return areGone ? null : `held ${NAIVE_COUNT} connections`;
    }),
};
