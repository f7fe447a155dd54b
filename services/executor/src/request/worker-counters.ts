import { DurationBuckets } from "@nano/service-kit/duration-buckets";
import { LIMIT_REFUSALS } from "../limit-reasons.ts";

/** What a worker counts since it started; its supervisor exports it. */
export class WorkerCounters {
  requests = 0;
  refusedFull = 0;
  coldStarts = 0;
  /** From a request that could begin to its turn. */
  readonly queueWait = new DurationBuckets();
  readonly limitEnds: Record<string, number> = {};
  readonly limitRefusals: Record<string, number> = {};

  /** @param reason of those in limit-reasons.ts */
  countLimit(reason: string, addedCount = 1): void {
    const counts = LIMIT_REFUSALS.has(reason) ? this.limitRefusals : this.limitEnds;
    counts[reason] = (counts[reason] ?? 0) + addedCount;
  }
}
