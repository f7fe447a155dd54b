/** Whether memory creeps: the slope of a line through samples. */

export interface ResidentSample {
  readonly elapsedMs: number;
  readonly residentBytes: number;
}

const TEN_MINUTES_MS = 600_000;

/** Growth per ten minutes by least squares over the last half of the time, as a share of the mean there; NaN from fewer than two samples. */
export function slopeRatioPerTenMinutes(samples: readonly ResidentSample[]): number {
  const endMs = samples.at(-1)?.elapsedMs ?? 0;
  const last = samples.filter(({ elapsedMs }) => elapsedMs >= endMs / 2);
  const mean = (of: (sample: ResidentSample) => number) => last.reduce((sum, s) => sum + of(s), 0) / last.length;
  const meanMs = mean((s) => s.elapsedMs);
  const meanBytes = mean((s) => s.residentBytes);
  const covariance = mean((s) => (s.elapsedMs - meanMs) * (s.residentBytes - meanBytes));
  const variance = mean((s) => (s.elapsedMs - meanMs) ** 2);
  return ((covariance / variance) * TEN_MINUTES_MS) / meanBytes;
}
