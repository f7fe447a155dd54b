/** Latencies counted in steps, so that a long run holds no more than a short one. */

const STEP_MS = 0.01;
/** Ten seconds; what took longer counts as that. */
const STEPS = 1_000_000;

export class LatencyHistogram {
  readonly #counts = new Uint32Array(STEPS);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(latencyMs: number): void {
    const step = Math.min(STEPS - 1, Math.floor(latencyMs / STEP_MS));
    this.#counts[step] = (this.#counts[step] ?? 0) + 1;
    this.#total += 1;
  }

  /** Milliseconds below which this share of them is. */
  percentile(ratio: number): number {
    let seen = 0;
    for (let step = 0; step < STEPS; step++) {
      seen += this.#counts[step] ?? 0;
      if (seen >= this.#total * ratio) return step * STEP_MS;
    }
    return STEPS * STEP_MS;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }
}
