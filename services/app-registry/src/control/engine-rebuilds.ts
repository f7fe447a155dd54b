/**
 * Builds what serves again when executors of another engine come, and when executors cannot restore the sliver that they have: until
 * then they start it from source.
 *
 * I1 At most `rebuildingCount` of its builds wait or run: deploys of authors do not queue behind all apps.
 * I2 A version is tried once for an engine and each of the two causes, for as long as it serves and the engine is announced: one that
 *    cannot be rebuilt, or whose every sliver is bad, costs one build.
 * I3 What is lost here (a restart) is found again by looking: nothing of it is stored.
 */
import type { EngineFingerprint, VersionId } from "@nano/protocol/brands";
import type { BuildJob, BuildRecord, StoreRecord } from "@nano/protocol/records";
import type { Logger } from "@nano/service-kit/logger";
import { servedVersions } from "../catalog/activation.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { announcedBadSlivers, announcedEngines, badEngines, missingEngines } from "../catalog/engines.ts";

export interface EngineRebuildsOptions {
  readonly catalog: Catalog;
  readonly rebuildingCount: number;
  /** Queues a build and resolves when its outcome is in the store. @throws STORE_QUEUE_FULL, STORE_LOST */
  readonly runBuild: (job: BuildJob) => Promise<void>;
  readonly logger: Logger;
}

/** Why a version is built again: an engine has no sliver of it, or one that cannot be restored. */
type Cause = "missing" | "bad";

interface Rebuild {
  readonly job: BuildJob;
  readonly cause: Cause;
  readonly engines: readonly EngineFingerprint[];
}

export class EngineRebuilds {
  readonly #options: EngineRebuildsOptions;
  readonly #tried: Readonly<Record<Cause, Map<EngineFingerprint, Set<VersionId>>>> = {
    missing: new Map(),
    bad: new Map(),
  };
  readonly #running = new Map<VersionId, Promise<void>>();

  constructor(options: EngineRebuildsOptions) {
    this.#options = options;
  }

  get runningCount(): number {
    return this.#running.size;
  }

  /** Looks at each state of the catalog until `signal` aborts and what runs has ended. */
  async run(signal: AbortSignal): Promise<void> {
    const { catalog } = this.#options;
    while (!signal.aborted) {
      this.#startSome(signal);
      await catalog.whenMoved(signal);
    }
    await Promise.all(this.#running.values());
  }

  #startSome(signal: AbortSignal): void {
    const { catalog, rebuildingCount } = this.#options;
    if (signal.aborted || this.#running.size >= rebuildingCount) return;
    for (const rebuild of this.#wanted(catalog.state.records)) {
      if (this.#running.size >= rebuildingCount) return;
      const { version } = rebuild.job;
      for (const engine of rebuild.engines) this.#tried[rebuild.cause].get(engine)?.add(version);
      const ended = this.#rebuild(rebuild).finally(() => {
        this.#running.delete(version);
        this.#startSome(signal);
      });
      this.#running.set(version, ended);
    }
  }

  *#wanted(records: ReadonlyMap<string, StoreRecord>): Iterable<Rebuild> {
    const announced = announcedEngines(records.values());
    const active = [...records.values()].flatMap((record) => (record.kind === "app" ? servedVersions(record) : []));
    for (const tried of Object.values(this.#tried)) forget(tried, announced, active);
    if (announced.size === 0) return;
    const bad = announcedBadSlivers(records.values());
    for (const id of active) {
      const version = records.get(`version/${id}`);
      const build = records.get(`build/${id}`);
      if (version?.kind !== "version" || build?.kind !== "build" || this.#running.has(id)) continue;
      const { app, manifest, bundle } = version;
      if (bundle === null) continue;
      const isUntried = (cause: Cause) => (engine: EngineFingerprint) => !this.#tried[cause].get(engine)?.has(id);
      const job = { version: id, app, manifest, bundle };
      const missing = missingEngines(version, build, announced).filter(isUntried("missing"));
      if (missing.length > 0) {
        yield { job, cause: "missing", engines: missing };
        continue;
      }
      const unusable = badEngines(version, build, bad).filter(isUntried("bad"));
      if (unusable.length > 0) yield { job, cause: "bad", engines: unusable };
    }
  }

  async #rebuild({ job, cause, engines }: Rebuild): Promise<void> {
    const { catalog, logger, runBuild } = this.#options;
    const { app, version } = job;
    const sliversBefore = sliversOf(catalog, version);
    try {
      logger.info("rebuild queued", { app, version, cause, engines });
      await runBuild(job);
      const slivers = sliversOf(catalog, version);
      const left = engines.filter((engine) => slivers[engine] === sliversBefore[engine]);
      // Its author may have to mend it, or builders run on another engine than executors.
      if (left.length > 0) logger.warn("rebuild left an engine without a new sliver", { app, version, engines: left });
    } catch (err) {
      logger.warn("rebuild not queued", { app, version, err });
    }
  }
}

function sliversOf(catalog: Catalog, version: VersionId): BuildRecord["slivers"] {
  const build = catalog.state.records.get(`build/${version}`) as BuildRecord | undefined;
  return build?.slivers ?? {};
}

/** Keeps what was tried of engines that are announced and versions that serve: never more than the apps are many. */
function forget(
  tried: Map<EngineFingerprint, Set<VersionId>>,
  announced: ReadonlySet<EngineFingerprint>,
  active: readonly VersionId[],
): void {
  for (const engine of tried.keys()) if (!announced.has(engine)) tried.delete(engine);
  for (const engine of announced) {
    const before = tried.get(engine);
    tried.set(engine, new Set(before === undefined ? [] : active.filter((id) => before.has(id))));
  }
}
