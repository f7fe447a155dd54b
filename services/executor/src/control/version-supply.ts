/**
 * Gives workers what they need to serve a version: its manifest, and links to its verified sliver and assets.
 *
 * I1 A version whose sliver was built again is given again to those that hold it; the link to the old one goes when its worker says so.
 * I2 A sliver that cannot be restored is named to the registry, see `bad-slivers.ts`; one that is damaged on this node is fetched again first.
 * I3 A worker is sent secrets of an app together with a version of it, and again when they change; of other apps never, nor of one that was
 *    made under the name of an app that is deleted.
 */
import { mkdir } from "node:fs/promises";
import type { AppIdentity, AppName, ArtifactDigest, EngineFingerprint, NodeId, VersionId } from "@nano/protocol/brands";
import { toWireError, type WireError } from "@nano/protocol/errors";
import type { AppRecord, BuildRecord, StoreChange, StoreRecord, VersionRecord } from "@nano/protocol/records";
import type { Logger } from "@nano/service-kit/logger";
import type { CacheKind, NodeCache } from "@nano/sliver/node-cache";
import { assertOrigin } from "@nano/sliver/sliver-origin";
import { errors } from "../errors.ts";
import type { Assignment, FallReport } from "../worker-messages.ts";
import { BadSlivers } from "./bad-slivers.ts";
import { GivenAhead } from "./given-ahead.ts";
import { refusalOf } from "./refusal-of.ts";
import { SecretSupply } from "./secret-supply.ts";
import type { TrustedKeyDirectory } from "./trusted-keys.ts";
import { type RunningRollouts, wantedVersions } from "./wanted-versions.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** How long workers keep a version that is not active any more: routers hear of the change a little later. */
const RETIRE_AFTER_MS = 10_000;
/** Waits for a version whose record, or the end of whose build, is not here yet: the request came ahead of the feed. */
const RECORD_WAIT_MS = 2_000;
const REFUSAL_LOG_INTERVAL_MS = 10_000;
/** How long a worker waits for what it is given ahead before it serves: requests get the rest on demand. */
const WELCOME_WAIT_MS = 1_000;
/** Changes of other records leave everything here as it is. */
const SUPPLY_KINDS = /^(?:app|version|build|secrets)\//;

export interface VersionSupplyOptions {
  readonly nodeId: NodeId;
  readonly engine: EngineFingerprint;
  /** Versions that one worker is given before anyone asks for them. */
  readonly aheadCount: number;
  readonly cache: NodeCache;
  readonly keys: TrustedKeyDirectory;
  readonly logger: Logger;
  /** The key that opens secrets of apps. @default none: an app that has some is refused */
  readonly secretsKeyFile?: string | null;
  workers(): Iterable<WorkerProcess>;
  /** Those that hold versions before they serve, and those for connections, too: a change must reach them. @default `workers` */
  startedWorkers?(): Iterable<WorkerProcess>;
  /** What `badSlivers` answers has changed. */
  onBadSlivers?(): void;
  /** Whether a version that routers will ask a worker for first was given to it ahead. */
  onAhead?(outcome: "given" | "over_limit"): void;
}

interface HeldArtifact {
  readonly digest: ArtifactDigest;
  readonly kind: CacheKind;
  /** In the worker's own directory. */
  readonly path: string;
}

/** What one worker has. */
interface Held {
  readonly versions: Map<VersionId, readonly HeldArtifact[]>;
  /** Apps of those versions: records of old ones may be gone. */
  readonly apps: Map<VersionId, AppName>;
  /** Versions that it was told to let go of, and was not given again. */
  readonly retiring: Set<VersionId>;
  /** What was fetched again because it was damaged: once for each worker, then it is the sliver's fault, or the disk's. */
  readonly fetchedAgain: Set<ArtifactDigest>;
  /** Links that are being removed. */
  removal: Promise<void>;
}

interface GiveOptions {
  /** What the worker found damaged: it gets a new copy. @default nothing */
  readonly damaged?: ArtifactDigest;
}

export class VersionSupply {
  readonly #options: VersionSupplyOptions;
  readonly #held = new WeakMap<WorkerProcess, Held>();
  #records: ReadonlyMap<string, StoreRecord> = new Map();
  /** Versions that requests are for: active ones, and those in a rollout. */
  #wanted: ReadonlyMap<VersionId, AppName> = new Map();
  #rollouts: RunningRollouts = new Map();
  readonly #ahead: GivenAhead<WorkerProcess>;
  /** Of wanted versions, those of this engine. */
  #slivers: ReadonlyMap<VersionId, ArtifactDigest> = new Map();
  readonly #bad = new BadSlivers();
  readonly #secrets: SecretSupply;
  readonly #refused = new Set<VersionId>();
  /** Requests for records that the feed has not brought, called at the next state. */
  #waiting: (() => void)[] = [];

  constructor(options: VersionSupplyOptions) {
    this.#options = options;
    const { nodeId, aheadCount: limitCount, onAhead: onDecided } = options;
    this.#ahead = new GivenAhead({ nodeId, limitCount, ...(onDecided && { onDecided }) });
    this.#secrets = new SecretSupply({ keyFile: options.secretsKeyFile ?? null, logger: options.logger });
  }

  /**
   * A new state of the control store: versions that are wanted now are given out, those that are not any more let go.
   * @param changes what is new in it. @default everything
   */
  update(records: ReadonlyMap<string, StoreRecord>, changes?: readonly StoreChange[]): void {
    this.#records = records;
    this.#ahead.update(records, changes);
    if (changes !== undefined && !changes.some(({ key }) => SUPPLY_KINDS.test(key))) return;
    const before = this.#wanted;
    const rolloutsBefore = this.#rollouts;
    const sliversBefore = this.#slivers;
    const { wanted, rollouts } = wantedVersions(records);
    this.#wanted = wanted;
    this.#rollouts = rollouts;
    this.#slivers = this.#sliversOf(wanted.keys());
    for (const app of this.#secrets.update(records)) this.#sendSecrets(app);
    if (this.#bad.keepOnly(this.#slivers)) this.#options.onBadSlivers?.();
    const added: [VersionId, AppName][] = [];
    for (const [versionId, app] of wanted) {
      if (!before.has(versionId)) added.push([versionId, app]);
      else if (sliversBefore.get(versionId) !== this.#slivers.get(versionId)) this.#giveToHolders(versionId);
      else if (rollouts.has(versionId) && rollouts.get(versionId) !== rolloutsBefore.get(versionId))
        this.#giveToHolders(versionId);
    }
    this.#giveAdded(added);
    for (const versionId of before.keys()) {
      if (!wanted.has(versionId)) this.#retireLater(versionId);
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  /** Versions that are in a rollout: how they fare is counted. */
  get rollouts(): RunningRollouts {
    return this.#rollouts;
  }

  /** A worker that has just started gets what routers will ask it for first; resolves when it may serve. */
  async welcome(worker: WorkerProcess): Promise<void> {
    const { workers } = this.#options;
    const given = this.#giveAhead(worker, this.#ahead.pickFor(worker, this.#wanted, workers()));
    let timer: NodeJS.Timeout | undefined;
    const isOver = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, WELCOME_WAIT_MS);
    });
    await Promise.race([given, isOver]);
    clearTimeout(timer);
  }

  /** Sends a worker a version, or why it cannot have it. Never rejects. */
  async give(worker: WorkerProcess, versionId: VersionId, options: GiveOptions = {}): Promise<void> {
    try {
      const assignment = await this.#assign(worker, versionId, options);
      // Deleted meanwhile, and perhaps made again: its secrets would be those of another app.
      if (this.#identityOf(assignment.app) !== assignment.identity) throw errors.VERSION_UNKNOWN({ versionId });
      if (this.#secrets.retry(assignment.app)) this.#sendSecrets(assignment.app);
      // Taken when it is sent: a change meanwhile is in it, a later one follows it.
      worker.send({ type: "assign", assignment, secrets: this.#secrets.of(assignment.app) });
    } catch (thrown) {
      const error = toWireError(thrown);
      this.#logRefusal(versionId, thrown);
      worker.send({ type: "refuse", versionId, error: refusalOf(versionId, thrown, error) });
    }
  }

  /** Versions that a worker has although no new request is for them. */
  *oldVersionsOf(worker: WorkerProcess): Iterable<VersionId> {
    for (const versionId of this.#holdingsOf(worker).versions.keys()) if (!this.#wanted.has(versionId)) yield versionId;
  }

  /** Slivers of this engine that could not be restored here, by version: for the node record. */
  get badSlivers(): Readonly<Record<VersionId, ArtifactDigest>> {
    return this.#bad.named;
  }

  /** A worker serves a version from a lower rung than its sliver has. */
  fell(worker: WorkerProcess, { versionId, sliverPath, reason }: FallReport): void {
    const digest = this.#artifactAt(worker, versionId, sliverPath)?.digest;
    // One that fits no memory limit would not fit it when it is built again.
    if (digest === undefined || reason === "memory_limit") return;
    if (reason === "damaged" && this.#fetchAgain(worker, versionId, digest)) return;
    this.#name(versionId, digest);
  }

  /** A worker cannot open a file that it was given: it is told `error` where that does not change. */
  unreadable(worker: WorkerProcess, versionId: VersionId, { path, error }: { path: string; error: WireError }): void {
    const artifact = this.#artifactAt(worker, versionId, path);
    if (artifact !== undefined && this.#fetchAgain(worker, versionId, artifact.digest)) return;
    if (artifact?.kind === "sliver") this.#name(versionId, artifact.digest);
    worker.send({ type: "refuse", versionId, error });
  }

  /** A worker died while it restored a version. Answers whether that is the sliver's: it is not where the script is all that was taken of it. */
  diedRestoring(worker: WorkerProcess, versionId: VersionId): boolean {
    const held = this.#holdingsOf(worker).versions.get(versionId);
    const digest = held?.findLast(({ kind }) => kind === "sliver")?.digest;
    if (digest === undefined || this.#slivers.get(versionId) !== digest) return false;
    if (this.#bad.isSourceOnly(versionId, digest)) return false;
    if (!this.#bad.addDeath(versionId, digest)) return true;
    this.#options.logger.error("sliver kills workers", { versionId, sliver: digest });
    this.#name(versionId, digest);
    this.#giveToHolders(versionId);
    return true;
  }

  /** The worker starts a version from this link alone from now on. */
  adopted(worker: WorkerProcess, versionId: VersionId, sliverPath: string): void {
    const { versions } = this.#holdingsOf(worker);
    const artifacts = versions.get(versionId);
    if (artifacts === undefined) return;
    const isKept = ({ kind, path }: HeldArtifact): boolean => kind !== "sliver" || path === sliverPath;
    versions.set(versionId, artifacts.filter(isKept));
    this.#removeUnused(
      worker,
      artifacts.filter((artifact) => !isKept(artifact)),
    );
  }

  /** Where the sliver of a version lies, of one that a worker holds. */
  sliverPath(versionId: VersionId): string | undefined {
    for (const worker of this.#startedWorkers) {
      const sliver = this.#held
        .get(worker)
        ?.versions.get(versionId)
        ?.findLast(({ kind }) => kind === "sliver");
      if (sliver !== undefined) return sliver.path;
    }
    return undefined;
  }

  /** The worker has let go of a version. What it was given again meanwhile, it keeps. */
  released(worker: WorkerProcess, versionId: VersionId): void {
    const held = this.#holdingsOf(worker);
    if (!held.retiring.delete(versionId)) return;
    const artifacts = held.versions.get(versionId) ?? [];
    held.versions.delete(versionId);
    held.apps.delete(versionId);
    this.#ahead.forget(worker, versionId);
    this.#removeUnused(worker, artifacts);
  }

  /** Removes links that no version of the worker has. */
  #removeUnused(worker: WorkerProcess, artifacts: readonly HeldArtifact[]): void {
    const held = this.#holdingsOf(worker);
    const stillUsed = new Set([...held.versions.values()].flat().map(({ digest }) => digest));
    const unused = artifacts.filter(({ digest }) => !stillUsed.has(digest));
    for (const { digest } of unused) held.fetchedAgain.delete(digest);
    const remove = ({ digest, kind }: HeldArtifact): Promise<void> =>
      this.#options.cache.unlinkFrom(worker.directory, digest, kind).catch(() => undefined);
    held.removal = held.removal.then(async () => void (await Promise.all(unused.map(remove))));
  }

  /** Once per version and spell: every request for such a version asks again. */
  #logRefusal(versionId: VersionId, err: unknown): void {
    if (this.#refused.has(versionId)) return;
    this.#refused.add(versionId);
    setTimeout(() => this.#refused.delete(versionId), REFUSAL_LOG_INTERVAL_MS).unref();
    this.#options.logger.warn("version cannot be served", { versionId, err });
  }

  /** A new version goes at once to those that have an older one of its app, and to whom routers will ask first. */
  #giveAdded(added: readonly (readonly [VersionId, AppName])[]): void {
    if (added.length === 0) return;
    const workers = new Set(this.#options.workers());
    for (const worker of new Set([...workers, ...this.#startedWorkers])) {
      const heldApps = new Set(this.#holdingsOf(worker).apps.values());
      const others: (readonly [VersionId, AppName])[] = [];
      for (const version of added) {
        const [versionId, app] = version;
        if (heldApps.has(app)) void this.give(worker, versionId);
        else others.push(version);
      }
      // To others nobody is sent by placement.
      if (workers.has(worker)) void this.#giveAhead(worker, this.#ahead.pickFor(worker, others, workers));
    }
  }

  async #giveAhead(worker: WorkerProcess, versionIds: readonly VersionId[]): Promise<void> {
    await Promise.all(
      versionIds.map((versionId) =>
        this.#ahead.run(async () => {
          if (!this.#wanted.has(versionId) || this.#holdingsOf(worker).versions.has(versionId)) return;
          await this.give(worker, versionId);
        }),
      ),
    );
  }

  #identityOf(app: AppName): AppIdentity | undefined {
    return (this.#records.get(`app/${app}`) as AppRecord | undefined)?.identity;
  }

  #sendSecrets(app: AppName): void {
    const identity = this.#identityOf(app);
    for (const worker of this.#startedWorkers) {
      const held = [...this.#holdingsOf(worker).versions.keys()];
      if (!held.some((versionId) => this.#version(versionId)?.app === app)) continue;
      const secrets = this.#secrets.of(app);
      worker.send({ type: "secrets", app, ...(identity !== undefined && { identity }), secrets });
    }
  }

  #giveToHolders(versionId: VersionId): void {
    for (const worker of this.#startedWorkers) {
      if (this.#holdingsOf(worker).versions.has(versionId)) this.give(worker, versionId);
    }
  }

  #artifactAt(worker: WorkerProcess, versionId: VersionId, path: string): HeldArtifact | undefined {
    return this.#holdingsOf(worker)
      .versions.get(versionId)
      ?.find((artifact) => artifact.path === path);
  }

  /** Gives a worker a new copy of what it found damaged. False: it had one. */
  #fetchAgain(worker: WorkerProcess, versionId: VersionId, damaged: ArtifactDigest): boolean {
    const { fetchedAgain } = this.#holdingsOf(worker);
    if (fetchedAgain.has(damaged)) return false;
    fetchedAgain.add(damaged);
    this.#options.logger.warn("damaged file is fetched again", { versionId, artifact: damaged, workerId: worker.id });
    this.give(worker, versionId, { damaged });
    return true;
  }

  /** The registry already knows of those that another engine made. */
  #name(versionId: VersionId, digest: ArtifactDigest): void {
    if (this.#slivers.get(versionId) !== digest) return;
    if (this.#bad.add(versionId, digest)) this.#options.onBadSlivers?.();
  }

  #sliversOf(versionIds: Iterable<VersionId>): ReadonlyMap<VersionId, ArtifactDigest> {
    const slivers = new Map<VersionId, ArtifactDigest>();
    for (const versionId of versionIds) {
      const sliver = this.#build(versionId)?.slivers[this.#options.engine];
      if (sliver !== undefined) slivers.set(versionId, sliver);
    }
    return slivers;
  }

  #retireLater(versionId: VersionId): void {
    setTimeout(() => this.#retire(versionId), RETIRE_AFTER_MS).unref();
  }

  #retire(versionId: VersionId): void {
    if (this.#wanted.has(versionId)) return;
    for (const worker of this.#startedWorkers) {
      this.#holdingsOf(worker).retiring.add(versionId);
      worker.send({ type: "retire", versionId });
    }
  }

  async #assign(worker: WorkerProcess, versionId: VersionId, { damaged }: GiveOptions = {}): Promise<Assignment> {
    const held = this.#holdingsOf(worker);
    held.retiring.delete(versionId);
    const { version, identity } = await this.#awaitVersion(versionId);
    await this.#options.keys.refresh();
    await held.removal;
    const artifacts: HeldArtifact[] = [];
    const link = async (digest: ArtifactDigest, kind: CacheKind): Promise<string> => {
      const { cache } = this.#options;
      const attempt = (): Promise<string> =>
        digest === damaged
          ? cache.linkAgain(worker.directory, digest, kind)
          : cache.linkFor(worker.directory, digest, kind);
      const path = await attempt().catch(async (err: unknown) => {
        if (!(await this.#remakeDirectory(worker, err))) throw err;
        return await attempt();
      });
      artifacts.push({ digest, kind, path });
      return path;
    };
    const sliver = this.#sliverOf(version);
    if (sliver !== null) await this.#checkOrigin(version, sliver);
    const sliverPath = sliver === null ? null : await link(sliver, "sliver");
    const assetsPath = version.assets === null ? null : await link(version.assets, "assets");
    // The record may have got another sliver meanwhile, which was given out on a shorter way.
    if (sliver !== null && this.#sliverOf(version) !== sliver) {
      this.#removeUnused(
        worker,
        artifacts.filter(({ digest }) => digest === sliver),
      );
      return await this.#assign(worker, versionId);
    }
    held.versions.set(versionId, [...withoutPaths(held.versions.get(versionId) ?? [], artifacts), ...artifacts]);
    held.apps.set(versionId, version.app);
    const countedSince = this.#rollouts.get(versionId);
    // One that nobody wants was asked for by a router that is behind.
    if (!this.#wanted.has(versionId)) this.#retireLater(versionId);
    const isSourceOnly = sliver !== null && this.#bad.isSourceOnly(versionId, sliver);
    const isFetchedAgain = sliver !== null && sliver === damaged;
    const { app, manifest } = version;
    return {
      versionId,
      app,
      ...(identity !== undefined && { identity }),
      manifest,
      sliverPath,
      assetsPath,
      ...(isSourceOnly && { isSourceOnly }),
      ...(countedSince !== undefined && { countedSince }),
      ...(isFetchedAgain && { isFetchedAgain }),
    };
  }

  /** Of a worker that runs, where somebody deleted it: without it the worker would get nothing any more. False: it was something else. */
  async #remakeDirectory(worker: WorkerProcess, err: unknown): Promise<boolean> {
    if ((err as NodeJS.ErrnoException).code !== "ENOENT") return false;
    if (![...this.#startedWorkers].includes(worker)) return false;
    const made = await mkdir(worker.directory, { recursive: true, mode: 0o700 });
    if (made !== undefined)
      this.#options.logger.warn("directory of a worker was gone and is made again", { workerId: worker.id });
    return true;
  }

  /**
   * A sliver that was built for one version is not taken for another, however well it is signed. One that was made elsewhere and
   * uploaded (its version has no bundle) bears the name that it had there. @throws SLIVER_WRONG_ORIGIN
   */
  async #checkOrigin(version: VersionRecord, sliver: ArtifactDigest): Promise<void> {
    const { app, id: versionId, bundle } = version;
    if (bundle === null) return;
    const recorded = Object.entries(this.#build(versionId)?.slivers ?? {}).find(([, digest]) => digest === sliver);
    const fingerprint = recorded?.[0] as EngineFingerprint | undefined;
    const { manifest } = await this.#options.cache.admit(sliver);
    assertOrigin(manifest, { app, versionId, bundle, ...(fingerprint && { fingerprint }) });
  }

  /** Null: the app is only assets. @throws EXEC_VERSION_NOT_BUILT */
  #sliverOf(version: VersionRecord): ArtifactDigest | null {
    const build = this.#build(version.id);
    if (build?.state !== "built")
      throw errors.VERSION_NOT_BUILT({ versionId: version.id, engine: this.#options.engine });
    // One of another engine holds the script: the app starts from source until its rebuild is there.
    const sliver = build.slivers[this.#options.engine] ?? Object.values(build.slivers)[0];
    if (sliver !== undefined) return sliver;
    if (version.assets !== null) return null;
    throw errors.VERSION_NOT_BUILT({ versionId: version.id, engine: this.#options.engine });
  }

  #build(versionId: VersionId): BuildRecord | undefined {
    return this.#records.get(`build/${versionId}`) as BuildRecord | undefined;
  }

  #version(versionId: VersionId): VersionRecord | undefined {
    return this.#records.get(`version/${versionId}`) as VersionRecord | undefined;
  }

  /**
   * The record of a version whose build is over, or has not ended in time, and its app's identity in the same state: one that is deleted and made
   * again meanwhile is another. @throws EXEC_VERSION_UNKNOWN
   */
  async #awaitVersion(versionId: VersionId): Promise<{ version: VersionRecord; identity: AppIdentity | undefined }> {
    const deadlineMs = performance.now() + RECORD_WAIT_MS;
    for (;;) {
      const version = this.#version(versionId);
      const isBuilding = ["queued", "building"].includes(this.#build(versionId)?.state ?? "queued");
      const found = version && { version, identity: this.#identityOf(version.app) };
      if (found !== undefined && !isBuilding) return found;
      const remainingMs = deadlineMs - performance.now();
      if (remainingMs <= 0) {
        if (found !== undefined) return found;
        throw errors.VERSION_UNKNOWN({ versionId });
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, remainingMs);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  get #startedWorkers(): Iterable<WorkerProcess> {
    const { workers, startedWorkers = workers } = this.#options;
    return startedWorkers();
  }

  #holdingsOf(worker: WorkerProcess): Held {
    let held = this.#held.get(worker);
    if (held === undefined) {
      held = {
        versions: new Map(),
        apps: new Map(),
        retiring: new Set(),
        fetchedAgain: new Set(),
        removal: Promise.resolve(),
      };
      this.#held.set(worker, held);
    }
    return held;
  }
}

function withoutPaths(artifacts: readonly HeldArtifact[], paths: readonly HeldArtifact[]): HeldArtifact[] {
  return artifacts.filter(({ path }) => !paths.some((other) => other.path === path));
}
