/**
 * Which versions a worker is given before anyone asks: those of apps that routers will ask it for first, by placement. In a cluster no
 * worker could hold them all; what is not given ahead is given on demand.
 *
 * I1 At most `limitCount` for each worker.
 * I2 At most `CONCURRENCY` are under way at a time, so that those that requests wait for are not behind them.
 */
import type { AppName, NodeId, VersionId, WorkerId } from "@nano/protocol/brands";
import { firstWorker, type HashedWorker, hashWorkers, type PlacedWorker } from "@nano/protocol/placement";
import type { NodeRecord, StoreChange, StoreRecord } from "@nano/protocol/records";

const CONCURRENCY = 4;

export interface GivenAheadOptions {
  /** This node: of its workers the supervisor knows more than its record says. */
  readonly nodeId: NodeId;
  /** Versions that one worker is given ahead. */
  readonly limitCount: number;
  onDecided?(outcome: "given" | "over_limit"): void;
}

/** A worker of this node. */
interface OwnWorker {
  readonly id: string;
}

export class GivenAhead<W extends OwnWorker> {
  readonly #options: GivenAheadOptions;
  readonly #nodes = new Map<string, NodeRecord>();
  readonly #given = new WeakMap<W, Set<VersionId>>();
  #queue: (() => Promise<void>)[] = [];
  #runningCount = 0;

  constructor(options: GivenAheadOptions) {
    this.#options = options;
  }

  /** Other nodes come and go. @param changes undefined: all records are new */
  update(records: ReadonlyMap<string, StoreRecord>, changes: readonly StoreChange[] | undefined): void {
    if (changes === undefined) this.#nodes.clear();
    const changed = changes ?? [...records].map(([key, record]) => ({ key, record }));
    for (const { key, record } of changed) {
      if (!key.startsWith("node/")) continue;
      if (record?.kind === "node" && !record.draining && record.id !== this.#options.nodeId)
        this.#nodes.set(key, record);
      else this.#nodes.delete(key);
    }
  }

  /** Of these versions, those that routers will ask this worker for first, as far as it has room. */
  pickFor(worker: W, versions: Iterable<readonly [VersionId, AppName]>, own: Iterable<W>): VersionId[] {
    const placed = this.#placeAll(new Set([...own, worker]));
    const given = this.#givenTo(worker);
    const picked: VersionId[] = [];
    for (const [versionId, app] of versions) {
      if (given.has(versionId) || firstWorker(placed, app)?.id !== worker.id) continue;
      const hasRoom = given.size < this.#options.limitCount;
      this.#options.onDecided?.(hasRoom ? "given" : "over_limit");
      if (!hasRoom) continue;
      given.add(versionId);
      picked.push(versionId);
    }
    return picked;
  }

  /** The worker has it no more. */
  forget(worker: W, versionId: VersionId): void {
    this.#given.get(worker)?.delete(versionId);
  }

  /** Runs what gives a version, when its turn comes. It must not reject. */
  run(give: () => Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      this.#queue.push(() => give().then(resolve));
      this.#runNext();
    });
  }

  #runNext(): void {
    while (this.#runningCount < CONCURRENCY) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      this.#runningCount += 1;
      void next().finally(() => {
        this.#runningCount -= 1;
        this.#runNext();
      });
    }
  }

  #givenTo(worker: W): Set<VersionId> {
    let given = this.#given.get(worker);
    if (given === undefined) {
      given = new Set();
      this.#given.set(worker, given);
    }
    return given;
  }

  #placeAll(own: Iterable<W>): readonly HashedWorker[] {
    const { nodeId } = this.#options;
    const placed: PlacedWorker[] = [...own].map(({ id }) => ({ id: id as WorkerId, nodeId }));
    for (const node of this.#nodes.values()) {
      for (const { id } of node.workers) placed.push({ id, nodeId: node.id });
    }
    return hashWorkers(placed);
  }
}
