/**
 * The supervisor of a node: wires its parts, and passes on what workers, the control store and routers say. It never loads isolated-vm.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ControlStore } from "@nano/control-store/control-store";
import type { EngineFingerprint, NodeId, WorkerId } from "@nano/protocol/brands";
import type { SocketWorkerAnswer } from "@nano/protocol/messages";
import type { NodeRecord } from "@nano/protocol/records";
import { READY, type Readiness } from "@nano/service-kit/admin-server";
import type { ConfigFor } from "@nano/service-kit/config";
import { fitDrain } from "@nano/service-kit/fit-drain";
import type { Logger } from "@nano/service-kit/logger";
import type { Metrics } from "@nano/service-kit/metrics";
import { NodeCache } from "@nano/sliver/node-cache";
import { openSliverStore } from "@nano/sliver/open-sliver-store";
import { type config, LEAVE_MS } from "../config.ts";
import { errors } from "../errors.ts";
import { type RunningEntry, readRestoringVersion, readRunningEntry } from "../flight-recorder.ts";
import type { FallReport, FromWorker, WorkerKind, WorkerStats } from "../worker-messages.ts";
import { resolveAdvertisedAddress } from "./advertised-address.ts";
import { AppLog } from "./app-log.ts";
import { CordonKeeper } from "./cordon-keeper.ts";
import type { Entrance } from "./entrance.ts";
import { ExecutorMetrics } from "./executor-metrics.ts";
import { LogFollowers } from "./log-followers.ts";
import { createNodeEntrance } from "./node-entrance.ts";
import { NodeNameWatch } from "./node-name-watch.ts";
import { NodeRegistration } from "./node-registration.ts";
import { OldVersionSockets } from "./old-version-sockets.ts";
import { OwnedDirectories } from "./owned-directories.ts";
import { cacheApiDirectory, PeerProcesses } from "./peer-processes.ts";
import { PostmortemServer } from "./postmortem-server.ts";
import { QuarantineKeeper } from "./quarantine-keeper.ts";
import { RolloutCounts } from "./rollout-counts.ts";
import { fitSocketDrain } from "./socket-drain.ts";
import { startWorker } from "./start-worker.ts";
import { StoreWatch } from "./store-watch.ts";
import { examineAny } from "./tombstones.ts";
import { TrustedKeyDirectory } from "./trusted-keys.ts";
import { VersionSupply } from "./version-supply.ts";
import { WebSocketMetrics } from "./websocket-metrics.ts";
import { WebSocketPool } from "./websocket-pool.ts";
import { WorkerLoad } from "./worker-load.ts";
import { WorkerPool } from "./worker-pool.ts";
import type { LossCause, WorkerProcess } from "./worker-process.ts";

/** How long a start waits for the control store before it goes on without. */
const STORE_PATIENCE_MS = 2_000;
const SUPERVISOR_SOCKET = "supervisor.sock";

export interface SupervisorOptions {
  readonly config: ConfigFor<typeof config>;
  readonly engine: EngineFingerprint;
  readonly store: ControlStore;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Where lines of apps go. */
  writeAppLine(line: string): void;
}

interface SupervisorParts {
  readonly owned: OwnedDirectories;
  readonly cache: NodeCache;
  readonly keys: TrustedKeyDirectory;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #watch: StoreWatch;
  readonly #nameWatch: NodeNameWatch;
  readonly #load: WorkerLoad;
  readonly #rollouts = new RolloutCounts(() => this.#supply.rollouts);
  readonly #supervisorCredential = randomBytes(32).toString("hex");
  readonly #pool: WorkerPool;
  readonly #sockets: WebSocketPool;
  readonly #quarantine: QuarantineKeeper;
  readonly #cordon: CordonKeeper;
  readonly #oldSockets: OldVersionSockets;
  readonly #socketMetrics: WebSocketMetrics;
  readonly #peers: PeerProcesses;
  readonly #supply: VersionSupply;
  readonly #metrics: ExecutorMetrics;
  readonly #postmortems: PostmortemServer;
  /** Null: routers come over Unix sockets. */
  readonly #entrance: Entrance | null;
  /** What routers dial in place of Unix sockets. */
  #advertised: string | null = null;
  readonly #appLog: AppLog;
  readonly #workersDirectory: string;
  readonly #owned: OwnedDirectories;
  /** Those that run, before they serve too: each wants its connections to the processes beside it. */
  readonly #started = new Set<WorkerProcess>();
  #registration: NodeRegistration | null = null;
  #isDraining = false;

  /** Starts everything, and answers when workers serve and the node is announced. @throws EXEC_DIRECTORY_TAKEN */
  static async open(options: SupervisorOptions): Promise<Supervisor> {
    const { config } = options;
    const owned = new OwnedDirectories([config.cache.directory, config.run.directory, cacheApiDirectory(config)]);
    try {
      return await Supervisor.#openIn(owned, options);
    } catch (err) {
      owned.release();
      throw err;
    }
  }

  static async #openIn(owned: OwnedDirectories, options: SupervisorOptions): Promise<Supervisor> {
    const { config, logger } = options;
    const keys = new TrustedKeyDirectory(config.trustedKeys.directory);
    await keys.refresh();
    const cache = await NodeCache.open({
      directory: config.cache.directory,
      store: await openSliverStore(config.store, { metrics: options.metrics }),
      trustedKeys: () => keys.current,
      limitBytes: config.cache.bytes,
    });
    const supervisor = new Supervisor(options, { owned, cache, keys });
    await supervisor.#open();
    logger.info("serving", { workers: config.workers.count });
    return supervisor;
  }

  private constructor(options: SupervisorOptions, { owned, cache, keys }: SupervisorParts) {
    this.#options = options;
    this.#owned = owned;
    const { config, engine, logger, metrics, writeAppLine } = options;
    this.#workersDirectory = join(config.cache.directory, "workers");
    // What workers of an earlier run left behind.
    rmSync(this.#workersDirectory, { recursive: true, force: true });
    mkdirSync(this.#workersDirectory, { recursive: true, mode: 0o700 });
    this.#load = new WorkerLoad(config.workers.capacityCount);
    this.#nameWatch = new NodeNameWatch({
      nodeId: config.node.id as NodeId,
      credential: this.#supervisorCredential,
      leaseMs: config.node.leaseMs,
      logger: logger.child({ component: "registration" }),
      address: () => this.#supervisorAddress,
    });
    this.#watch = new StoreWatch({
      store: options.store,
      logger: logger.child({ component: "store" }),
      onState: (state, changes) => {
        this.#supply.update(state.records, changes);
        this.#quarantine.update(changes);
        this.#nameWatch.update(state, changes);
      },
      onSkipped: (recordCount) => this.#metrics.recordsSkipped(recordCount),
    });
    this.#pool = new WorkerPool({
      count: config.workers.count,
      logger: logger.child({ component: "workers" }),
      start: (id) => this.#startWorker(id, "http"),
      equip: async (worker) => {
        this.#equip(worker);
        await this.#supply.welcome(worker);
        this.#quarantine.equip(worker);
      },
      onChange: () => this.#registration?.renew(),
      onDeath: (worker, cause) => {
        const running = readRunningEntry(worker.recorderFd);
        this.#load.forget(worker.id);
        this.#cordon.forget(worker.id);
        const isSliver = this.#lost(worker, cause, running === null ? [] : [running]);
        if (!isSliver) this.#quarantine.lost(worker, running);
      },
    });
    const { drainSpreadMs: spreadMs, maxAgeOnOldVersionMs: maxAgeMs, ...limits } = config.websocket;
    this.#sockets = new WebSocketPool({
      ...limits,
      logger: logger.child({ component: "websocket" }),
      start: (id) => this.#startWorker(id, "websocket"),
      equip: (worker) => this.#equip(worker),
      onDeath: (worker, cause, running) => {
        this.#socketMetrics.forget(worker.id);
        this.#lost(worker, cause, running);
      },
      onEnd: (worker) => {
        this.#socketMetrics.forget(worker.id);
        this.#ended(worker);
      },
      onRefused: (reason) => this.#socketMetrics.refused(reason),
    });
    this.#quarantine = new QuarantineKeeper({
      limitCount: config.quarantine.workerCount,
      logger: logger.child({ component: "quarantine" }),
      metrics,
      sharedWorkers: () => this.#pool.workers,
      start: (id) => this.#startWorker(id, "http"),
      equip: (worker, versionId) => {
        this.#equip(worker);
        void this.#supply.give(worker, versionId);
      },
      onDeath: (worker, cause) => {
        const running = readRunningEntry(worker.recorderFd);
        this.#lost(worker, cause, running === null ? [] : [running]);
      },
      onEnd: (worker) => this.#ended(worker),
      onChange: () => this.#registration?.renew(),
      onLift: (app) => this.#sockets.forgive(app),
    });
    this.#cordon = new CordonKeeper({
      ...config.cordon,
      logger: logger.child({ component: "cordon" }),
      metrics,
      workers: () => this.#pool.workers,
      onChange: () => this.#registration?.renew(),
    });
    this.#socketMetrics = new WebSocketMetrics(metrics, {
      workerCount: () => this.#sockets.size,
      threadsLimitCount: limits.dedicatedThreads,
    });
    this.#oldSockets = new OldVersionSockets({
      maxAgeMs,
      spreadMs,
      oldVersionsOf: (worker) => this.#supply.oldVersionsOf(worker),
    });
    this.#peers = new PeerProcesses({ config, logger, workers: () => this.#started });
    this.#supply = new VersionSupply({
      nodeId: config.node.id as NodeId,
      aheadCount: config.workers.aheadCount,
      onAhead: (outcome) => this.#metrics.givenAhead(outcome),
      engine,
      cache,
      keys,
      logger: logger.child({ component: "versions" }),
      secretsKeyFile: config.secrets.keyFile,
      workers: () => this.#pool.workers,
      startedWorkers: () => this.#started,
      onBadSlivers: () => this.#registration?.renew(),
    });
    this.#metrics = new ExecutorMetrics(metrics, {
      egress: () => this.#peers.egress,
      cacheApi: () => this.#peers.cache,
      greetingCount: () => this.#entrance?.greetingCount ?? 0,
      stateAgeMs: () => this.#watch.ageMs,
      hasRival: () => this.#nameWatch.rivalAddress !== null,
    });
    const followers = new LogFollowers({
      node: config.node.id,
      limitCount: config.logs.followerCount,
      limitBytes: config.logs.followerBytes,
      metrics,
    });
    this.#postmortems = new PostmortemServer({
      address: join(config.run.directory, SUPERVISOR_SOCKET),
      credential: this.#supervisorCredential,
      peer: config.node.id,
      pool: {
        examine: (question) => examineAny([this.#pool, this.#quarantine.workers, this.#sockets], question),
      },
      socketWorkerFor: (app) => this.#name(() => this.#sockets.workerFor(app)),
      ownWorkerFor: (versionId) => this.#name(() => this.#quarantine.workerFor(versionId)),
      followers,
    });
    this.#entrance = createNodeEntrance({
      config: config.listen,
      logger,
      workers: () => [...this.#pool.workers, ...this.#quarantine.workers.workers, ...this.#sockets.workers],
      acceptSupervisor: (socket, received) => this.#postmortems.accept(socket, received),
      onRefused: (cause) => this.#metrics.connectionRefused(cause),
    });
    this.#appLog = new AppLog({
      sliverPath: (versionId) => this.#supply.sliverPath(versionId),
      write: writeAppLine,
      followers,
    });
  }

  /** `host:port` that routers dial; null where they come over Unix sockets. */
  get address(): string | null {
    return this.#advertised;
  }

  /** Whether routers know this node and it serves them. While the control store is away it goes on with what it knows. */
  get readiness(): Readiness {
    const reason = this.#whyNotReady();
    return reason === null ? READY : { isReady: false, reason };
  }

  #whyNotReady(): string | null {
    if (this.#isDraining) return "draining";
    if (this.#pool.size === 0) return "no worker serves";
    const { rivalAddress } = this.#nameWatch;
    if (rivalAddress !== null) {
      return `another executor, at ${rivalAddress}, has this node's name too: set EXECUTOR_NODE_ID to one of its own`;
    }
    if (!this.#watch.hasState) return `control store was not read yet: ${this.#watch.problem || "no answer so far"}`;
    if (this.#registration?.hasRegistered === true) return null;
    return `routers do not know this node yet: ${this.#registration?.problem || "its record is being written"}`;
  }

  /**
   * Announces the end, refuses new requests once routers have had time to hear of it, lets those in flight finish within the grace of
   * the drain, cuts the others, ends all processes, and by `deadline` whatever is left.
   */
  async close(deadline: AbortSignal): Promise<void> {
    const { config, logger } = this.#options;
    const plan = fitDrain(config.drain, { shutdownGraceMs: config.shutdown.graceMs, leaveMs: LEAVE_MS });
    logger.info("draining", { ...plan });
    this.#isDraining = true;
    this.#registration?.renew();
    // On one machine there is nobody else to send requests to.
    if (this.#entrance !== null) await delay(plan.noticeMs, undefined, { signal: deadline }).catch(() => undefined);
    this.#entrance?.refuse();
    const socketPlan = fitSocketDrain(plan, {
      spreadMs: config.websocket.drainSpreadMs,
      availableMs: config.shutdown.graceMs - LEAVE_MS,
    });
    await Promise.all([
      this.#pool.close(deadline, plan.graceMs),
      this.#quarantine.close(deadline, plan.graceMs),
      this.#sockets.close(deadline, socketPlan),
    ]);
    await this.#peers.close();
    this.#watch.close();
    this.#nameWatch.close();
    await this.#registration?.close();
    this.#entrance?.close();
    this.#postmortems.close();
    await this.#options.store.close();
    this.#owned.release();
  }

  get #supervisorAddress(): string {
    return this.#advertised ?? join(this.#options.config.run.directory, SUPERVISOR_SOCKET);
  }

  async #openEntrance(): Promise<void> {
    if (this.#entrance === null) return;
    const { config, logger } = this.#options;
    const bound = await this.#entrance.open();
    this.#advertised = resolveAdvertisedAddress(bound, { configured: config.listen.advertisedAddress });
    if (this.#advertised === null) throw errors.NO_ADDRESS({ bound });
    if (config.listen.tlsCertFile !== null) this.#advertised = `tls://${this.#advertised}`;
    logger.info("routers are accepted", { bound, advertised: this.#advertised });
  }

  async #open(): Promise<void> {
    const isStarted = Promise.all([this.#pool.open(), this.#postmortems.open(), this.#openEntrance()]);
    this.#watch.open();
    const patience = new AbortController();
    const isRegistering = Promise.all([isStarted, this.#watch.whenLoaded()]).then(() => this.#register());
    await isStarted;
    // Where the store is away, the node is up and says so; it is announced when the store is back.
    await Promise.race([isRegistering, delay(STORE_PATIENCE_MS, undefined, { signal: patience.signal })]).finally(() =>
      patience.abort(),
    );
  }

  #register(): void {
    if (this.#isDraining) return;
    const { store, config, logger } = this.#options;
    this.#registration = new NodeRegistration({
      store,
      leaseMs: config.node.leaseMs,
      logger: logger.child({ component: "registration" }),
      describe: () => this.#describe(),
    });
    this.#registration.renew();
  }

  #describe(): NodeRecord {
    const { config, engine } = this.#options;
    const { named: cordon } = this.#cordon;
    return {
      kind: "node",
      id: config.node.id as NodeId,
      engine,
      supervisor: {
        address: this.#supervisorAddress,
        credential: this.#supervisorCredential,
      },
      workers: [...this.#pool.workers].map(({ endpoint }) => ({
        ...endpoint,
        capacity: this.#options.config.workers.capacityCount,
        load: this.#load.of(endpoint.id),
        ...(this.#advertised === null ? {} : { address: this.#advertised }),
      })),
      draining: this.#isDraining,
      badSlivers: this.#supply.badSlivers,
      rollouts: this.#rollouts.counts,
      quarantined: this.#quarantine.named,
      ...(cordon !== null && { cordon }),
    };
  }

  async #startWorker(id: WorkerId, kind: WorkerKind): Promise<WorkerProcess> {
    const { config, logger } = this.#options;
    return await startWorker(id, kind, {
      config,
      workersDirectory: this.#workersDirectory,
      onMessage: (message) => this.#receive(id, message),
      onError: (output) => logger.warn("worker wrote", { workerId: id, output }),
    });
  }

  #equip(worker: WorkerProcess): void {
    this.#started.add(worker);
    worker.exited.then(() => this.#started.delete(worker));
    this.#peers.connectWorker(worker);
  }

  /** Answers whether a sliver is to blame, which needs to be built again. */
  #lost(worker: WorkerProcess, cause: LossCause, running: readonly RunningEntry[]): boolean {
    this.#metrics.workerLost(worker.id, cause, worker.kind);
    this.#rollouts.workerLost(worker.id, running[0]?.versionId ?? null);
    this.#peers.dismiss(worker);
    const restoring = readRestoringVersion(worker.recorderFd);
    return restoring !== null && this.#supply.diedRestoring(worker, restoring);
  }

  /** Nobody needed it. */
  #ended(worker: WorkerProcess): void {
    this.#metrics.workerEnded(worker.id);
    this.#rollouts.workerLost(worker.id, null);
    this.#peers.dismiss(worker);
  }

  /** As a router dials it. */
  async #name(findWorker: () => Promise<WorkerProcess>): Promise<SocketWorkerAnswer> {
    if (this.#isDraining) throw errors.NODE_DRAINING({});
    const { id, address, credential } = (await findWorker()).endpoint;
    return { workerId: id, address: this.#advertised ?? address, credential };
  }

  #receive(id: WorkerId, message: Exclude<FromWorker, { type: "ready" | "took_socket" }>): void {
    const worker = this.#workerOf(id);
    switch (message.type) {
      case "need":
        if (worker !== undefined) this.#supply.give(worker, message.versionId);
        return;
      case "released":
        if (worker !== undefined) this.#supply.released(worker, message.versionId);
        return;
      case "adopted":
        if (worker !== undefined) this.#supply.adopted(worker, message.versionId, message.sliverPath);
        return;
      case "fell":
        this.#fell(id, message.fall);
        return;
      case "drained":
        this.#metrics.drained(message.finishedCount, message.cutCount);
        return;
      case "unreadable":
        if (worker !== undefined) this.#supply.unreadable(worker, message.versionId, message);
        return;
      case "log":
        for (const line of message.lines) this.#appLog.write(line);
        return;
      case "stats":
        if (worker !== undefined) this.#report(worker, message.stats);
        return;
      case "peer_lost":
        // Of a process that was lost, too: the next one connects all workers by itself.
        if (worker !== undefined) this.#peers.connect(message.peer, worker);
        return;
      case "thread_wanted":
        this.#sockets.threadWanted(id);
        return;
      case "thread_released":
        this.#sockets.threads.release(id);
        return;
      default:
        message satisfies never;
    }
  }

  #report(worker: WorkerProcess, stats: WorkerStats): void {
    this.#metrics.report(worker.id, stats);
    if (worker.kind === "websocket" && stats.sockets !== null) {
      this.#socketMetrics.report(worker.id, stats.sockets);
      this.#sockets.report(worker.id, stats.sockets);
      this.#oldSockets.check(worker);
    }
    this.#quarantine.workers.report(worker.id, stats);
    // What a worker of its own has, and connections, are no load: where they are is not the router's choice.
    const isShared = this.#pool.get(worker.id) === worker;
    if (isShared) this.#cordon.report(worker.id, stats.threadUse);
    const hasOtherLoad = isShared && this.#load.report(worker.id, stats.queued + stats.running);
    const hasNewCounts = this.#rollouts.report(worker.id, stats.rollouts);
    if (hasOtherLoad || hasNewCounts) this.#registration?.renewCalmly();
  }

  #fell(workerId: WorkerId, fall: FallReport): void {
    const { versionId, from, to, reason, why } = fall;
    this.#options.logger.warn("sliver serves from a lower rung", { workerId, versionId, from, to, reason, why });
    this.#metrics.fell(from, to, reason);
    const worker = this.#workerOf(workerId);
    if (worker !== undefined) this.#supply.fell(worker, fall);
  }

  #workerOf(id: WorkerId): WorkerProcess | undefined {
    return this.#pool.get(id) ?? this.#quarantine.workers.get(id) ?? this.#sockets.get(id);
  }
}
