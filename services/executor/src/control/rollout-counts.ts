/**
 * How versions in a rollout fare on this node, for its record: the registry halts those that fail.
 *
 * I1 Counts only grow while a rollout goes on, also when workers are lost: with a worker go the requests that ran in it, as failed ones.
 * I2 What was counted for one rollout of a version is none of the next one's.
 */
import type { VersionId, WorkerId } from "@nano/protocol/brands";
import type { RolloutCount } from "@nano/protocol/records";
import type { CountedVersion } from "../worker-messages.ts";
import type { RunningRollouts } from "./wanted-versions.ts";

type ByVersion = Readonly<Record<VersionId, CountedVersion>>;

export class RolloutCounts {
  readonly #rollouts: () => RunningRollouts;
  readonly #byWorker = new Map<WorkerId, ByVersion>();
  /** Of workers that are gone. */
  readonly #past = new Map<VersionId, { since: string; requestCount: number; errorCount: number }>();

  constructor(rollouts: () => RunningRollouts) {
    this.#rollouts = rollouts;
  }

  /** What a worker has counted since each rollout began. Answers whether anything is new. */
  report(id: WorkerId, counts: ByVersion): boolean {
    const before = this.#byWorker.get(id);
    this.#byWorker.set(id, counts);
    return Object.entries(counts).some(([versionId, { since, requestCount }]) => {
      const known = before?.[versionId as VersionId];
      return requestCount !== (known?.since === since ? known.requestCount : 0);
    });
  }

  /** @param running the version that was inside an entry */
  workerLost(id: WorkerId, running: VersionId | null): void {
    const counts = this.#byWorker.get(id) ?? ({} as ByVersion);
    this.#byWorker.delete(id);
    for (const [key, { since, requestCount, errorCount, runningCount }] of Object.entries(counts)) {
      this.#addPast(key as VersionId, since, {
        requestCount: requestCount + runningCount,
        errorCount: errorCount + runningCount,
      });
    }
    // It may have begun after the last report, and be what every report of such a worker misses.
    if (running === null || (counts[running]?.runningCount ?? 0) > 0) return;
    const since = this.#rollouts().get(running);
    if (since !== undefined) this.#addPast(running, since, { requestCount: 1, errorCount: 1 });
  }

  /** For the node's record. Of versions in no rollout, and of earlier rollouts, nothing. */
  get counts(): Readonly<Record<VersionId, RolloutCount>> {
    const rollouts = this.#rollouts();
    for (const [versionId, { since }] of this.#past) {
      if (rollouts.get(versionId) !== since) this.#past.delete(versionId);
    }
    const totals: Record<VersionId, RolloutCount> = {};
    for (const [versionId, since] of rollouts) {
      let { requestCount, errorCount } = this.#past.get(versionId) ?? { requestCount: 0, errorCount: 0 };
      for (const { [versionId]: counted } of this.#byWorker.values()) {
        if (counted?.since !== since) continue;
        requestCount += counted.requestCount;
        errorCount += counted.errorCount;
      }
      if (requestCount > 0) totals[versionId] = { requestCount, errorCount, since };
    }
    return totals;
  }

  #addPast(versionId: VersionId, since: string, { requestCount, errorCount }: RolloutCount): void {
    if (this.#rollouts().get(versionId) !== since) return;
    const known = this.#past.get(versionId);
    const past = known?.since === since ? known : { since, requestCount: 0, errorCount: 0 };
    past.requestCount += requestCount;
    past.errorCount += errorCount;
    this.#past.set(versionId, past);
  }
}
