import { oversized } from "../harness/edge-attacks.ts";

export const attack = oversized(
  "Asks with a method of a megabyte.",
  `${"X".repeat(1_000_000)} / HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n`,
  ["400", "431"],
);
