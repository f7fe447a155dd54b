/** What runs in a worker, and how it answers its supervisor's messages. */
import type { Socket } from "node:net";
import { AppIsolate } from "@nano/isolate/app-isolate";
import type { CpuWatch } from "@nano/isolate/cpu-watch";
import { CryptoPool } from "@nano/isolate/crypto-pool";
import { engineFingerprint } from "@nano/isolate/engine";
import type { GuestHost } from "@nano/isolate/isolate";
import { openLink } from "@nano/link/dial-link";
import type { VersionId, WorkerId } from "@nano/protocol/brands";
import { toWireError } from "@nano/protocol/errors";
import type { SecretValues } from "@nano/protocol/secrets";
import { errors } from "../errors.ts";
import type { FlightRecorder } from "../flight-recorder.ts";
import { LiveSockets } from "../websocket/live-sockets.ts";
import { SocketLane } from "../websocket/socket-lane.ts";
import { SocketThreads } from "../websocket/socket-threads.ts";
import type { ThreadStarter } from "../websocket/thread-starter.ts";
import type {
  Assignment,
  CountedVersion,
  FromWorker,
  LinkedPeer,
  ToWorker,
  WorkerBudgets,
  WorkerKind,
  WorkerStats,
} from "../worker-messages.ts";
import { AppAssets } from "./app-assets.ts";
import { AppLane } from "./app-lane.ts";
import { cacheOwnerOf, createCacheClient } from "./cache-client.ts";
import { EgressClient } from "./egress-client.ts";
import { GuestLogs } from "./guest-logs.ts";
import { IsolateCache } from "./isolate-cache.ts";
import { RouterLinks } from "./router-links.ts";
import { type SliverSource, SliverSources, type SourceFall } from "./sliver-sources.ts";
import { noteEntry, ThreadUse } from "./thread-use.ts";
import { Turns } from "./turns.ts";
import type { VersionLane } from "./version-lane.ts";
import { VersionServer } from "./version-server.ts";
import { VersionTable } from "./version-table.ts";
import { WorkerCounters } from "./worker-counters.ts";

/** Of @nano/sliver. */
const ENTRY_DAMAGED = "SLIVER_ENTRY_DAMAGED";
/** How often sizes are measured, the cache swept and figures sent. */
const SWEEP_INTERVAL_MS = 1_000;
const DRAIN_CHECK_MS = 20;
/** Before another link to a process beside it is asked for. */
const PEER_PAUSE_MS = 200;
/** For routers to hear what was cut, and to close their links. */
const CUT_LEAVE_MS = 500;
/** Streams of a router's link beyond the connections that there may be: those that are refused, and questions. */
const SPARE_STREAM_COUNT = 256;

export interface WorkerRuntimeOptions {
  readonly workerId: WorkerId;
  readonly credential: string;
  readonly budgets: WorkerBudgets;
  /** @default "http" */
  readonly kind?: WorkerKind;
  /** @default false */
  readonly hasDebugHeaders?: boolean;
  readonly recorder: FlightRecorder;
  /** For the threads of connections, each of which writes a record of its own. */
  readonly recorderFd: number;
  /** Null: it may have none. */
  readonly threadStarter: ThreadStarter | null;
  /** Ends entries that have used their CPU. @default none: they are ended by wall time */
  readonly cpuWatch?: CpuWatch | null;
  /** Of the process's `CpuWatcher`, for the threads of connections. */
  readonly cpuShared?: SharedArrayBuffer | undefined;
  send(message: FromWorker): void;
  /** Its drain is over: leaves once this is said. */
  exit(last: FromWorker): void;
}

type PeerSocket = Extract<ToWorker, { type: "peer_socket" }>;
type WorkerMessage = Exclude<ToWorker, { type: "start" }>;

export class WorkerRuntime {
  readonly #options: WorkerRuntimeOptions;
  readonly #counters = new WorkerCounters();
  readonly #turns = new Turns();
  readonly #sources = new SliverSources(engineFingerprint());
  readonly #egress = new EgressClient();
  readonly #cacheApi = createCacheClient();
  /** One for all apps: they share the process's few threads. */
  readonly #cryptoPool = new CryptoPool();
  readonly #cache: IsolateCache;
  readonly #logs: GuestLogs;
  readonly #threadUse = new ThreadUse();
  readonly #versions: VersionTable;
  readonly #routers: RouterLinks;
  /** Null: it serves requests. */
  readonly #sockets: LiveSockets | null;
  readonly #threads: SocketThreads;
  /** Null: responses have no debug headers. */
  readonly #debugWorkerId: WorkerId | null;
  #isDraining = false;
  /** Requests in flight when the drain began, and those of them that were cut off. */
  #drainedCount = 0;
  #cutCount = 0;
  #isCut = false;

  constructor(options: WorkerRuntimeOptions) {
    this.#options = options;
    const { budgets, workerId, credential, send } = options;
    this.#debugWorkerId = options.hasDebugHeaders ? workerId : null;
    this.#cache = new IsolateCache(budgets, () => this.#sources.blobBytes);
    this.#logs = new GuestLogs({
      bytesPerSecond: budgets.logBytesPerSecond,
      send: (lines) => send({ type: "log", lines }),
    });
    this.#versions = new VersionTable({ need: (versionId) => send({ type: "need", versionId }) });
    this.#sockets = options.kind === "websocket" ? new LiveSockets({ limitCount: budgets.isolateCount }) : null;
    this.#threads = new SocketThreads({
      starter: options.threadStarter,
      recorderFd: options.recorderFd,
      cpuShared: options.cpuShared,
      want: () => send({ type: "thread_wanted" }),
      release: () => send({ type: "thread_released" }),
    });
    this.#routers = new RouterLinks({
      workerId,
      credential,
      versions: this.#versions,
      ...(this.#sockets === null ? {} : { maxStreamCount: budgets.isolateCount + SPARE_STREAM_COUNT }),
    });
    options.recorder.onEntry = (limitMs) => this.#routers.entering(limitMs);
    setInterval(() => this.#sweep(), SWEEP_INTERVAL_MS);
  }

  async receive(message: WorkerMessage, socket: Socket | null): Promise<void> {
    switch (message.type) {
      case "router_socket":
        this.#options.send({ type: "took_socket" });
        if (socket === null) return;
        if (message.received !== undefined) socket.unshift(Buffer.from(message.received, "base64"));
        if (this.#isDraining) socket.destroy();
        else this.#routers.accept(socket);
        return;
      case "peer_socket":
        if (socket !== null) await this.#openPeer(socket, message);
        return;
      case "assign":
        this.#assign(message.assignment, message.secrets ?? {});
        return;
      case "secrets":
        for (const { assignment, lane } of this.#versions.servers) {
          const isOfApp = assignment.app === message.app && assignment.identity === message.identity;
          if (isOfApp) lane.useSecrets(message.secrets);
        }
        return;
      case "refuse":
        this.#versions.refuse(message.versionId, message.error);
        return;
      case "elsewhere":
        this.#versions.moveElsewhere(message.versionIds);
        return;
      case "retire":
        this.#retire(message.versionId);
        return;
      case "drain":
        this.#isDraining = true;
        this.#drainedCount = this.#routers.streamCount;
        this.#routers.drain();
        this.#exitWhenIdle();
        return;
      case "cut":
        // Connections are told why; what they do not hear of before the process leaves, their router says.
        if (this.#sockets === null) this.#cutCount += this.#routers.cut();
        else this.#cutCount += this.#sockets.closeAll(errors.WORKER_DRAINING({}).wire.reason);
        this.#isCut = true;
        setTimeout(() => this.#exit(), CUT_LEAVE_MS);
        return;
      case "socket_budget":
        if (this.#sockets !== null) this.#sockets.bufferBytes = message.bufferBytes;
        return;
      case "socket_apps":
        if (this.#sockets !== null) this.#sockets.apps = new Set(message.apps);
        return;
      case "close_sockets":
        this.#sockets?.closeSpread(message);
        return;
      case "thread_answer":
        this.#threads.answer(message.isGranted);
        return;
      default:
        message satisfies never;
    }
  }

  #assign(assignment: Assignment, secrets: SecretValues): void {
    const { versionId } = assignment;
    const existing = this.#versions.get(versionId);
    if (existing !== undefined) {
      existing.lane.keep();
      existing.lane.countSince(assignment.countedSince);
      existing.lane.useSecrets(secrets);
      this.#readopt(existing, assignment);
      return;
    }
    try {
      const server = this.#createServer(assignment);
      server.lane.useSecrets(secrets);
      const isAppWarm = this.#isAppWarm(assignment.app);
      this.#versions.add(versionId, server);
      // Its requests went to another version until now: the first one finds an isolate, as the last one there did.
      if (isAppWarm) server.lane.prepareStandby();
    } catch (thrown) {
      this.#refuse(versionId, thrown);
    }
  }

  /** @throws where its sliver or its asset pack cannot be read */
  #createServer(assignment: Assignment): VersionServer {
    const assets = assignment.assetsPath === null ? null : new AppAssets(assignment.assetsPath);
    try {
      const lane = this.#createLane(assignment, assets);
      return new VersionServer(assignment, lane, { assets, debugWorkerId: this.#debugWorkerId });
    } catch (thrown) {
      assets?.close();
      throw thrown;
    }
  }

  #createLane(assignment: Assignment, assets: AppAssets | null): VersionLane {
    const parts = {
      turns: this.#turns,
      recorder: this.#options.recorder,
      counters: this.#counters,
      host: this.#createHost(assignment, assets),
      source: this.#openSource(assignment),
    };
    const live = this.#sockets;
    return live === null
      ? new AppLane(assignment, { ...parts, cache: this.#cache, debugWorkerId: this.#debugWorkerId })
      : new SocketLane(assignment, { ...parts, live, threads: this.#threads });
  }

  /** What is damaged may be had again. */
  #refuse(versionId: VersionId, thrown: unknown): void {
    const { code, message, details } = toWireError(thrown);
    const error = errors.SLIVER_REFUSED({ versionId, why: message }).wire;
    const { path } = details;
    if (code === ENTRY_DAMAGED && typeof path === "string") {
      this.#options.send({ type: "unreadable", versionId, path, error });
    } else {
      this.#versions.refuse(versionId, error);
    }
  }

  /** The version is given again: with another sliver, or to be served from its source. */
  #readopt({ lane }: VersionServer, assignment: Assignment): void {
    const { versionId, sliverPath } = assignment;
    if (sliverPath === null || lane.sliverPath === null) return;
    if (sliverPath === lane.sliverPath && !assignment.isFetchedAgain) {
      if (assignment.isSourceOnly) lane.fall();
      return;
    }
    try {
      const source = this.#openSource(assignment);
      if (source !== null) lane.adopt(source);
    } catch (thrown) {
      // What it serves from it keeps; that the new one failed was told when it fell, unless it did not get that far.
      this.#refuse(versionId, thrown);
    }
    this.#options.send({ type: "adopted", versionId, sliverPath: lane.sliverPath });
  }

  #openSource({ versionId, sliverPath, isSourceOnly = false }: Assignment): SliverSource | null {
    if (sliverPath === null) return null;
    const onFall = (fall: SourceFall): void => this.#options.send({ type: "fell", fall: { ...fall, versionId } });
    return this.#sources.open(sliverPath, { isSourceOnly, onFall });
  }

  #isAppWarm(app: Assignment["app"]): boolean {
    for (const { assignment, lane } of this.#versions.servers) if (assignment.app === app && lane.isWarm) return true;
    return false;
  }

  #createHost(assignment: Assignment, assets: AppAssets | null): GuestHost {
    const { versionId, app, manifest } = assignment;
    const { recorder, cpuWatch = null } = this.#options;
    const use = this.#threadUse.open(versionId, app);
    const cacheOwner = cacheOwnerOf(assignment);
    return {
      beginEntry: (_, request, limitMs, silenceMs) => recorder.begin(app, request, limitMs, versionId, silenceMs),
      endEntry: (cpuMs) => {
        recorder.end();
        noteEntry(use, cpuMs);
      },
      log: (line) => this.#logs.add({ ...line, versionId }, manifest.limits.logBytesPerSecond),
      openFetch: (head, listener) =>
        head.cache === undefined
          ? this.#egress.open(head, listener)
          : this.#cacheApi.open({ ...head, app: cacheOwner, cacheBytes: manifest.limits.cacheBytes }, listener),
      openAsset: assets?.openFetch,
      cryptoPool: this.#cryptoPool,
      cpuWatch,
    };
  }

  #retire(versionId: Assignment["versionId"]): void {
    const server = this.#versions.get(versionId);
    if (server === undefined) return;
    server.lane.retire(() => {
      this.#versions.delete(versionId);
      this.#threadUse.close(versionId);
      server.close();
      this.#options.send({ type: "released", versionId });
    });
  }

  async #openPeer(socket: Socket, { peer, credential }: PeerSocket): Promise<void> {
    const client = peer === "egress" ? this.#egress : this.#cacheApi;
    const result = await openLink(socket, {
      credential,
      peer: this.#options.workerId,
      onClose: (_, link) => {
        if (client.lost(link)) this.#askForPeer(peer);
      },
    });
    if (result.type === "open") client.use(result.link);
    else this.#askForPeer(peer);
  }

  #askForPeer(peer: LinkedPeer): void {
    setTimeout(() => this.#options.send({ type: "peer_lost", peer }), PEER_PAUSE_MS).unref();
  }

  /** Answers have left, and `waitUntil` has had its time. */
  #exitWhenIdle(): void {
    setInterval(() => {
      if (!this.#routers.isClosed) return;
      for (const { lane } of this.#versions.servers) if (!lane.isIdle && !this.#isCut) return;
      this.#exit();
    }, DRAIN_CHECK_MS);
  }

  #exit(): void {
    const cutCount = this.#cutCount;
    this.#options.exit({ type: "drained", cutCount, finishedCount: Math.max(0, this.#drainedCount - cutCount) });
  }

  #sweep(): void {
    this.#cache.sweep();
    this.#options.send({ type: "stats", stats: this.#stats() });
  }

  #stats(): WorkerStats {
    let queued = 0;
    let running = 0;
    const rollouts: Record<VersionId, CountedVersion> = {};
    for (const { assignment, lane } of this.#versions.servers) {
      const { tally } = lane;
      if (tally !== null)
        rollouts[assignment.versionId] = {
          since: tally.since,
          requestCount: tally.requestCount,
          errorCount: tally.errorCount,
          runningCount: lane.runningCount,
        };
      queued += lane.waitingCount;
      running += lane.runningCount;
    }
    return {
      sockets: this.#sockets?.stats(this.#threads.count) ?? null,
      requests: this.#counters.requests,
      refusedFull: this.#counters.refusedFull,
      coldStarts: this.#counters.coldStarts,
      evictions: this.#cache.evictedCount,
      cryptoJobs: this.#cryptoPool.startedCount,
      cryptoRefused: this.#cryptoPool.refusedCount,
      cryptoQueued: this.#cryptoPool.queuedCount,
      queueWait: this.#counters.queueWait,
      rollouts,
      threadUse: this.#threadUse.take(),
      limitEnds: this.#counters.limitEnds,
      limitRefusals: this.#counters.limitRefusals,
      isolates: this.#cache.isolateCount + (this.#sockets?.size ?? 0),
      liveIsolates: AppIsolate.liveCount,
      isolateBytes: this.#cache.bytes,
      blobBytes: this.#sources.blobBytes,
      queued,
      running,
      droppedLogLines: this.#logs.droppedCount,
      residentBytes: process.memoryUsage.rss(),
    };
  }
}
