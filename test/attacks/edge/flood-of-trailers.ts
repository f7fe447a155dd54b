import { oversized } from "../harness/edge-attacks.ts";

export const attack = oversized(
  "Sends a megabyte of trailers behind its body.",
  `POST / HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n${"X-Flood: 0123456789\r\n".repeat(1_500)}X-Long: ${"x".repeat(1_000_000)}\r\n\r\n`,
  ["431"],
);
