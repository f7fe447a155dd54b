/**
 * How a router leaves without failing a request.
 *
 *   announcing (still accepting) ──notice──▶ ending (no new connections) ──grace──▶ WebSockets are closed, by and by ──▶ cut ──▶ gone
 *
 * I1 Readiness fails before the first step; the caller sees to it.
 * I2 It ends by `deadline`, and earlier as soon as no connection is left.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { DrainPlan } from "@nano/service-kit/fit-drain";
import type { Logger } from "@nano/service-kit/logger";

/** What is drained. */
export interface Drainable {
  inFlightCount(): number;
  /** From here on responses tell clients to use another connection. */
  announceClose(): void;
  /** From here on responses end their connections. */
  endConnections(): void;
  /** Accepts no more; resolves when the last connection has ended. */
  stopAccepting(): Promise<void>;
  webSocketCount(): number;
  /** Closes them with 1001, by and by; at once when `signal` aborts. Resolves when all were told. */
  closeWebSockets(signal: AbortSignal): Promise<void>;
  /** Ends connections on which nothing is under way. */
  endIdle(): void;
  cutAll(): void;
}

export interface DrainOptions extends DrainPlan {
  /** How long clients of WebSockets may take to answer a close. */
  readonly closeTimeoutMs: number;
  readonly logger: Logger;
  /** Aborts when the process is about to leave. */
  readonly deadline: AbortSignal | undefined;
  onCut(requestCount: number): void;
}

/** A connection that was accepted last has so long to send its request. */
const LAST_CONNECTION_MS = 250;

/** Resolves when no connection is left. */
export async function drain(router: Drainable, options: DrainOptions): Promise<void> {
  const { logger, noticeMs, graceMs } = options;
  const deadline = options.deadline ?? new AbortController().signal;
  const pause = (ms: number, signal: AbortSignal): Promise<void> => delay(ms, undefined, { signal }).catch(() => {});

  logger.info("draining", { noticeMs, graceMs, inFlightCount: router.inFlightCount() });
  router.announceClose();
  if (noticeMs > 0) await pause(noticeMs, deadline);

  router.endConnections();
  const left = new AbortController();
  const allLeft = router.stopAccepting().then(() => left.abort());
  const over = AbortSignal.any([deadline, left.signal]);
  if (noticeMs > 0) await pause(Math.min(LAST_CONNECTION_MS, graceMs), over);
  router.endIdle();
  await pause(graceMs, over);

  const webSocketCount = router.webSocketCount();
  if (webSocketCount > 0) {
    await router.closeWebSockets(deadline);
    await pause(options.closeTimeoutMs, over);
  }
  const cutCount = router.inFlightCount();
  if (cutCount > 0) options.onCut(cutCount);
  router.cutAll();
  await allLeft;
  logger.info("drained", { cutCount, webSocketCount });
}
