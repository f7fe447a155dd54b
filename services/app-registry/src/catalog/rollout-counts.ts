/**
 * How a rollout fares, summed over executors that come and go.
 *
 * I1 What a node had counted before the rollout began is none of it: nodes say what rollout they counted (`since`), and of those that do not,
 *    what they had told before it is left out.
 * I2 A count that is lower than before was begun anew: what was counted until then stays counted.
 * I3 At most `MAX_COUNTED_NODES` are told apart; what those counted that were forgotten stays in the sum.
 */
import type { NodeId } from "@nano/protocol/brands";
import type { NodeRecord, Rollout, RolloutCount, StoreRecord } from "@nano/protocol/records";

export const MAX_COUNTED_NODES = 1_000;
const NOTHING: RolloutCount = { requestCount: 0, errorCount: 0 };

/** What nodes have counted of a version so far; those that have counted nothing are left out. */
export function countsByNode(nodes: Iterable<NodeRecord>, version: Rollout["version"]): Record<NodeId, RolloutCount> {
  const counts: Record<NodeId, RolloutCount> = {};
  for (const { id, rollouts } of nodes) {
    const count = rollouts?.[version];
    if (count === undefined || count.requestCount === 0) continue;
    counts[id] = { requestCount: count.requestCount, errorCount: count.errorCount };
  }
  return counts;
}

export function nodesOf(records: ReadonlyMap<string, StoreRecord>): readonly NodeRecord[] {
  return [...records.values()].filter((record) => record.kind === "node");
}

/** Whether so many failed that a rollout ends. */
export function isFailing({ requestCount, errorCount }: RolloutCount, haltAt: Rollout["haltAt"]): boolean {
  return requestCount >= haltAt.requestCount && errorCount / requestCount > haltAt.errorRate;
}

/** One rollout, from its begin on. */
export class RolloutSum {
  /** What each node told last, those that are gone included: they may come back with the same counts. */
  readonly #told: Map<NodeId, RolloutCount>;
  readonly #startedAt: string;
  #requestCount = 0;
  #errorCount = 0;

  constructor(rollout: Rollout) {
    this.#startedAt = rollout.startedAt;
    this.#told = new Map(Object.entries(rollout.countedBefore ?? {}) as [NodeId, RolloutCount][]);
  }

  get count(): RolloutCount {
    return { requestCount: this.#requestCount, errorCount: this.#errorCount };
  }

  /** Takes up what nodes tell now. */
  add(nodes: Iterable<NodeRecord>, version: Rollout["version"]): void {
    for (const { id, rollouts } of nodes) {
      const now = this.#ofThis(rollouts?.[version]);
      const last = this.#told.get(id) ?? NOTHING;
      const told = last.since === now.since ? last : NOTHING;
      const isNew = now.requestCount < told.requestCount || now.errorCount < told.errorCount;
      const before = isNew ? NOTHING : told;
      this.#requestCount += now.requestCount - before.requestCount;
      this.#errorCount += now.errorCount - before.errorCount;
      // Put last: those that have been gone the longest are first.
      this.#told.delete(id);
      if (now.requestCount > 0) this.#told.set(id, now);
    }
    for (const id of this.#told.keys()) {
      if (this.#told.size <= MAX_COUNTED_NODES) break;
      this.#told.delete(id);
    }
  }

  #ofThis(count: RolloutCount = NOTHING): RolloutCount {
    return count.since === undefined || count.since === this.#startedAt ? count : NOTHING;
  }
}
