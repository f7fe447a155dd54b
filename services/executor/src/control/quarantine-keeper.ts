/** Keeps a node's quarantine: says who is to blame for a lost worker, tells workers what they serve no more, and has own workers for what is in it. */
import type { AppName, VersionId } from "@nano/protocol/brands";
import type { QuarantinedVersion, StoreChange } from "@nano/protocol/records";
import type { Metrics } from "@nano/service-kit/metrics";
import type { RunningEntry } from "../flight-recorder.ts";
import { OwnWorkers, type OwnWorkersOptions } from "./own-workers.ts";
import { type Blamed, Quarantine, type QuarantineChange } from "./quarantine.ts";
import type { WorkerProcess } from "./worker-process.ts";

const SWEEP_INTERVAL_MS = 5_000;

export interface QuarantineKeeperOptions extends Omit<OwnWorkersOptions, "isQuarantined" | "pauseMs" | "onRefused"> {
  readonly metrics: Metrics;
  /** Those that all versions share. */
  sharedWorkers(): Iterable<WorkerProcess>;
  /** What `named` answers has changed. */
  onChange(): void;
  /** An operator has just forgiven all that an app did. */
  onLift(app: AppName): void;
}

export class QuarantineKeeper {
  readonly workers: OwnWorkers;
  readonly #options: QuarantineKeeperOptions;
  readonly #quarantine: Quarantine;
  readonly #timer: NodeJS.Timeout;
  readonly #countChange: (change: QuarantineChange) => void;

  constructor(options: QuarantineKeeperOptions) {
    this.#options = options;
    const { metrics, onDeath } = options;
    const refused = metrics.counter({
      name: "own_workers_refused_total",
      help: "Times that a router was told that a version in quarantine has no worker: it ended the last one (held_back), or others have them all (full)",
      labels: ["cause"],
    });
    this.#quarantine = new Quarantine({
      onChange: (...change) => this.#changed(...change),
      onLift: (app) => options.onLift(app),
    });
    this.workers = new OwnWorkers({
      ...options,
      onRefused: (cause) => refused.inc({ cause }),
      isQuarantined: (versionId) => this.#quarantine.has(versionId),
      pauseMs: (versionId) => this.#quarantine.pauseMs(versionId),
      onDeath: (worker, cause, versionId) => {
        this.#endedOwn(versionId);
        onDeath(worker, cause, versionId);
      },
    });
    this.#timer = setInterval(() => this.#quarantine.sweep(), SWEEP_INTERVAL_MS).unref();
    metrics.gauge({
      name: "quarantined_versions_count",
      help: "Versions that ended workers again and again, or did on another node: each has a worker of its own",
      collect: (gauge) => gauge.set(this.#quarantine.versions.length),
    });
    metrics.gauge({
      name: "own_workers_count",
      help: "Workers of versions in quarantine",
      collect: (gauge) => gauge.set(this.workers.size),
    });
    const changes = metrics.counter({
      name: "quarantine_changes_total",
      help: "Versions that came into quarantine (quarantined here, adopted from another node) and left it (lifted by an operator, forgiven in time)",
      labels: ["change"],
    });
    this.#countChange = (change) => changes.inc({ change });
  }

  /** For the node's record. */
  get named(): Readonly<Record<VersionId, QuarantinedVersion>> {
    return this.#quarantine.named;
  }

  /** Takes what is new in the control store. */
  update(changes: readonly StoreChange[]): void {
    this.#quarantine.update(changes);
  }

  /** A worker that is about to be shared. */
  equip(worker: WorkerProcess): void {
    const { versions: versionIds } = this.#quarantine;
    if (versionIds.length > 0) worker.send({ type: "elsewhere", versionIds });
  }

  /** A shared worker died or hung. @param running null: between entries, which nobody is to blame for */
  lost(worker: WorkerProcess, running: RunningEntry | null): void {
    if (running === null || running.versionId === null) return;
    const { versionId } = running;
    const app = running.app as AppName;
    const { deathCount } = this.#quarantine.blame(versionId, app);
    this.#options.logger.warn("version ended a worker", { app, versionId, workerId: worker.id, deathCount });
  }

  /** @throws EXEC_QUARANTINED, EXEC_OWN_WORKERS_FULL, EXEC_NODE_DRAINING, EXEC_WORKER_START */
  async workerFor(versionId: VersionId): Promise<WorkerProcess> {
    return await this.workers.workerFor(versionId);
  }

  async close(deadline: AbortSignal, graceMs: number): Promise<void> {
    clearInterval(this.#timer);
    await this.workers.close(deadline, graceMs);
  }

  #endedOwn(versionId: VersionId): void {
    const blamed = this.#quarantine.endedOwnWorker(versionId);
    if (blamed === null) return;
    const { app, ownDeathCount } = blamed;
    const pauseMs = this.#quarantine.pauseMs(versionId);
    this.#options.logger.warn("version is held back", { app, versionId, ownDeathCount, pauseMs });
  }

  #changed(change: QuarantineChange, versionId: VersionId, { app, deathCount }: Blamed): void {
    const { logger, sharedWorkers, onChange } = this.#options;
    this.#countChange(change);
    const isIn = change === "quarantined" || change === "adopted";
    if (isIn) logger.warn("version is in quarantine", { app, versionId, change, deathCount });
    else logger.info("version is out of quarantine", { app, versionId, change });
    for (const worker of sharedWorkers()) worker.send({ type: "elsewhere", versionIds: this.#quarantine.versions });
    if (!isIn) this.workers.free(versionId);
    onChange();
  }
}
