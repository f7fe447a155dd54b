/** What a generator counts: answers from the end of its warm-up on, for so long. It tells its parent when counting begins, and then the result. */
import { setTimeout as delay } from "node:timers/promises";
import type { GeneratorResult } from "./generator.ts";
import { LatencyHistogram } from "./latency-histogram.ts";

const LOOK_MS = 5;

export interface CountedAnswer {
  readonly isRight: boolean;
  readonly latencyMs: number;
}

export class CountedRun {
  readonly #latencies = new LatencyHistogram();
  #wrong = 0;
  #isCounting = false;

  /** Wrong ones count from the beginning. */
  add({ isRight, latencyMs }: CountedAnswer): void {
    if (!isRight) this.#wrong += 1;
    if (this.#isCounting) this.#latencies.add(latencyMs);
  }

  /** Ends the process. A run ends with an answer: at its time, or with the first where that is later. */
  async end({ warmUpMs, durationMs }: { readonly warmUpMs: number; readonly durationMs: number }): Promise<never> {
    await delay(warmUpMs);
    this.#isCounting = true;
    const startMs = performance.now();
    process.stdout.write("counting\n");
    await delay(durationMs);
    while (this.#latencies.total === 0) await delay(LOOK_MS);
    const result: GeneratorResult = {
      requests: this.#latencies.total,
      wrong: this.#wrong,
      seconds: (performance.now() - startMs) / 1000,
      p50Ms: this.#latencies.percentile(0.5),
      p99Ms: this.#latencies.percentile(0.99),
    };
    process.stdout.write(`${JSON.stringify(result)}\n`);
    process.exit(0);
  }
}
