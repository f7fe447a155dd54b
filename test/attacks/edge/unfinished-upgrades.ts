import { abandoned } from "../harness/held-connections.ts";

const UPGRADE = "GET / HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";

export const attack = abandoned("Begins upgrades on many connections and finishes none.", [
  UPGRADE,
  `${UPGRADE}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n`,
]);
