/**
 * Routers' choice of a worker (`services/router/src/request/pick-worker.ts`) over a Zipf load, without processes: rendezvous hashing with
 * bounded load, over workers that each keep so many isolates.
 *
 * The load is a closed loop, or an open one of a steady rate, of requests that take equally long: so many are in flight, and with each that
 * comes the oldest ends.
 */
import type { AppName, NodeId, WorkerId } from "@nano/protocol/brands";
import { type HashedWorker, hashWorkers, type PlacedWorker, rankWorkers, topWorkers } from "@nano/protocol/placement";
import { appNameOf } from "./cluster-records.ts";
import { PerfectLru } from "./perfect-lru.ts";
import type { Zipf } from "./zipf.ts";

/** As deep as a router ranks at first. */
const FIRST_DEPTH = 8;

export interface PlacementOptions {
  readonly appCount: number;
  readonly workers: readonly PlacedWorker[];
  /** Requests at once from which a worker counts as loaded. */
  readonly capacityCount: number;
  /** Requests in flight over all workers. */
  readonly inFlightCount: number;
  /** Isolates that a worker keeps. */
  readonly isolateCount: number;
}

export interface PlacementFigures {
  readonly requestCount: number;
  /** Requests whose worker has had their app before. */
  readonly knownRatio: number;
  /** Requests whose worker had no isolate of their app, so that one had to be restored. */
  readonly restoredRatio: number;
  readonly busiestToMean: number;
  /** Workers that an app has had requests on, over all apps that had any: what spilling adds to memory. */
  readonly workersPerApp: number;
  /** Apps that a worker has had, on average and at most. */
  readonly appsPerWorker: { readonly mean: number; readonly most: number };
}

/** Workers under the names that simulated executors give themselves. */
export function namedWorkers(nodeCount: number, workersPerNode: number): PlacedWorker[] {
  return Array.from({ length: nodeCount * workersPerNode }, (_, index) => {
    const nodeId = `node-${Math.floor(index / workersPerNode) + 1}` as NodeId;
    return { id: `${nodeId}-w${index % workersPerNode}` as WorkerId, nodeId };
  });
}

export class PlacementSimulation {
  readonly #options: PlacementOptions;
  readonly #hashed: readonly HashedWorker[];
  readonly #places = new Map<WorkerId, number>();
  /** By app: places of its workers, best first, as far as they were asked for. */
  readonly #rankings: (readonly number[])[] = [];
  readonly #known: Set<number>[];
  readonly #kept: PerfectLru[];
  readonly #counts: Int32Array;
  /** Workers of the requests in flight, a ring. */
  readonly #inFlight: Int32Array;
  #begun = 0;

  constructor(options: PlacementOptions) {
    const { workers, inFlightCount, isolateCount } = options;
    this.#options = options;
    this.#hashed = hashWorkers(workers);
    workers.forEach(({ id }, place) => {
      this.#places.set(id, place);
    });
    this.#known = workers.map(() => new Set());
    this.#kept = workers.map(() => new PerfectLru(isolateCount));
    this.#counts = new Int32Array(workers.length);
    this.#inFlight = new Int32Array(inFlightCount);
  }

  /** Asks each app once while nothing is loaded, the rarest first, so that those asked for most are the ones that stay. */
  askAll(): void {
    for (let app = this.#options.appCount - 1; app >= 0; app--) this.#use(app, this.#rankingOf(app)[0] as number);
  }

  run(zipf: Zipf, requestCount: number): PlacementFigures {
    const byWorker = new Int32Array(this.#counts.length);
    const asked = new Set<number>();
    let known = 0;
    let restored = 0;
    for (let count = 0; count < requestCount; count++) {
      const app = zipf.next();
      const slot = this.#begun % this.#inFlight.length;
      if (this.#begun >= this.#inFlight.length) add(this.#counts, this.#inFlight[slot] as number, -1);
      const place = this.#pick(app);
      add(this.#counts, place, 1);
      this.#inFlight[slot] = place;
      this.#begun += 1;
      add(byWorker, place, 1);
      asked.add(app);
      const was = this.#use(app, place);
      if (was.isKnown) known += 1;
      if (!was.isKept) restored += 1;
    }
    const appCounts = this.#known.map(({ size }) => size);
    const pairs = appCounts.reduce((sum, count) => sum + count, 0);
    const distinct = new Set(this.#known.flatMap((apps) => [...apps])).size;
    return {
      requestCount,
      knownRatio: known / requestCount,
      restoredRatio: restored / requestCount,
      busiestToMean: (Math.max(...byWorker) * byWorker.length) / requestCount,
      workersPerApp: pairs / distinct,
      appsPerWorker: { mean: pairs / appCounts.length, most: Math.max(...appCounts) },
    };
  }

  /** The busiest worker over the mean, if every request went to its app's first worker. */
  unspilledRatio(zipf: Zipf): number {
    const weights = new Float64Array(this.#counts.length);
    for (let app = 0; app < this.#options.appCount; app++) {
      add(weights, this.#rankingOf(app)[0] as number, zipf.weightOf(app));
    }
    return Math.max(...weights) * weights.length;
  }

  #use(app: number, place: number): { readonly isKnown: boolean; readonly isKept: boolean } {
    const known = this.#known[place] as Set<number>;
    const isKnown = known.has(app);
    known.add(app);
    return { isKnown, isKept: (this.#kept[place] as PerfectLru).use(app) };
  }

  #pick(app: number): number {
    const { capacityCount } = this.#options;
    let ranking = this.#rankingOf(app);
    let least = -1;
    for (let at = 0; at < this.#counts.length; at++) {
      if (at === ranking.length) ranking = this.#deepen(app);
      const place = ranking[at] as number;
      const count = this.#counts[place] as number;
      if (count < capacityCount) return place;
      if (least < 0 || count < (this.#counts[least] as number)) least = place;
    }
    return least;
  }

  #rankingOf(app: number): readonly number[] {
    this.#rankings[app] ??= this.#toPlaces(topWorkers(this.#hashed, appNameOf(app), FIRST_DEPTH));
    return this.#rankings[app];
  }

  #deepen(app: number): readonly number[] {
    const ranking = this.#toPlaces(rankWorkers(this.#hashed, appNameOf(app) as AppName, 0));
    this.#rankings[app] = ranking;
    return ranking;
  }

  #toPlaces(workers: readonly PlacedWorker[]): readonly number[] {
    return workers.map(({ id }) => this.#places.get(id) as number);
  }
}

function add(sums: Int32Array | Float64Array, at: number, value: number): void {
  sums[at] = (sums[at] as number) + value;
}
