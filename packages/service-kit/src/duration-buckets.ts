/** A distribution of durations that is measured in one process and exported by another: plain numbers, so that it can be sent and summed. */

/** Upper bounds in milliseconds: from half a millisecond to half a minute. */
export const BUCKET_BOUNDS_MS: readonly number[] = [
  0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000,
];

export interface DurationCounts {
  /** One for each of `BUCKET_BOUNDS_MS` and one for what is longer; not cumulative. */
  readonly counts: readonly number[];
  readonly sumMs: number;
}

export class DurationBuckets implements DurationCounts {
  readonly counts: number[] = BUCKET_BOUNDS_MS.map(() => 0).concat(0);
  sumMs = 0;

  observeMs(durationMs: number): void {
    let bucket = 0;
    while (bucket < BUCKET_BOUNDS_MS.length && durationMs > (BUCKET_BOUNDS_MS[bucket] as number)) bucket += 1;
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.sumMs += durationMs;
  }

  /** Adds what another has counted since `before`. */
  addSince(counted: DurationCounts, before: DurationCounts | null): void {
    counted.counts.forEach((count, bucket) => {
      this.counts[bucket] = (this.counts[bucket] ?? 0) + count - (before?.counts[bucket] ?? 0);
    });
    this.sumMs += counted.sumMs - (before?.sumMs ?? 0);
  }
}
