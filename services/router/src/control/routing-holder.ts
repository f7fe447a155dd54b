/**
 * The one route table that requests read, filled by cells, and those that wait for a worker.
 *
 * I1 Where two cells have a route for the same host and path, that of the cell which is listed first is taken; the other takes over when it goes.
 */
import { RouteTable } from "../request/route-table.ts";
import type { AppEntry, RoutingReference } from "../request/routing-state.ts";

export class RoutingHolder implements RoutingReference {
  readonly #table = new RouteTable<AppEntry>();
  /** By host and path: an entry for each cell that has such a route, by the cell's place. */
  readonly #claims = new Map<string, (AppEntry | undefined)[]>();
  #conflictCount = 0;
  /** Bounded by the requests in flight. */
  readonly #waiting = new Set<() => void>();

  get routeCount(): number {
    return this.#table.routeCount;
  }

  /** Routes that lead nowhere because a cell before theirs has the same host and path. */
  get conflictCount(): number {
    return this.#conflictCount;
  }

  find(host: string, path: string): AppEntry | null {
    return this.#table.find(host, path);
  }

  /**
   * A cell's route, in place of the one that it had there; null: it has none there.
   * @param route in canonical form
   * @returns how many cells have a route there now
   */
  claim(cellPlace: number, route: { readonly host: string; readonly path: string }, entry: AppEntry | null): number {
    const { host, path } = route;
    const key = host + path;
    const claims = this.#claims.get(key) ?? [];
    const before = countOf(claims);
    claims[cellPlace] = entry ?? undefined;
    const count = countOf(claims);
    this.#conflictCount += Math.max(0, count - 1) - Math.max(0, before - 1);
    const first = claims.find((claim) => claim !== undefined);
    if (first === undefined) {
      this.#claims.delete(key);
      this.#table.delete(host, path);
    } else {
      this.#claims.set(key, claims);
      this.#table.set(host, path, first);
    }
    return count;
  }

  /** A link has opened, or workers have changed: requests that wait may try again. */
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

function countOf(claims: readonly (AppEntry | undefined)[]): number {
  let count = 0;
  for (const claim of claims) if (claim !== undefined) count += 1;
  return count;
}
