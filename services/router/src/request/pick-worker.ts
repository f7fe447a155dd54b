/**
 * Which worker gets a request: rendezvous hashing of the app over the workers, so that an app stays where its isolate is
 * warm and moves only when its worker goes; the next choice where the first is loaded or has said no.
 */
import type { Link } from "@nano/link/link";
import type { AppName, NodeId, WorkerId } from "@nano/protocol/brands";
import type { PostmortemAnswer } from "@nano/protocol/messages";

/** A worker as the request path sees it. Its link comes and goes; the rest stays. */
export interface WorkerSlot {
  readonly id: WorkerId;
  readonly nodeId: NodeId;
  /** Null while there is no link; then, or while it is not open, the worker is not healthy. */
  readonly link: Link | null;
  /** What became of a stream of a link that was lost: null where nobody can say in time. */
  askPostmortem(link: Link, streamId: number): Promise<PostmortemAnswer | null>;
}

interface ScoredSlot {
  readonly slot: WorkerSlot;
  readonly idHash: number;
}

/** The workers of one moment. Immutable, but for what it remembers of its own answers. */
export class WorkerSet {
  readonly #slots: readonly ScoredSlot[];
  /** Bounded by the number of apps: filled from the route table's apps only. */
  readonly #candidates = new Map<AppName, readonly WorkerSlot[]>();

  constructor(slots: Iterable<WorkerSlot>) {
    this.#slots = [...slots].map((slot) => ({ slot, idHash: hashText(slot.id) }));
  }

  get workerCount(): number {
    return this.#slots.length;
  }

  /** The app's workers, best first. @param workerCount most per node; 0: as load asks */
  candidatesOf(app: AppName, workerCount: number): readonly WorkerSlot[] {
    let candidates = this.#candidates.get(app);
    if (candidates === undefined) {
      candidates = rankWorkers(this.#slots, hashText(app), workerCount);
      this.#candidates.set(app, candidates);
    }
    return candidates;
  }
}

function rankWorkers(slots: readonly ScoredSlot[], appHash: number, workerCount: number): readonly WorkerSlot[] {
  const ranked = slots
    .map(({ slot, idHash }) => ({ slot, score: mix(idHash ^ appHash) }))
    .sort((a, b) => b.score - a.score || (a.slot.id < b.slot.id ? -1 : 1));
  if (workerCount === 0) return ranked.map(({ slot }) => slot);
  const countByNode = new Map<NodeId, number>();
  return ranked.flatMap(({ slot }) => {
    const count = countByNode.get(slot.nodeId) ?? 0;
    if (count >= workerCount) return [];
    countByNode.set(slot.nodeId, count + 1);
    return [slot];
  });
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

/** FNV-1a. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

/** The finalizer of MurmurHash3: near inputs get far outputs. */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
