/** What the cache process tells its supervisor in numbers. */
export type CacheOutcome =
  | "hit"
  | "miss"
  | "kept"
  | "not_kept"
  | "deleted"
  | "told"
  | "limited"
  | "failed"
  | "cancelled";

export interface CacheCounts {
  /** `told`: names, lists and caches that were opened. */
  readonly operationsByOutcome: Readonly<Record<CacheOutcome, number>>;
  readonly evictionsTotal: number;
  readonly damagedTotal: number;
  /** As of now. */
  readonly bytes: number;
  readonly entryCount: number;
  readonly runningCount: number;
  readonly waitingCount: number;
}

export class CacheCounters {
  readonly #outcomes: Record<CacheOutcome, number> = {
    hit: 0,
    miss: 0,
    kept: 0,
    not_kept: 0,
    deleted: 0,
    told: 0,
    limited: 0,
    failed: 0,
    cancelled: 0,
  };

  count(outcome: CacheOutcome): void {
    this.#outcomes[outcome] += 1;
  }

  /** @param others what is counted elsewhere */
  read(others: Omit<CacheCounts, "operationsByOutcome">): CacheCounts {
    return { operationsByOutcome: { ...this.#outcomes }, ...others };
  }
}
