import { slow } from "../harness/edge-attacks.ts";

export const attack = slow(
  "Sends its headers a byte a second.",
  "GET / HTTP/1.1\r\nHost: HOST\r\n",
  "X-Slow: 0123456789012345678901234567890123456789",
);
