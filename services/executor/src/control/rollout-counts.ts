/**
 * How versions in a rollout fare on this node, for its record: the registry halts those that fail.
 *
 * I1 Counts only grow while the process lives, also when workers are lost: with a worker go the requests that ran in it, as failed ones.
 */
import type { VersionId, WorkerId } from "@nano/protocol/brands";
import type { RolloutCount } from "@nano/protocol/records";
import type { CountedVersion } from "../worker-messages.ts";

type ByVersion = Readonly<Record<VersionId, CountedVersion>>;

export class RolloutCounts {
  readonly #byWorker = new Map<WorkerId, ByVersion>();
  /** Of workers that are gone. */
  readonly #past = new Map<VersionId, { requestCount: number; errorCount: number }>();

  /** What a worker has counted since it started. Answers whether anything is new. */
  report(id: WorkerId, counts: ByVersion): boolean {
    const before = this.#byWorker.get(id);
    this.#byWorker.set(id, counts);
    return Object.entries(counts).some(
      ([versionId, { requestCount }]) => requestCount !== (before?.[versionId as VersionId]?.requestCount ?? 0),
    );
  }

  /** @param running the version that was inside an entry */
  workerLost(id: WorkerId, running: VersionId | null): void {
    const counts = this.#byWorker.get(id) ?? ({} as ByVersion);
    this.#byWorker.delete(id);
    for (const [key, { requestCount, errorCount, runningCount }] of Object.entries(counts)) {
      this.#addPast(key as VersionId, requestCount + runningCount, errorCount + runningCount);
    }
    // It may have begun after the last report, and be what every report of such a worker misses.
    if (running !== null && (counts[running]?.runningCount ?? 0) === 0) this.#addPast(running, 1, 1);
  }

  /** Of the versions that are in a rollout; the others are forgotten. */
  countsOf(rollouts: ReadonlySet<VersionId>): Readonly<Record<VersionId, RolloutCount>> {
    for (const versionId of this.#past.keys()) if (!rollouts.has(versionId)) this.#past.delete(versionId);
    const totals: Record<VersionId, RolloutCount> = {};
    for (const versionId of rollouts) {
      let { requestCount, errorCount } = this.#past.get(versionId) ?? { requestCount: 0, errorCount: 0 };
      for (const counts of this.#byWorker.values()) {
        requestCount += counts[versionId]?.requestCount ?? 0;
        errorCount += counts[versionId]?.errorCount ?? 0;
      }
      if (requestCount > 0) totals[versionId] = { requestCount, errorCount };
    }
    return totals;
  }

  #addPast(versionId: VersionId, requestCount: number, errorCount: number): void {
    const past = this.#past.get(versionId) ?? { requestCount: 0, errorCount: 0 };
    past.requestCount += requestCount;
    past.errorCount += errorCount;
    this.#past.set(versionId, past);
  }
}
