/**
 * Keeps one link to an address for as long as its signal allows: connection → outcome → retry policy.
 *
 * I1 At most one attempt runs at a time, and at most one link of the loop is open; a draining one may still be ending.
 * I2 The policy is pure: the next delay follows from the outcome, the attempt's number and one random number.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { DialResult } from "./dial-link.ts";
import type { Link } from "./link.ts";
import type { LinkOutcome } from "./link-outcome.ts";

export interface Backoff {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}

export const DEFAULT_BACKOFF: Backoff = { minDelayMs: 20, maxDelayMs: 2_000 };

/** A refusal does not mend itself in milliseconds. */
const REFUSED_DELAY_FACTOR = 10;

/**
 * How long to wait before the next attempt: doubled for each failure in a row, bounded, with jitter of the upper half.
 *
 * @param failureCount failures in a row, 0 after a link that had opened
 * @param random 0 to 1
 */
export function pickRetryDelayMs(
  outcome: LinkOutcome,
  options: { failureCount: number; random: number; backoff?: Backoff },
): number {
  const { minDelayMs, maxDelayMs } = options.backoff ?? DEFAULT_BACKOFF;
  const factor = outcome.type === "refused" || outcome.type === "violated" ? REFUSED_DELAY_FACTOR : 1;
  const ceilingMs = Math.min(maxDelayMs, minDelayMs * factor * 2 ** Math.min(options.failureCount, 20));
  return ceilingMs / 2 + (ceilingMs / 2) * options.random;
}

export interface RedialOptions {
  /** One attempt: `dialLink` with the callbacks that it is given. */
  dial(callbacks: { onClose(outcome: LinkOutcome): void; onDraining(): void }): Promise<DialResult>;
  onLink(link: Link): void;
  /** An attempt failed, or the link ended or began to drain (outcome null). */
  onUnavailable?(outcome: LinkOutcome | null, retryDelayMs: number): void;
  readonly backoff?: Backoff;
  /** @default Math.random */
  random?(): number;
}

/** Runs until `signal` aborts; the link that is open then takes no further streams and closes when its own have ended. Never rejects. */
export async function runRedial(options: RedialOptions, signal: AbortSignal): Promise<void> {
  const random = options.random ?? Math.random;
  let failureCount = 0;
  while (!signal.aborted) {
    const outcome = await runOnce(options, signal);
    if (signal.aborted) return;
    if (outcome.hasOpened) failureCount = 0;
    const backoff = options.backoff ?? DEFAULT_BACKOFF;
    const delayMs =
      outcome.ended === null
        ? backoff.minDelayMs
        : pickRetryDelayMs(outcome.ended, { failureCount, random: random(), backoff });
    failureCount += 1;
    options.onUnavailable?.(outcome.ended, delayMs);
    await delay(delayMs, undefined, { signal }).catch(() => {}); // aborted: the loop's condition ends it
  }
}

async function runOnce(
  options: RedialOptions,
  signal: AbortSignal,
): Promise<{ hasOpened: boolean; ended: LinkOutcome | null }> {
  const unavailable = Promise.withResolvers<LinkOutcome | null>();
  const result = await options.dial({
    onClose: (outcome) => unavailable.resolve(outcome),
    onDraining: () => unavailable.resolve(null),
  });
  if (result.type === "ended") return { hasOpened: false, ended: result.outcome };
  const { link } = result;
  if (signal.aborted) {
    link.goaway();
    return { hasOpened: true, ended: null };
  }
  const onAbort = (): void => link.goaway();
  signal.addEventListener("abort", onAbort, { once: true });
  options.onLink(link);
  const ended = await unavailable.promise;
  signal.removeEventListener("abort", onAbort);
  return { hasOpened: true, ended };
}
