import { setTimeout as delay } from "node:timers/promises";
import { type Attack, joined } from "../harness/attack.ts";
import { withNode } from "../harness/edge-attacks.ts";
import { silentTenant } from "../harness/edge-tenant.ts";
import { hold } from "../harness/held-connections.ts";

const REQUESTS = 50_000;
/** Of one connection, at any time. */
const MAX_HELD = REQUESTS / 20;
const LOOKS = 8;
const LOOK_INTERVAL_MS = 100;

const floodFor = (host: string, path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`.repeat(REQUESTS);

export const attack: Attack = {
  tries: "Sends fifty thousand requests on one connection, the first of which is answered late.",
  tenant: silentTenant,
  strike: joined(async ({ nano, host, path }) => {
    const { socket } = await hold({ port: nano.port, bytes: floodFor(host, path) });
    let heldCount = 0;
    for (let i = 0; i < LOOKS; i++) {
      await delay(LOOK_INTERVAL_MS);
      heldCount = Math.max(heldCount, await nano.metric("router_in_flight_requests_count"));
    }
    socket.destroy();
    return { isContained: heldCount < MAX_HELD, what: heldCount < MAX_HELD ? "held back" : `held ${heldCount}` };
  }),
  undefended() {
    let heldCount = 0;
    return withNode(
      { headersTimeout: 0, requestTimeout: 0 },
      async (port) => {
        const { socket } = await hold({ port, bytes: floodFor("a", "/") });
        for (let i = 0; i < LOOKS && heldCount < REQUESTS; i++) await delay(LOOK_INTERVAL_MS);
        socket.destroy();
        return heldCount > MAX_HELD ? `held ${heldCount} requests` : null;
      },
      () => {
        heldCount += 1;
      },
    );
  },
};
