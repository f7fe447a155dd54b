import type { DrainPlan } from "@nano/service-kit/fit-drain";
import type { SocketDrain } from "./websocket-pool.ts";

/** From the last close that is sent until who does not answer it is cut off. */
const HANDSHAKE_MS = 1_000;

/** The end of connections as it fits into what the process has: the grace gives way first, then the spread. */
export function fitSocketDrain(
  { noticeMs, graceMs }: DrainPlan,
  { spreadMs, availableMs }: { readonly spreadMs: number; readonly availableMs: number },
): SocketDrain {
  const leftMs = Math.max(0, availableMs - noticeMs);
  const handshakeMs = Math.min(HANDSHAKE_MS, leftMs);
  const fittedSpreadMs = Math.min(spreadMs, leftMs - handshakeMs);
  return {
    handshakeMs,
    spreadMs: fittedSpreadMs,
    graceMs: Math.min(graceMs, leftMs - handshakeMs - fittedSpreadMs),
  };
}
