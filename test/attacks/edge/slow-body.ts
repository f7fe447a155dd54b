import { slow } from "../harness/edge-attacks.ts";

export const attack = slow(
  "Sends its body a byte a second.",
  "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 1000000\r\n\r\n",
  "0123456789012345678901234567890123456789",
);
