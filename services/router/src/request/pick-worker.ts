/**
 * Which worker gets a request: the first by `placement.ts` of `packages/protocol`, where the app's isolate is warm; the next
 * choice where the first is loaded or has said no.
 */
import type { Link } from "@nano/link/link";
import type { AppName, NodeId, WorkerId } from "@nano/protocol/brands";
import type { PostmortemAnswer } from "@nano/protocol/messages";
import { type HashedWorker, hashWorkers, rankWorkers } from "@nano/protocol/placement";

/** A worker as the request path sees it. Its link comes and goes; the rest stays. */
export interface WorkerSlot {
  readonly id: WorkerId;
  readonly nodeId: NodeId;
  /** Null while there is no link; then, or while it is not open, the worker is not healthy. */
  readonly link: Link | null;
  /** What became of a stream of a link that was lost: null where nobody can say in time. */
  askPostmortem(link: Link, streamId: number): Promise<PostmortemAnswer | null>;
}

/** The workers of one moment. Immutable, but for what it remembers of its own answers. */
export class WorkerSet {
  readonly #slots: readonly HashedWorker<WorkerSlot>[];
  /** Bounded by the number of apps: filled from the route table's apps only. */
  readonly #candidates = new Map<AppName, readonly WorkerSlot[]>();

  constructor(slots: Iterable<WorkerSlot>) {
    this.#slots = hashWorkers(slots);
  }

  get workerCount(): number {
    return this.#slots.length;
  }

  /** The app's workers, best first. @param workerCount most per node; 0: as load asks */
  candidatesOf(app: AppName, workerCount: number): readonly WorkerSlot[] {
    let candidates = this.#candidates.get(app);
    if (candidates === undefined) {
      candidates = rankWorkers(this.#slots, app, workerCount);
      this.#candidates.set(app, candidates);
    }
    return candidates;
  }
}

/**
 * The first candidate that is healthy, not loaded and not among `tried`; else the least loaded of the healthy ones.
 *
 * @param loadedCount requests in flight from which a worker counts as loaded
 */
export function pickWorker(
  candidates: readonly WorkerSlot[],
  options: { readonly tried: readonly WorkerSlot[] | null; readonly loadedCount: number },
): WorkerSlot | null {
  let leastLoaded: WorkerSlot | null = null;
  let leastCount = Number.POSITIVE_INFINITY;
  for (const slot of candidates) {
    const { link } = slot;
    if (link === null || !link.isOpen || options.tried?.includes(slot)) continue;
    const count = link.streamCount;
    if (count < options.loadedCount) return slot;
    if (count < leastCount) {
      leastLoaded = slot;
      leastCount = count;
    }
  }
  return leastLoaded;
}
