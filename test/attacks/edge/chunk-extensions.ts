import { oversized } from "../harness/edge-attacks.ts";

export const attack = oversized(
  "Puts a megabyte into the extension of a chunk.",
  `POST / HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1;${"x".repeat(1_000_000)}\r\na\r\n0\r\n\r\n`,
  ["413"],
);
