import { oversized } from "../harness/edge-attacks.ts";

export const attack = oversized(
  "Asks for a path of a megabyte.",
  `GET /${"x".repeat(1_000_000)} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n`,
  ["431", "414"],
);
