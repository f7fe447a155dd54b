/** Node records as the API shows them: no credentials. */
import type { StoreState } from "@nano/control-store/follow-store";
import type { NodeRecord, WorkerEndpoint } from "@nano/protocol/records";
import type { NodeAnswer } from "@nano/protocol/registry-api";

/** What a worker says of its load is in parts of its capacity. */
const LOAD_PARTS = 10;

/** By id. */
export function showNodes({ records }: StoreState): NodeAnswer[] {
  const nodes = [...records.values()].filter((record) => record.kind === "node");
  return nodes.map(showNode).sort((a, b) => (a.id < b.id ? -1 : 1));
}

function showNode({ id, engine, supervisor, workers, draining, badSlivers = {} }: NodeRecord): NodeAnswer {
  return {
    id,
    engine,
    address: supervisor.address,
    workerCount: workers.length,
    load: loadOf(workers),
    isDraining: draining,
    badSliverCount: Object.keys(badSlivers).length,
  };
}

/** Of all workers that tell theirs. */
function loadOf(workers: readonly WorkerEndpoint[]): number | null {
  let usedCount = 0;
  let capacityCount = 0;
  for (const { capacity, load } of workers) {
    if (capacity === undefined || load === undefined) continue;
    capacityCount += capacity;
    usedCount += (load / LOAD_PARTS) * capacity;
  }
  return capacityCount === 0 ? null : Math.round((usedCount / capacityCount) * 1000) / 1000;
}
