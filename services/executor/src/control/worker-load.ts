/** How loaded workers are, as routers are told: in tenths of their capacity, so that not every request is a change of the feed. */
import type { WorkerId } from "@nano/protocol/brands";

/** By how many tenths it must differ from what was told: a load between two tenths does not change its mind. */
const CHANGE_TENTHS = 0.75;

export class WorkerLoad {
  readonly #capacityCount: number;
  readonly #tenths = new Map<WorkerId, number>();

  constructor(capacityCount: number) {
    this.#capacityCount = capacityCount;
  }

  /** Takes what a worker has in flight. Answers whether routers are to hear of it. */
  report(id: WorkerId, inFlightCount: number): boolean {
    const before = this.#tenths.get(id);
    const tenths = Math.min(10, (inFlightCount / this.#capacityCount) * 10);
    if (before !== undefined && Math.abs(tenths - before) < CHANGE_TENTHS) return false;
    const told = Math.round(tenths);
    this.#tenths.set(id, told);
    return told !== (before ?? 0);
  }

  forget(id: WorkerId): void {
    this.#tenths.delete(id);
  }

  /** 0 to 10. */
  of(id: WorkerId): number {
    return this.#tenths.get(id) ?? 0;
  }
}
