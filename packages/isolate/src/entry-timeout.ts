/** How long one entry may take, in wall time, before V8 is told to stop. */

/** An entry may take this many times its remaining CPU in wall time, plus a grace: the thread is shared. */
const WALL_PER_CPU = 4;
const WALL_GRACE_MS = 50;
/**
 * Time limits end at multiples of this. isolated-vm keeps the timer of each entry until its limit would have ended, and wakes a thread for it
 * then: those that end together cost one wake.
 */
const DEADLINE_GRID_MS = 32;

/** The time to the first multiple of the grid that is as far away as `remainingCpuMs` of CPU may take. */
export function entryTimeoutMs(remainingCpuMs: number): number {
  const nowMs = performance.now();
  const limitMs = Math.max(1, remainingCpuMs) * WALL_PER_CPU + WALL_GRACE_MS;
  return Math.ceil(Math.ceil((nowMs + limitMs) / DEADLINE_GRID_MS) * DEADLINE_GRID_MS - nowMs);
}
