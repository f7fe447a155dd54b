/**
 * Where an app belongs: rendezvous hashing of the app over all workers, so that an app stays where its isolate is warm and
 * moves only when its worker goes. Routers rank by it what they pick from; executors prepare by it what routers will ask of them.
 *
 * Part of the contract between releases: a router and an executor that disagree would prepare apps where nobody sends them.
 */
import type { AppName, NodeId, WorkerId } from "./brands.ts";

/** What placement reads of a worker. */
export interface PlacedWorker {
  readonly id: WorkerId;
  readonly nodeId: NodeId;
}

/** A worker with the hash of its id, so that ranking for an app hashes the app alone. */
export interface HashedWorker<W extends PlacedWorker = PlacedWorker> {
  readonly worker: W;
  readonly idHash: number;
}

export function hashWorkers<W extends PlacedWorker>(workers: Iterable<W>): readonly HashedWorker<W>[] {
  return [...workers].map((worker) => ({ worker, idHash: hashText(worker.id) }));
}

/** The app's workers, best first. @param workerCount most per node; 0: all */
export function rankWorkers<W extends PlacedWorker>(
  workers: readonly HashedWorker<W>[],
  app: AppName,
  workerCount: number,
): readonly W[] {
  const appHash = hashText(app);
  const ranked = workers
    .map(({ worker, idHash }) => ({ worker, score: mix(idHash ^ appHash) }))
    .sort((a, b) => b.score - a.score || (a.worker.id < b.worker.id ? -1 : 1));
  if (workerCount === 0) return ranked.map(({ worker }) => worker);
  const countByNode = new Map<NodeId, number>();
  return ranked.flatMap(({ worker }) => {
    const count = countByNode.get(worker.nodeId) ?? 0;
    if (count >= workerCount) return [];
    countByNode.set(worker.nodeId, count + 1);
    return [worker];
  });
}

/** The first of `rankWorkers`, without ranking the others; null where there is no worker. */
export function firstWorker<W extends PlacedWorker>(workers: readonly HashedWorker<W>[], app: AppName): W | null {
  const appHash = hashText(app);
  let first: W | null = null;
  let best = -1;
  for (const { worker, idHash } of workers) {
    const score = mix(idHash ^ appHash);
    if (score < best || (score === best && first !== null && first.id < worker.id)) continue;
    first = worker;
    best = score;
  }
  return first;
}

/** The first `count` of `rankWorkers` without a limit per node: one pass over the workers, however many apps ask. */
export function topWorkers<W extends PlacedWorker>(
  workers: readonly HashedWorker<W>[],
  app: AppName,
  count: number,
): readonly W[] {
  const appHash = hashText(app);
  const top: W[] = [];
  const scores: number[] = [];
  for (const { worker, idHash } of workers) {
    const score = mix(idHash ^ appHash);
    let place = top.length;
    for (; place > 0; place -= 1) {
      const other = scores[place - 1] as number;
      if (score < other || (score === other && worker.id > (top[place - 1] as W).id)) break;
    }
    if (place >= count) continue;
    top.splice(place, 0, worker);
    scores.splice(place, 0, score);
    if (top.length > count) {
      top.pop();
      scores.pop();
    }
  }
  return top;
}

/** FNV-1a. @param seed an earlier hash, to go on from */
export function hashText(text: string, seed = 0x811c9dc5): number {
  let hash = seed;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

/** The finalizer of MurmurHash3: near inputs get far outputs. */
export function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
