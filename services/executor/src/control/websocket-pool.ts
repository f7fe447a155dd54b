/**
 * The WebSocket workers of a node: processes apart from those for requests, started when a router asks for the first connection of an app.
 *
 *   an app ──its place──▶ the process that has it · the fullest one with room · one from which an idle app leaves · a new one · refused
 *
 * I1 An app is in one process. A process has at most `appsPerWorker` apps, and one that was seen to kill has its own. The process knows them, and
 *    refuses connections of others: a router that does not know yet asks again.
 * I2 There are at most `workerCount` processes, those that start and those that end included; own ones take at most `OWN_SHARE` of them.
 * I3 A dead process is not replaced until somebody asks.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { AppName, WorkerId } from "@nano/protocol/brands";
import type { PostmortemAnswer, PostmortemQuestion } from "@nano/protocol/messages";
import type { Logger } from "@nano/service-kit/logger";
import { errors } from "../errors.ts";
import { type RunningEntry, readRunningEntries } from "../flight-recorder.ts";
import type { SocketStats } from "../worker-messages.ts";
import { KillerApps } from "./killer-apps.ts";
import { ThreadPermits } from "./thread-permits.ts";
import { examineWorker, Tombstones } from "./tombstones.ts";
import { WebSocketPlace } from "./websocket-place.ts";
import type { LossCause, WorkerProcess } from "./worker-process.ts";
import { WorkerWatch } from "./worker-watch.ts";

/** A process without connections ends after this time; an app without them leaves its process for another app. */
export const IDLE_MS = 60_000;
/** Of all processes, how many apps that were seen to kill may have for themselves; one at the least. */
const OWN_SHARE = 0.5;
/** After a start that failed: everybody who asks would begin one. */
const START_PAUSE_MS = 1_000;
/** Between two closes at an end: few connections need no long spread. */
const CLOSE_GAP_MS = 20;
/** How long an answer waits for the end of a process that cannot be reached any more. */
const END_WAIT_MS = 1_000;

export interface WebSocketPoolOptions {
  /** Processes at most. */
  readonly workerCount: number;
  readonly appsPerWorker: number;
  /** Threads of connections, over all processes. */
  readonly dedicatedThreads: number;
  /** What connections may hold in messages, over all processes. */
  readonly bufferBytes: number;
  readonly logger: Logger;
  /** @default IDLE_MS */
  readonly idleMs?: number;
  start(id: WorkerId): Promise<WorkerProcess>;
  /** Gives a worker that has just started what it needs. */
  equip(worker: WorkerProcess): void;
  /** @param running the entries that it was in, of all of its threads */
  onDeath(worker: WorkerProcess, cause: LossCause, running: readonly RunningEntry[]): void;
  /** It ended because nobody needs it. */
  onEnd(worker: WorkerProcess): void;
  /** Nobody's connections are taken, for this reason. */
  onRefused(reason: string): void;
}

/** How long connections may go on once the node ends. */
export interface SocketDrain {
  /** Until they are closed. */
  readonly graceMs: number;
  /** Over what time that is spread. */
  readonly spreadMs: number;
  /** For the closing handshakes after that; who is left is cut off. */
  readonly handshakeMs: number;
}

export class WebSocketPool {
  readonly threads: ThreadPermits;
  readonly #options: WebSocketPoolOptions;
  readonly #idleMs: number;
  readonly #places = new Set<WebSocketPlace>();
  readonly #placeOf = new Map<AppName, WebSocketPlace>();
  readonly #workers = new Map<WorkerId, WebSocketPlace>();
  readonly #killers = new KillerApps();
  readonly #dead = new Tombstones();
  readonly #watch: WorkerWatch;
  #noStartBeforeMs = 0;
  #isClosing = false;

  constructor(options: WebSocketPoolOptions) {
    this.#options = options;
    this.#idleMs = options.idleMs ?? IDLE_MS;
    this.threads = new ThreadPermits(options.dedicatedThreads);
    this.#watch = new WorkerWatch({ logger: options.logger, workers: () => this.workers });
  }

  /** Those that run. */
  get workers(): Iterable<WorkerProcess> {
    return [...this.#workers.values()].flatMap(({ worker }) => (worker === null ? [] : [worker]));
  }

  get size(): number {
    return this.#workers.size;
  }

  get(id: WorkerId): WorkerProcess | undefined {
    return this.#workers.get(id)?.worker ?? undefined;
  }

  /**
   * The process for the connections of an app; it is started where there is none.
   * @throws EXEC_WEBSOCKET_FULL, EXEC_WEBSOCKET_HELD_BACK, EXEC_NODE_DRAINING, EXEC_WORKER_START
   */
  async workerFor(app: AppName): Promise<WorkerProcess> {
    const place = this.#placeFor(app);
    const worker = await place.started;
    if (worker.isReachable) return worker;
    await Promise.race([worker.exited, delay(END_WAIT_MS, undefined, { ref: false })]);
    return await this.#placeFor(app).started;
  }

  /** What became of the streams of a link to a worker that is lost. */
  async examine(question: PostmortemQuestion): Promise<PostmortemAnswer | null> {
    const id = question.workerId as WorkerId;
    const worker = this.get(id) ?? this.#dead.get(id);
    return worker === undefined ? null : await examineWorker(worker, question);
  }

  /** Takes a worker's figures; one that nobody needs is ended. */
  report(id: WorkerId, stats: SocketStats): void {
    const place = this.#workers.get(id);
    if (place === undefined) return;
    const nowMs = performance.now();
    place.report(stats, nowMs);
    if (!place.isLeaving && place.isIdle(this.#idleMs, nowMs)) this.#leave(place);
  }

  /** What an app did to workers until now does not count any more. */
  forgive(app: AppName): void {
    this.#killers.forgive(app);
  }

  /** A worker wants one more thread for connections. */
  threadWanted(id: WorkerId): void {
    const worker = this.get(id);
    worker?.send({ type: "thread_answer", isGranted: this.threads.take(id) });
  }

  /**
   * Ends all workers: they take no connection from now on, close those that they have after the grace, and are cut off after that.
   * Who is there at the deadline is killed.
   */
  async close(deadline: AbortSignal, { graceMs, spreadMs, handshakeMs }: SocketDrain): Promise<void> {
    this.#isClosing = true;
    const places = [...this.#places];
    const each = (act: (worker: WorkerProcess, place: WebSocketPlace) => void) => (): void => {
      for (const place of places) if (place.worker !== null) act(place.worker, place);
    };
    const killAll = each((worker) => worker.kill());
    deadline.addEventListener("abort", killAll);
    if (deadline.aborted) killAll();
    each((worker) => worker.drain())();
    const closeSockets = each((worker, { connectionCount }) => {
      const neededMs = Math.min(spreadMs, connectionCount * CLOSE_GAP_MS);
      worker.send({ type: "close_sockets", spreadMs: neededMs, reason: "draining" });
    });
    const timers = [
      setTimeout(closeSockets, graceMs),
      setTimeout(
        each((worker) => worker.cut()),
        graceMs + spreadMs + handshakeMs,
      ),
    ];
    // One that starts meanwhile is discarded by its start.
    await Promise.all(places.map(async ({ started }) => (await started.catch(() => null))?.exited));
    for (const timer of timers) clearTimeout(timer);
    deadline.removeEventListener("abort", killAll);
    this.#watch.close();
    for (const { worker } of places) worker?.bury();
    this.#dead.close();
  }

  /** @throws EXEC_WEBSOCKET_FULL, EXEC_WEBSOCKET_HELD_BACK, EXEC_NODE_DRAINING */
  #placeFor(app: AppName): WebSocketPlace {
    if (this.#isClosing) throw errors.NODE_DRAINING({});
    const nowMs = performance.now();
    const place = this.#placeOf.get(app) ?? (this.#killers.has(app) ? this.#ownPlace(app) : this.#sharedPlace(nowMs));
    const isNew = !this.#placeOf.has(app);
    this.#placeOf.set(app, place);
    place.use(app, nowMs);
    if (isNew) tellApps(place);
    return place;
  }

  #ownPlace(app: AppName): WebSocketPlace {
    const waitMs = Math.ceil(this.#killers.pauseMs(app));
    if (waitMs > 0) {
      this.#options.onRefused("websocket_held_back");
      throw errors.WEBSOCKET_HELD_BACK({ app, waitMs });
    }
    const limitCount = Math.max(1, Math.floor(this.#options.workerCount * OWN_SHARE));
    const ownCount = [...this.#places].filter(({ isOwn }) => isOwn).length;
    if (ownCount >= limitCount) this.#refuse((place) => place.isOwn);
    return this.#begin({ isOwn: true });
  }

  #sharedPlace(nowMs: number): WebSocketPlace {
    const shared = [...this.#places].filter(({ isOwn, isLeaving }) => !isOwn && !isLeaving);
    const withRoom = shared.filter(({ appCount }) => appCount < this.#options.appsPerWorker);
    const fullest = withRoom.sort((a, b) => b.appCount - a.appCount)[0];
    if (fullest !== undefined) return fullest;
    for (const place of shared) {
      const idle = place.idleApp(this.#idleMs, nowMs);
      if (idle === null) continue;
      this.#remove(place, idle);
      return place;
    }
    return this.#begin({ isOwn: false });
  }

  /** @throws EXEC_WEBSOCKET_FULL, and what the last start failed of */
  #begin({ isOwn }: { readonly isOwn: boolean }): WebSocketPlace {
    const { workerCount } = this.#options;
    if (this.#places.size >= workerCount) this.#refuse(() => true);
    const place: WebSocketPlace = new WebSocketPlace({ isOwn, start: () => this.#start() });
    this.#places.add(place);
    this.#shareBuffers();
    place.started.then(
      (worker) => this.#serve(place, worker),
      (err: unknown) => {
        this.#options.logger.error("websocket worker did not start", { err });
        this.#forget(place);
      },
    );
    return place;
  }

  /** What nobody uses leaves, so that who asks again finds room. @throws EXEC_WEBSOCKET_FULL */
  #refuse(mayLeave: (place: WebSocketPlace) => boolean): never {
    const nowMs = performance.now();
    const idle = [...this.#places].find((place) => mayLeave(place) && place.isIdle(this.#idleMs, nowMs));
    if (idle !== undefined && !idle.isLeaving) this.#leave(idle);
    this.#options.onRefused("websocket_full");
    throw errors.WEBSOCKET_FULL({ workerCount: this.#options.workerCount });
  }

  async #start(): Promise<WorkerProcess> {
    const waitMs = this.#noStartBeforeMs - performance.now();
    if (waitMs > 0) await delay(waitMs);
    if (this.#isClosing) throw errors.NODE_DRAINING({});
    const id = `s${randomBytes(6).toString("hex")}` as WorkerId;
    const worker = await this.#options.start(id).catch((err: unknown) => {
      this.#noStartBeforeMs = performance.now() + START_PAUSE_MS;
      throw err;
    });
    if (!this.#isClosing) return worker;
    worker.kill();
    await worker.exited;
    worker.bury();
    throw errors.NODE_DRAINING({});
  }

  #serve(place: WebSocketPlace, worker: WorkerProcess): void {
    this.#workers.set(worker.id, place);
    tellApps(place);
    this.#options.equip(worker);
    this.#shareBuffers();
    worker.exited.then(() => this.#ended(place, worker));
  }

  /** Each process has the same part. */
  #shareBuffers(): void {
    const bufferBytes = Math.floor(this.#options.bufferBytes / Math.max(1, this.#places.size));
    for (const worker of this.workers) worker.send({ type: "socket_budget", bufferBytes });
  }

  #leave(place: WebSocketPlace): void {
    place.isLeaving = true;
    for (const app of place.apps) this.#placeOf.delete(app);
    place.worker?.drain();
  }

  #remove(place: WebSocketPlace, app: AppName): void {
    place.remove(app);
    this.#placeOf.delete(app);
  }

  #forget(place: WebSocketPlace): void {
    this.#places.delete(place);
    for (const app of place.apps) if (this.#placeOf.get(app) === place) this.#placeOf.delete(app);
    if (!this.#isClosing) this.#shareBuffers();
  }

  #ended(place: WebSocketPlace, worker: WorkerProcess): void {
    const { logger, onDeath, onEnd } = this.#options;
    this.#workers.delete(worker.id);
    this.threads.forget(worker.id);
    this.#forget(place);
    if (this.#isClosing) return;
    if (place.isLeaving && worker.hasEndedCleanly) {
      worker.bury();
      onEnd(worker);
      return;
    }
    const running = readRunningEntries(worker.recorderFd);
    const apps = [...new Set(running.map(({ app }) => app))];
    for (const app of apps) this.#killers.add(app as AppName);
    const cause = this.#watch.causeOf(worker.id);
    const { connectionCount } = place;
    logger.error("worker lost", {
      workerId: worker.id,
      kind: "websocket",
      cause,
      ending: worker.ending,
      apps,
      connectionCount,
    });
    this.#dead.add(worker);
    onDeath(worker, cause, running);
  }
}

/** Routers may still send it others, which left for want of connections. */
function tellApps({ worker, apps }: WebSocketPlace): void {
  worker?.send({ type: "socket_apps", apps: [...apps] });
}
