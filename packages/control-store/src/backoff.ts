/** Pauses between tries: they double up to a bound, and are drawn at random so that many do not come at once. */

export const BACKOFF_FIRST_MS = 50;
export const BACKOFF_MAX_MS = 2000;

export interface Backoff {
  nextMs(): number;
  reset(): void;
}

export interface BackoffOptions {
  readonly firstMs?: number;
  readonly maxMs?: number;
}

export function createBackoff(options: BackoffOptions = {}): Backoff {
  const firstMs = options.firstMs ?? BACKOFF_FIRST_MS;
  const maxMs = options.maxMs ?? BACKOFF_MAX_MS;
  let ceilingMs = firstMs;
  return {
    nextMs() {
      const pauseMs = ceilingMs * (0.5 + Math.random() / 2);
      ceilingMs = Math.min(maxMs, ceilingMs * 2);
      return pauseMs;
    },
    reset() {
      ceilingMs = firstMs;
    },
  };
}
