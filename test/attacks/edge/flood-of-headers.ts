import { oversized } from "../harness/edge-attacks.ts";

export const attack = oversized(
  "Sends a megabyte of headers.",
  `GET / HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n${"X-Flood: 0123456789\r\n".repeat(1_500)}X-Long: ${"x".repeat(1_000_000)}\r\n\r\n`,
  ["431"],
);
