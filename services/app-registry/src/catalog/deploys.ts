/**
 * Versions of apps: deploying, building, activating, deleting.
 *
 * I1 Version, build record and what the app serves change in one commit.
 * I2 A build that is queued in the store is queued in the queue, or will be when another registry takes it up, or this one starts again.
 * I3 What serves is not touched by a deploy that fails, nor by a rebuild: its version stays built.
 * I4 What is said of a build counts for the one that it was said of: another registry may be late with the outcome of one that
 *    failed, when the version is being built again.
 * I5 A sliver gets into a record only after a touch has found it in the store: see `control/artifact-collector.ts`.
 * I6 An app that was deleted leaves nothing but its name: one that is made under it has another identity, and so have its versions other ids.
 */
import { randomBytes } from "node:crypto";
import type { BuildOutcome } from "@nano/control-store/build-queue";
import type { AppIdentity, AppName, VersionId } from "@nano/protocol/brands";
import { toWireError, type WireError } from "@nano/protocol/errors";
import { type Manifest, resolveManifest } from "@nano/protocol/manifest";
import type { AppRecord, BuildJob, BuildRecord, VersionRecord } from "@nano/protocol/records";
import type { ActivateRequest, DeployRequest } from "@nano/protocol/registry-api";
import type { Logger } from "@nano/service-kit/logger";
import type { SliverStore } from "@nano/sliver/sliver-store";
import { errors } from "../errors.ts";
import { askActivation, settleActivation } from "./activation.ts";
import type { Author } from "./author.ts";
import type { Catalog } from "./catalog.ts";
import { addSliver, badEngines, missingEngines } from "./engines.ts";
import { deleteVersion, pruneVersions } from "./prune-versions.ts";
import type { Transaction } from "./transaction.ts";
import { versionIdOf } from "./version-id.ts";

const IDENTITY_BYTES = 16;

export interface DeployLimits {
  readonly appCount: number;
  readonly keptVersionCount: number;
  readonly buildingCount: number;
}

export interface DeploysOptions {
  readonly catalog: Catalog;
  readonly artifacts: Pick<SliverStore, "touch">;
  readonly limits: DeployLimits;
  /** Queues a build and sees to its outcome. @throws STORE_QUEUE_FULL, STORE_LOST */
  readonly startBuild: (job: BuildJob) => Promise<void>;
  readonly logger: Logger;
}

export interface Deployed {
  readonly version: VersionId;
  /** It is built and serves, and is being built again for an engine that has no sliver of it, or a bad one. */
  readonly isRebuilding: boolean;
}

/** `queuedAt` of the build that is wanted, or of the one that it adds to. */
interface BuildNeed {
  readonly type: "build" | "rebuild" | "none";
  readonly queuedAt?: string;
}

/** What a deploy decided; also what its receipt holds. */
interface DeployDecision extends BuildNeed {
  /** Receipts of earlier builds have none: their ids knew no identity. @default the id without one */
  readonly version?: VersionId;
}

function isUnsettled(build: BuildRecord | null): boolean {
  return build?.state === "queued" || build?.state === "building";
}

export class Deploys {
  readonly #catalog: Catalog;
  readonly #artifacts: DeploysOptions["artifacts"];
  readonly #limits: DeployLimits;
  readonly #startBuild: DeploysOptions["startBuild"];
  readonly #logger: Logger;

  constructor(options: DeploysOptions) {
    this.#catalog = options.catalog;
    this.#artifacts = options.artifacts;
    this.#limits = options.limits;
    this.#startBuild = options.startBuild;
    this.#logger = options.logger;
  }

  /** Makes a version, or finds the one of the same content; builds it where it is not built, or not well for every engine. */
  async deploy(app: AppName, request: DeployRequest, author: Author): Promise<Deployed> {
    const manifest = resolveManifest(request.manifest);
    const { result: need, isRepeat } = await this.#catalog.transactOnce(
      (tx) => this.#deployIn(tx, { app, manifest, request }),
      author,
    );
    const { version = versionIdOf({ name: app }, manifest, request) } = need;
    const { bundle } = request;
    if (bundle === null || need.type === "none") return { version, isRebuilding: false };
    // The first may have been cut off before it queued the build; one that has ended is not built again.
    if (isRepeat && !isUnsettled(this.#buildOf(version))) return { version, isRebuilding: false };
    try {
      await this.#startBuild(buildJob({ version, app, manifest, bundle }, need));
    } catch (error) {
      if (need.type === "rebuild") {
        this.#logger.warn("rebuild not queued", { app, version, err: error });
        return { version, isRebuilding: false };
      }
      await this.settle(version, { type: "failed", error: toWireError(error) }, need.queuedAt);
      throw error;
    }
    return { version, isRebuilding: need.type === "rebuild" };
  }

  /** Makes an app without a version, or finds it. @throws REGISTRY_TOO_MANY_APPS */
  createApp(name: AppName, author: Author): Promise<AppRecord> {
    return this.#catalog.transact((tx) => {
      const app = this.#findOrCreateApp(tx, name);
      tx.put(app);
      tx.note("app.create", `app/${name}`);
      return app;
    }, author);
  }

  /** Lets an app serve a version: now, or when its build ends. @throws REGISTRY_NOT_FOUND, REGISTRY_NOT_BUILT, REGISTRY_OVERTAKEN */
  activate(name: AppName, { version: id, inPlaceOf }: ActivateRequest, author: Author): Promise<AppRecord> {
    return this.#catalog.transact((tx) => {
      const app = tx.app(name);
      if (app === null) throw errors.NOT_FOUND({ what: `app ${name}` });
      const { activeVersion } = app;
      if (inPlaceOf !== undefined && activeVersion !== inPlaceOf && activeVersion !== null && activeVersion !== id) {
        throw errors.OVERTAKEN({ app: name, version: id, activeVersion });
      }
      const build = tx.version(id)?.app === name ? tx.build(id) : null;
      if (build === null) throw errors.NOT_FOUND({ what: `version ${id} of app ${name}` });
      if (build.state === "failed") throw errors.NOT_BUILT({ version: id });
      const next = askActivation(app, id, build.state === "built");
      tx.put(next);
      tx.note("app.activate", `app/${name}`, { version: id, before: app.activeVersion });
      return next;
    }, author);
  }

  /** Deletes an app with its versions, builds, routes and secrets. @throws REGISTRY_NOT_FOUND */
  deleteApp(name: AppName, author: Author): Promise<void> {
    return this.#catalog.transact((tx) => {
      const app = tx.app(name);
      if (app === null) throw errors.NOT_FOUND({ what: `app ${name}` });
      const versions = tx.versionsOf(name);
      const routes = tx.routes().filter((route) => route.app === name);
      // What another registry adds at this moment would stay without its app.
      tx.requireComplete("version");
      tx.requireComplete("route");
      for (const version of versions) deleteVersion(tx, version);
      for (const route of routes) tx.delete(route);
      const secrets = tx.secrets(name);
      if (secrets !== null) tx.delete(secrets);
      tx.delete(app);
      tx.note("app.delete", `app/${name}`, { versions: versions.length, routes: routes.length });
    }, author);
  }

  /** Notes that a builder has begun. */
  async markBuilding(id: VersionId, queuedAt: string | undefined): Promise<void> {
    await this.#catalog.transact((tx) => {
      const build = tx.build(id);
      if (build?.state === "queued" && build.queuedAt === queuedAt) tx.put({ ...build, state: "building" });
    });
  }

  /** Writes how a build ended, and lets the app serve the version where that was asked for. */
  async settle(id: VersionId, told: BuildOutcome, queuedAt: string | undefined): Promise<void> {
    const outcome = await this.#withSliver(id, told);
    await this.#catalog.transact((tx) => {
      const build = tx.build(id);
      const version = tx.version(id);
      // The app was deleted meanwhile, the outcome was written before a restart, or it is a rebuild that failed.
      if (build === null || version === null || build.state === "failed") return;
      if (outcome.type === "failed" && !isUnsettled(build)) return;
      if (isUnsettled(build) && build.queuedAt !== queuedAt) return;
      tx.put(settledBuild(tx, build, outcome));
      const app = tx.app(version.app);
      if (app === null) return;
      const next = settleActivation(app, id, outcome.type === "built");
      tx.put(next);
      const active = next.activeVersion === app.activeVersion ? {} : { activated: true, before: app.activeVersion };
      tx.note(`version.${outcome.type}`, `app/${app.name}`, { version: id, ...active });
      pruneVersions(tx, next, { keptCount: this.#limits.keptVersionCount, subject: id });
    });
  }

  #buildOf(version: VersionId): BuildRecord | null {
    return (this.#catalog.state.records.get(`build/${version}`) as BuildRecord | undefined) ?? null;
  }

  async #withSliver(version: VersionId, outcome: BuildOutcome): Promise<BuildOutcome> {
    if (outcome.type === "failed" || (await this.#artifacts.touch(outcome.sliver))) return outcome;
    const missing = errors.SLIVER_MISSING({ version, digest: outcome.sliver });
    this.#logger.error("sliver is not in the store", { version, err: missing });
    return { type: "failed", error: missing.wire };
  }

  #deployIn(tx: Transaction, deploy: { app: AppName; manifest: Manifest; request: DeployRequest }): DeployDecision {
    const { manifest, request } = deploy;
    const app = this.#findOrCreateApp(tx, deploy.app);
    const id = versionIdOf(app, manifest, request);
    let build = tx.build(id);
    const version = tx.version(id) ?? versionRecord({ ...deploy, id }, new Date().toISOString());
    if (tx.version(id) === null || build === null || build.state === "failed") {
      build = firstBuild(id, request);
      if (isUnsettled(build)) this.#refuseManyBuilds(tx, deploy.app);
      tx.put(build);
      tx.put(version);
    }
    const next = request.activate ? askActivation(app, id, build.state === "built") : app;
    tx.put(next);
    tx.note("version.deploy", `app/${app.name}`, { version: id, activate: request.activate });
    pruneVersions(tx, next, { keptCount: this.#limits.keptVersionCount, subject: id });
    const { queuedAt } = build;
    const need = (type: BuildNeed["type"]): DeployDecision => ({
      type,
      version: id,
      ...(queuedAt !== undefined && { queuedAt }),
    });
    if (isUnsettled(build)) return need("build");
    const isMissing = missingEngines(version, build, tx.announcedEngines()).length > 0;
    return isMissing || badEngines(version, build, tx.announcedBadSlivers()).length > 0
      ? need("rebuild")
      : need("none");
  }

  #findOrCreateApp(tx: Transaction, name: AppName): AppRecord {
    const known = tx.app(name);
    if (known !== null) return known;
    if (tx.countApps() >= this.#limits.appCount) {
      throw errors.TOO_MANY_APPS({ limitCount: this.#limits.appCount });
    }
    const identity = randomBytes(IDENTITY_BYTES).toString("hex") as AppIdentity;
    return { kind: "app", name, identity, activeVersion: null };
  }

  #refuseManyBuilds(tx: Transaction, app: AppName): void {
    const limitCount = this.#limits.buildingCount;
    const buildingCount = tx.versionsOf(app).filter((version) => isUnsettled(tx.build(version.id))).length;
    if (buildingCount >= limitCount) throw errors.TOO_MANY_BUILDS({ app, limitCount });
  }
}

/** One that is built again is another job each time that it is asked for. */
function buildJob(job: BuildJob, { type, queuedAt }: BuildNeed): BuildJob {
  return type === "build" && queuedAt !== undefined ? { ...job, queuedAt } : job;
}

/** A version that needs no build is built from the start: its slivers came with it, or it has only assets. */
function firstBuild(version: VersionId, request: DeployRequest): BuildRecord {
  const { sliver, fingerprint } = request;
  const slivers = sliver === null || fingerprint === null ? {} : { [fingerprint]: sliver };
  if (request.bundle === null) return { kind: "build", version, state: "built", error: null, slivers };
  return { kind: "build", version, state: "queued", error: null, queuedAt: new Date().toISOString(), slivers };
}

function versionRecord(
  deploy: { app: AppName; id: VersionId; manifest: Manifest; request: DeployRequest },
  createdAt: string,
): VersionRecord {
  const { app, id, manifest, request } = deploy;
  return { kind: "version", id, app, manifest, bundle: request.bundle, assets: request.assets, createdAt };
}

function settledBuild(tx: Transaction, build: BuildRecord, outcome: BuildOutcome): BuildRecord {
  if (outcome.type === "failed") {
    const error: WireError = outcome.error;
    return { ...build, state: "failed", error };
  }
  const slivers = addSliver(build.slivers, outcome, tx.announcedEngines());
  return { ...build, state: "built", error: null, slivers };
}
