/** Who may run threads for connections: so many per node, over all of its WebSocket workers. */
import type { WorkerId } from "@nano/protocol/brands";

export class ThreadPermits {
  readonly limitCount: number;
  readonly #byWorker = new Map<WorkerId, number>();
  #takenCount = 0;

  constructor(limitCount: number) {
    this.limitCount = limitCount;
  }

  get takenCount(): number {
    return this.#takenCount;
  }

  take(id: WorkerId): boolean {
    if (this.#takenCount >= this.limitCount) return false;
    this.#takenCount += 1;
    this.#byWorker.set(id, (this.#byWorker.get(id) ?? 0) + 1);
    return true;
  }

  /** Of a worker that has none, nothing. */
  release(id: WorkerId): void {
    const heldCount = this.#byWorker.get(id) ?? 0;
    if (heldCount === 0) return;
    this.#takenCount -= 1;
    this.#byWorker.set(id, heldCount - 1);
  }

  /** The worker is gone, and its threads with it. */
  forget(id: WorkerId): void {
    this.#takenCount -= this.#byWorker.get(id) ?? 0;
    this.#byWorker.delete(id);
  }
}
