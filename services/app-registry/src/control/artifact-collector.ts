/**
 * Removes artifacts that no record refers to: at once what a commit has let go of, and in rounds whatever else there is.
 *
 * I1 Who writes a digest into a record touches the artifact first, and writes nothing where that says it is gone. A touch
 *    outlasts every removal that was decided before it.
 * I2 A round removes what no record of a snapshot refers to and what nobody put or touched for `graceMs`: other registries,
 *    builders and clients have that long from their touch or put to their record.
 * I3 At once, and only where no other registry writes to the store (`removesAtOnce`), goes only what no client of this process is about to use (`artifact-use.ts`), and not what was in use until now:
 *    that is touched before the commit, and goes in a round.
 * I4 References are looked at again before each removal at once, and before each `REMOVED_BATCH_COUNT` of a round.
 * I5 Rounds of several registries may meet: each removes only what is old and unreferenced, and finds gone what another removed.
 * I6 Where records cannot be read, or there is none at all, nothing is removed: a lost store is likelier than an empty one.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { StoreState } from "@nano/control-store/follow-store";
import type { ArtifactDigest } from "@nano/protocol/brands";
import type { Logger } from "@nano/service-kit/logger";
import type { Metrics } from "@nano/service-kit/metrics";
import type { SliverStore } from "@nano/sliver/sliver-store";
import { type ReleasedArtifacts, referencedArtifacts } from "../catalog/artifact-references.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { ArtifactUse } from "./artifact-use.ts";

/** A service that starts has better to do. */
const FIRST_ROUND_DELAY_MS = 30_000;
const REMOVED_BATCH_COUNT = 1000;
/** Commits whose artifacts wait to be removed at once; those of further ones go in a round. */
const MAX_WAITING_COMMITS = 1000;

export interface ArtifactCollectorOptions {
  readonly catalog: Catalog;
  readonly artifacts: SliverStore;
  readonly use: ArtifactUse;
  readonly graceMs: number;
  /** False where other registries share the store: what their clients are about to use is not known here, and all goes in rounds. */
  readonly removesAtOnce: boolean;
  readonly roundEveryMs: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** The clock of `artifacts`. @default Date.now */
  readonly nowMs?: () => number;
}

export class ArtifactCollector {
  readonly #options: ArtifactCollectorOptions;
  readonly #nowMs: () => number;
  readonly #collected: ReturnType<typeof countCollected>;
  #releasing: Promise<void> = Promise.resolve();
  #waitingCount = 0;
  /** As the last whole round found it. */
  #kept: { readonly count: number; readonly bytes: number } | null = null;

  constructor(options: ArtifactCollectorOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
    this.#collected = countCollected(options.metrics);
    const figures = { artifacts_count: "count", artifacts_bytes: "bytes" } as const;
    for (const [name, figure] of Object.entries(figures)) {
      options.metrics.gauge({
        name,
        help: `Artifacts in the store after the last round of collection: ${figure}`,
        collect: (gauge) => this.#kept !== null && gauge.set(this.#kept[figure]),
      });
    }
  }

  /** Before a commit: what it is to let go of lately is made young, so that no round removes it at that moment. Never rejects. */
  async prepare({ lately }: ReleasedArtifacts): Promise<void> {
    const { artifacts, logger } = this.#options;
    try {
      for (const digest of lately) await artifacts.touch(digest);
    } catch (err) {
      logger.warn("released artifacts not touched", { err });
    }
  }

  /** After a commit, once the catalog shows it: removes what it let go of unused. */
  take({ unused }: ReleasedArtifacts): void {
    if (!this.#options.removesAtOnce || unused.length === 0 || this.#waitingCount >= MAX_WAITING_COMMITS) return;
    const decidedMs = this.#nowMs();
    this.#waitingCount += 1;
    this.#releasing = this.#releasing
      .then(() => this.#removeReleased(unused, decidedMs))
      .catch((err: unknown) => this.#options.logger.warn("released artifacts not removed", { err }))
      .finally(() => {
        this.#waitingCount -= 1;
      });
  }

  /** One round. A failure is logged: the next round goes on. */
  async collect(signal?: AbortSignal): Promise<void> {
    try {
      await this.#runRound(signal);
    } catch (err) {
      this.#options.logger.warn("artifacts not collected", { err });
    }
  }

  /** Rounds until `signal` aborts and what runs has ended. */
  async run(signal: AbortSignal): Promise<void> {
    let pauseMs = Math.min(FIRST_ROUND_DELAY_MS, this.#options.roundEveryMs);
    while (!signal.aborted) {
      await delay(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (!signal.aborted) await this.collect(signal);
      pauseMs = this.#options.roundEveryMs;
    }
    await this.idle();
  }

  /** Until all that was taken has been seen to. */
  async idle(): Promise<void> {
    await this.#releasing;
  }

  async #removeReleased(unused: readonly ArtifactDigest[], decidedMs: number): Promise<void> {
    const { artifacts, catalog, use } = this.#options;
    let markedState: StoreState | null = null;
    let referenced: ReadonlySet<ArtifactDigest> = new Set();
    for (const digest of unused) {
      // Nobody knows what a record that was skipped refers to.
      if (catalog.isStale || catalog.skippedCount > 0) return;
      const { state } = catalog;
      if (markedState !== state) referenced = referencedArtifacts([...state.records.values()]);
      markedState = state;
      if (referenced.has(digest) || use.isOpen(digest)) continue;
      if (await artifacts.deleteOlder(digest, decidedMs)) this.#collected.inc({ why: "released" });
    }
  }

  async #runRound(signal: AbortSignal | undefined): Promise<void> {
    const { artifacts, graceMs, logger } = this.#options;
    const nowMs = this.#nowMs();
    const beforeMs = nowMs - graceMs;
    const referenced = await this.#readReferences();
    if (referenced === null) return;
    let [foundCount, foundBytes, removedCount, removedBytes] = [0, 0, 0, 0];
    let batch: { readonly digest: ArtifactDigest; readonly storedBytes: number }[] = [];
    const removeBatch = async (): Promise<void> => {
      if (batch.length === 0) return;
      const referencedNow = await this.#readReferences();
      for (const { digest, storedBytes } of batch) {
        if (signal?.aborted || referencedNow === null) break;
        if (referencedNow.has(digest) || !(await artifacts.deleteOlder(digest, beforeMs))) continue;
        this.#collected.inc({ why: "unreferenced" });
        removedCount += 1;
        removedBytes += storedBytes;
      }
      batch = [];
    };
    for await (const artifact of artifacts.list()) {
      if (signal?.aborted) return;
      foundCount += 1;
      foundBytes += artifact.storedBytes;
      if (artifact.modifiedMs >= beforeMs || referenced.has(artifact.digest)) continue;
      batch.push(artifact);
      if (batch.length >= REMOVED_BATCH_COUNT) await removeBatch();
    }
    await removeBatch();
    await artifacts.sweepTemporaries(nowMs);
    this.#kept = { count: foundCount - removedCount, bytes: foundBytes - removedBytes };
    if (removedCount > 0) logger.info("artifacts collected", { removedCount, removedBytes });
  }

  /** From the store itself: what this process holds may be behind it. Null: there is no record. */
  async #readReferences(): Promise<ReadonlySet<ArtifactDigest> | null> {
    const { records } = await this.#options.catalog.readSnapshot();
    return records.length === 0 ? null : referencedArtifacts(records);
  }
}

function countCollected(metrics: Metrics) {
  return metrics.counter({
    name: "artifacts_collected_total",
    help: "Artifacts removed from the store: released by a commit, or found unreferenced in a round",
    labels: ["why"],
  });
}
