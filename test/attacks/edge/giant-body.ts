import { oversized } from "../harness/edge-attacks.ts";

export const attack = oversized(
  "Announces a body of a terabyte.",
  "POST / HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nContent-Length: 1099511627776\r\n\r\n",
  ["413"],
);
