import { oversized } from "../harness/edge-attacks.ts";
import { edgeTenant } from "../harness/edge-tenant.ts";

const CHUNK = `10000\r\n${"x".repeat(0x10000)}\r\n`;

export const attack = oversized(
  "Sends a body in chunks, far beyond what its app takes, and says nowhere how long it is.",
  `POST PATH HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNK.repeat(64)}0\r\n\r\n`,
  // Its connection ends with the answer, and what it still sends may take that away from it.
  ["413", "cut"],
  { tenant: edgeTenant("return new Response(String((await request.text()).length));") },
);
