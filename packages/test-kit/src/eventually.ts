import { setTimeout as delay } from "node:timers/promises";

/** How long a condition of a test may take to hold, also on a busy machine. */
const DEFAULT_TIMEOUT_MS = 10_000;
const POLL_INTERVAL_MS = 2;

/** Resolves once `holds` answers true; for what has no event to wait for. @throws when it does not in `timeoutMs` */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  options: { timeoutMs?: number } = {},
): Promise<void> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error(`It did not hold within ${timeoutMs} ms: ${holds.toString()}`);
    await delay(POLL_INTERVAL_MS);
  }
}
