/**
 * Builds what serves again when executors of another engine come: until then they start it from source.
 *
 * I1 At most `rebuildingCount` of its builds wait or run: deploys of authors do not queue behind all apps.
 * I2 A version is tried once for an engine, for as long as that is announced: one that cannot be rebuilt costs one build.
 * I3 What is lost here (a restart) is found again by looking: nothing of it is stored.
 */
import type { EngineFingerprint, VersionId } from "@nano/protocol/brands";
import type { BuildJob, BuildRecord, StoreRecord } from "@nano/protocol/records";
import type { Logger } from "@nano/service-kit/logger";
import type { Catalog } from "../catalog/catalog.ts";
import { announcedEngines, missingEngines } from "../catalog/engines.ts";

export interface EngineRebuildsOptions {
  readonly catalog: Catalog;
  readonly rebuildingCount: number;
  /** Queues a build and resolves when its outcome is in the store. @throws STORE_QUEUE_FULL, STORE_LOST */
  readonly runBuild: (job: BuildJob) => Promise<void>;
  readonly logger: Logger;
}

interface Rebuild {
  readonly job: BuildJob;
  readonly engines: readonly EngineFingerprint[];
}

export class EngineRebuilds {
  readonly #options: EngineRebuildsOptions;
  readonly #tried = new Map<EngineFingerprint, Set<VersionId>>();
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
      for (const engine of rebuild.engines) this.#tried.get(engine)?.add(version);
      const ended = this.#rebuild(rebuild).finally(() => {
        this.#running.delete(version);
        this.#startSome(signal);
      });
      this.#running.set(version, ended);
    }
  }

  *#wanted(records: ReadonlyMap<string, StoreRecord>): Iterable<Rebuild> {
    const announced = announcedEngines(records.values());
    for (const engine of this.#tried.keys()) if (!announced.has(engine)) this.#tried.delete(engine);
    if (announced.size === 0) return;
    const active = [...records.values()].flatMap((record) =>
      record.kind === "app" && record.activeVersion !== null ? [record.activeVersion] : [],
    );
    for (const engine of announced) {
      const tried = this.#tried.get(engine);
      // What serves no more is forgotten: the set is never larger than the apps are many.
      this.#tried.set(engine, new Set(tried === undefined ? [] : active.filter((id) => tried.has(id))));
    }
    for (const id of active) {
      const version = records.get(`version/${id}`);
      const build = records.get(`build/${id}`);
      if (version?.kind !== "version" || build?.kind !== "build" || this.#running.has(id)) continue;
      const engines = missingEngines(version, build, announced).filter((e) => this.#tried.get(e)?.has(id) !== true);
      const { app, manifest, bundle } = version;
      if (engines.length > 0 && bundle !== null) yield { job: { version: id, app, manifest, bundle }, engines };
    }
  }

  async #rebuild({ job, engines }: Rebuild): Promise<void> {
    const { catalog, logger, runBuild } = this.#options;
    const { app, version } = job;
    try {
      logger.info("rebuild queued", { app, version, engines });
      await runBuild(job);
      const build = catalog.state.records.get(`build/${version}`) as BuildRecord | undefined;
      const missing = build === undefined ? [] : engines.filter((engine) => build.slivers[engine] === undefined);
      // Its author may have to mend it, or builders run on another engine than executors.
      if (missing.length > 0)
        logger.warn("rebuild left an engine without a sliver", { app, version, engines: missing });
    } catch (err) {
      logger.warn("rebuild not queued", { app, version, err });
    }
  }
}
