/** The one reference that requests read, and those that wait for it to change. */
import { WorkerSet } from "../request/pick-worker.ts";
import { RouteTable } from "../request/route-table.ts";
import type { RoutingReference, RoutingState } from "../request/routing-state.ts";

const EMPTY: RoutingState = { routes: new RouteTable([]), workers: new WorkerSet([]), nodeCount: 0 };

export class RoutingHolder implements RoutingReference {
  #current = EMPTY;
  /** Bounded by the requests in flight. */
  readonly #waiting = new Set<() => void>();

  get current(): RoutingState {
    return this.#current;
  }

  replace(state: RoutingState): void {
    this.#current = state;
    this.wake();
  }

  /** A link has opened: requests that wait may try again. */
  wake(): void {
    for (const resolve of [...this.#waiting]) resolve();
  }

  waitForWorker(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(finish);
        resolve();
      };
      const timer = setTimeout(finish, waitMs);
      this.#waiting.add(finish);
    });
  }
}
