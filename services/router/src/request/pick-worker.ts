/**
 * Which worker gets a request: rendezvous hashing with bounded load. An app stays on the first worker of its ranking
 * (`placement.ts` of `packages/protocol`), where its isolate is warm, while that has room; what is beyond goes to the next.
 *
 * I1 Rankings are made when they are asked for, a few places deep, and kept while the same workers are there: what their load does changes none.
 * I2 Apps that nobody asks for are forgotten: see `forgetIdle`.
 */
import type { Link } from "@nano/link/link";
import type { AppName, NodeId, WorkerId } from "@nano/protocol/brands";
import type { PostmortemAnswer } from "@nano/protocol/messages";
import { type HashedWorker, hashWorkers, rankWorkers, topWorkers } from "@nano/protocol/placement";

/** A worker as the request path sees it. Its link and load come and go; the rest stays. */
export interface WorkerSlot {
  readonly id: WorkerId;
  readonly nodeId: NodeId;
  /** Whom to ask about its node. */
  readonly supervisor: { readonly address: string; readonly credential: string };
  /** Null while there is no link; then, or while it is not open, the worker is not healthy. */
  readonly link: Link | null;
  /** Requests at once from which it counts as loaded. */
  readonly capacity: number;
  /** Requests of other routers, as far as its node has told. */
  readonly foreignCount: number;
  /** What became of a stream of a link that was lost: null where nobody can say in time. */
  askPostmortem(link: Link, streamId: number): Promise<PostmortemAnswer | null>;
}

/** How deep a ranking is made at first: more only for an app that has filled so many workers. */
const FIRST_DEPTH = 8;

/** The workers of an app, best first, as far as they were asked for. */
interface Ranking {
  slots: readonly WorkerSlot[];
  isWhole: boolean;
  /** How many of them got requests, since the last `forgetIdle` and in the time before it. */
  usedCount: number;
  usedBefore: number;
}

/** The workers of one moment: which they are never changes. */
export class WorkerSet {
  readonly #slots: readonly HashedWorker<WorkerSlot>[];
  /** By app, and by limit and app. Bounded by the number of apps: filled from the route table's apps only. */
  readonly #rankings = new Map<string, Ranking>();

  constructor(slots: Iterable<WorkerSlot>) {
    this.#slots = hashWorkers(slots);
  }

  get workerCount(): number {
    return this.#slots.length;
  }

  /** Apps whose ranking is kept. */
  get rankingCount(): number {
    return this.#rankings.size;
  }

  /**
   * The first worker of the app's ranking that is healthy, not loaded and not among `tried`; else the one of the healthy that is loaded least
   * for what it can take.
   *
   * @param workerCount most per node; 0: as load asks
   */
  pick(app: AppName, workerCount: number, tried: readonly WorkerSlot[] | null): WorkerSlot | null {
    const ranking = this.#rankingOf(app, workerCount);
    let leastLoaded: WorkerSlot | null = null;
    let leastRatio = Number.POSITIVE_INFINITY;
    let place = 0;
    for (; ; place += 1) {
      if (place === ranking.slots.length && !this.#deepen(app, ranking)) break;
      const slot = ranking.slots[place] as WorkerSlot;
      const { link } = slot;
      if (link === null || !link.isOpen || tried?.includes(slot)) continue;
      const count = link.streamCount + slot.foreignCount;
      if (count < slot.capacity) {
        if (place >= ranking.usedCount) ranking.usedCount = place + 1;
        return slot;
      }
      const ratio = count / slot.capacity;
      if (ratio < leastRatio) {
        leastLoaded = slot;
        leastRatio = ratio;
      }
    }
    if (leastLoaded !== null) ranking.usedCount = place;
    return leastLoaded;
  }

  /** A worker that can be reached of each node, the nodes in the app's order. */
  rankNodes(app: AppName): readonly WorkerSlot[] {
    const ranking = this.#rankingOf(app, 1);
    ranking.usedCount ||= 1;
    return ranking.slots.filter(({ link }) => link?.isOpen === true);
  }

  /** Workers that have had requests of an app of late. */
  usedBy(app: AppName, workerCount: number): readonly WorkerSlot[] {
    const ranking = this.#rankings.get(keyOf(app, workerCount));
    if (ranking === undefined) return [];
    return ranking.slots.slice(0, Math.max(ranking.usedCount, ranking.usedBefore));
  }

  /** To be called now and then: rankings that were not asked for since the call before the last go. */
  forgetIdle(): void {
    for (const [key, ranking] of this.#rankings) {
      if (ranking.usedCount === 0 && ranking.usedBefore === 0) this.#rankings.delete(key);
      ranking.usedBefore = ranking.usedCount;
      ranking.usedCount = 0;
    }
  }

  #rankingOf(app: AppName, workerCount: number): Ranking {
    const key = keyOf(app, workerCount);
    const known = this.#rankings.get(key);
    if (known !== undefined) return known;
    const isLimited = workerCount > 0;
    const slots = isLimited ? rankWorkers(this.#slots, app, workerCount) : topWorkers(this.#slots, app, FIRST_DEPTH);
    const isWhole = isLimited || slots.length === this.#slots.length;
    const ranking = { slots, isWhole, usedCount: 0, usedBefore: 0 };
    this.#rankings.set(key, ranking);
    return ranking;
  }

  #deepen(app: AppName, ranking: Ranking): boolean {
    if (ranking.isWhole) return false;
    ranking.slots = rankWorkers(this.#slots, app, 0);
    ranking.isWhole = true;
    return true;
  }
}

/** Two versions of an app may differ in it. */
function keyOf(app: AppName, workerCount: number): string {
  return workerCount === 0 ? app : `${workerCount} ${app}`;
}
