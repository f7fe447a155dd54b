import { DurationBuckets } from "@nano/service-kit/duration-buckets";

/** What a worker counts since it started; its supervisor exports it. */
export class WorkerCounters {
  requests = 0;
  refusedFull = 0;
  coldStarts = 0;
  /** From a request that could begin to its turn. */
  readonly queueWait = new DurationBuckets();
  readonly limitEnds: Record<string, number> = {};

  /** @param reason one of the isolate's ends, or of a request that its isolate outlives: a bounded set */
  countLimit(reason: string): void {
    this.limitEnds[reason] = (this.limitEnds[reason] ?? 0) + 1;
  }
}
