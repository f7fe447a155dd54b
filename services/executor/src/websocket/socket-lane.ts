/**
 * The WebSocket connections of one version in a worker.
 *
 * I1 Each has an isolate of its own, restored in its turn or ahead as the one standby, never used again.
 * I2 At most `limits.queueDepth` upgrades wait, each for `limits.queueWaitMs` and its wall limit at most; one more is answered `queue_full`, and was never entered.
 * I3 A connection is counted from its admission until nothing is left of it.
 * I4 The standby goes `STANDBY_IDLE_MS` after the last connection.
 */
import type { AppIsolate } from "@nano/isolate/app-isolate";
import type { LinkStream } from "@nano/link/link-stream";
import { streamLimitsOf } from "@nano/protocol/app-limits";
import { toWireError, type WireError } from "@nano/protocol/errors";
import { type WebSocketLimits, websocketLimitsOf } from "@nano/protocol/manifest";
import type { RequestHead } from "@nano/protocol/messages";
import type { SecretValues } from "@nano/protocol/secrets";
import { errors } from "../errors.ts";
import { IsolateOpener, type IsolateOpenerOptions } from "../request/isolate-opener.ts";
import { ResponseLimits } from "../request/response-limits.ts";
import type { SliverSource } from "../request/sliver-sources.ts";
import type { Turns, TurnTaker } from "../request/turns.ts";
import type { VersionLane } from "../request/version-lane.ts";
import { VersionTally } from "../request/version-tally.ts";
import type { WorkerCounters } from "../request/worker-counters.ts";
import type { Assignment } from "../worker-messages.ts";
import type { LiveSockets } from "./live-sockets.ts";
import { type ConnectionLane, SocketConnection } from "./socket-connection.ts";
import { IsolateSession } from "./socket-session.ts";
import type { SocketThread } from "./socket-thread.ts";
import type { SocketThreads } from "./socket-threads.ts";
import { ThreadSession } from "./thread-session.ts";

const STANDBY_IDLE_MS = 60_000;

export interface SocketLaneParts extends Omit<IsolateOpenerOptions, "assignment"> {
  readonly turns: Turns;
  readonly counters: WorkerCounters;
  readonly live: LiveSockets;
  /** Null: there are none. */
  readonly threads: SocketThreads | null;
  /** @default STANDBY_IDLE_MS */
  readonly standbyIdleMs?: number;
}

export class SocketLane implements VersionLane, ConnectionLane, TurnTaker {
  readonly assignment: Assignment;
  readonly #parts: SocketLaneParts;
  readonly #socketLimits: WebSocketLimits;
  readonly #opener: IsolateOpener;
  readonly #connections = new Set<SocketConnection>();
  /** Those that wait for their turn, in order, and those that wait for a thread. */
  readonly #waiting: SocketConnection[] = [];
  readonly #waitingForThread = new Set<SocketConnection>();
  readonly #threads: SocketThreads | null;
  #secrets: SecretValues = {};
  #standby: AppIsolate | null = null;
  #standbyTimer: NodeJS.Timeout | null = null;
  #isStandbyPlanned = false;
  #onIdle: (() => void) | null = null;
  tally: VersionTally | null = null;

  constructor(assignment: Assignment, parts: SocketLaneParts) {
    this.assignment = assignment;
    this.#parts = parts;
    this.#socketLimits = websocketLimitsOf(assignment.manifest);
    this.#threads = assignment.manifest.websocketThread === "dedicated" ? parts.threads : null;
    this.#opener = new IsolateOpener({ ...parts, assignment, isolation: "request" });
    this.countSince(assignment.countedSince);
  }

  get isIdle(): boolean {
    return this.#connections.size === 0;
  }

  get waitingCount(): number {
    return this.#waiting.length + this.#waitingForThread.size;
  }

  get runningCount(): number {
    return this.#connections.size - this.waitingCount;
  }

  get isWarm(): boolean {
    return this.#standby !== null && this.#standby.end === null;
  }

  get sliverPath(): string | null {
    return this.#opener.source?.path ?? null;
  }

  countSince(since: string | undefined): void {
    if (since !== undefined && this.tally?.since !== since) this.tally = new VersionTally(since);
  }

  admit(stream: LinkStream, head: RequestHead, { linkId }: { linkId: number }): SocketConnection {
    const { assignment, tally } = this;
    const { live, turns } = this.#parts;
    const { app, versionId } = assignment;
    const socketLimits = this.#socketLimits;
    const connection = new SocketConnection({
      stream,
      head,
      linkId,
      app,
      versionId,
      socketLimits,
      live,
      turns,
      lane: this,
    });
    const refusal = live.refusal(app, socketLimits.maxConnectionCount) ?? this.#queueRefusal();
    if (refusal !== null) {
      tally?.count(true);
      connection.refuse(refusal);
      return connection;
    }
    this.#connections.add(connection);
    live.add(connection);
    if (this.#threads === null) this.#enqueue(connection);
    else void this.#takeThread(this.#threads, connection);
    return connection;
  }

  takeTurn(): boolean {
    const connection = this.#waiting.shift();
    if (connection === undefined) return false;
    if (!this.#isLate(connection)) this.#begin(connection);
    return this.#waiting.length > 0;
  }

  prepareStandby(): void {
    if (this.isWarm || this.#opener.source === null) return;
    try {
      this.#standby = this.#open();
      this.#armStandbyEnd();
    } catch {
      // The connection that comes meets the same, and is answered with it.
    }
  }

  fall(): void {
    this.#opener.source?.fall("worker_deaths", "workers died while they restored it");
  }

  adopt(source: SliverSource): void {
    if (this.isWarm) {
      const fresh = this.#opener.open(source);
      this.#dropStandby();
      this.#standby = fresh;
      this.#armStandbyEnd();
    }
    this.#opener.source = source;
  }

  useSecrets(secrets: SecretValues): void {
    const { isWarm } = this;
    this.#secrets = secrets;
    if (!this.#opener.useSecrets(secrets) || !isWarm) return;
    this.#dropStandby();
    this.prepareStandby();
  }

  retire(onIdle: () => void): void {
    this.#onIdle = onIdle;
    this.#checkIdle();
  }

  keep(): void {
    this.#onIdle = null;
  }

  gone(connection: SocketConnection): void {
    this.#waitingForThread.delete(connection);
    const index = this.#waiting.indexOf(connection);
    if (index >= 0) this.#waiting.splice(index, 1);
  }

  answered(connection: SocketConnection): void {
    this.#parts.counters.requests += 1;
    this.tally?.count(connection.isFailed);
  }

  unusable({ requestId }: SocketConnection, { reason, message }: WireError): void {
    const { app } = this.assignment;
    this.#parts.host.log({ app, requestId, level: "error", text: `${reason}: ${message}` });
  }

  boundAnswer(connection: SocketConnection, onOver: (error: WireError) => void): ResponseLimits {
    const { app, manifest } = this.assignment;
    return new ResponseLimits({
      app,
      limits: streamLimitsOf(manifest.limits),
      onOver: (error) => {
        this.#parts.counters.countLimit(error.reason);
        this.unusable(connection, error);
        onOver(error);
      },
    });
  }

  over(connection: SocketConnection): void {
    this.#parts.live.remove(connection);
    if (!this.#connections.delete(connection)) return;
    this.#armStandbyEnd();
    this.#checkIdle();
  }

  #queueRefusal() {
    const { queueDepth } = this.assignment.manifest.limits;
    const queuedCount = this.waitingCount;
    if (queuedCount === 0 || queuedCount < queueDepth) return null;
    this.#parts.counters.refusedFull += 1;
    return errors.QUEUE_FULL({ app: this.assignment.app, queuedCount, limitCount: queueDepth }).wire;
  }

  #enqueue(connection: SocketConnection): void {
    this.#waiting.push(connection);
    this.#parts.turns.ask(this);
  }

  /** Where there is none left, it is served on the worker's own thread. */
  async #takeThread(threads: SocketThreads, connection: SocketConnection): Promise<void> {
    this.#waitingForThread.add(connection);
    const thread = await threads.take();
    const isWanted = this.#waitingForThread.delete(connection);
    if (thread === null) {
      if (!isWanted) return;
      this.#parts.live.withoutThreadCount += 1;
      this.#enqueue(connection);
    } else if (!isWanted || this.#isLate(connection)) thread.free();
    else this.#beginOnThread(thread, connection);
  }

  /** Refuses one that has waited for too long. */
  #isLate(connection: SocketConnection): boolean {
    const { app, manifest } = this.assignment;
    const { timeoutMs, queueWaitMs = timeoutMs } = manifest.limits;
    const waitedMs = performance.now() - connection.arrivedMs;
    if (waitedMs < Math.min(timeoutMs, queueWaitMs)) return false;
    const late =
      waitedMs < timeoutMs
        ? errors.QUEUE_WAIT_LIMIT({ app, limitMs: queueWaitMs })
        : errors.QUEUE_WAIT({ app, limitMs: timeoutMs });
    this.tally?.count(true);
    this.#parts.counters.countLimit(late.wire.reason);
    if (!late.wire.retryable) this.unusable(connection, late.wire);
    connection.refuse(late.wire);
    return true;
  }

  #beginOnThread(thread: SocketThread, connection: SocketConnection): void {
    const { counters, host } = this.#parts;
    const { source } = this.#opener;
    if (source === null) {
      thread.free();
      this.#enqueue(connection);
      return;
    }
    const { app, versionId, manifest } = this.assignment;
    counters.queueWait.observeMs(performance.now() - connection.arrivedMs);
    connection.begin(
      new ThreadSession({
        thread,
        connection,
        host,
        begin: {
          assignment: { app, versionId, manifest },
          sliverPath: source.path,
          isSourceOnly: source.rung === "source",
          secrets: this.#secrets,
          socketLimits: this.#socketLimits,
          hasAssets: host.openAsset !== undefined,
        },
        onRestored: () => {
          counters.coldStarts += 1;
        },
        onLimit: (reason, count) => counters.countLimit(reason, count),
        onFell: ({ reason, why }) => void source.fall(reason, why),
      }),
    );
  }

  #begin(connection: SocketConnection): void {
    this.#parts.counters.queueWait.observeMs(performance.now() - connection.arrivedMs);
    let isolate: AppIsolate;
    try {
      isolate = this.#takeStandby() ?? this.#open();
    } catch (thrown) {
      this.tally?.count(true);
      connection.refuse(toWireError(thrown));
      return;
    }
    connection.begin(new IsolateSession(isolate));
    this.#prepareStandbyLater();
  }

  #open(): AppIsolate {
    const isolate = this.#opener.open();
    this.#parts.counters.coldStarts += 1;
    return isolate;
  }

  #takeStandby(): AppIsolate | null {
    const isolate = this.#standby;
    this.#standby = null;
    this.#disarmStandbyEnd();
    return isolate !== null && isolate.end === null ? isolate : null;
  }

  #prepareStandbyLater(): void {
    if (this.#isStandbyPlanned) return;
    this.#isStandbyPlanned = true;
    setImmediate(() => {
      this.#isStandbyPlanned = false;
      if (this.#waiting.length === 0 && !this.isIdle) this.prepareStandby();
    });
  }

  #armStandbyEnd(): void {
    this.#disarmStandbyEnd();
    if (this.#standby === null || !this.isIdle) return;
    const idleMs = this.#parts.standbyIdleMs ?? STANDBY_IDLE_MS;
    this.#standbyTimer = setTimeout(() => this.#dropStandby(), idleMs).unref();
  }

  #disarmStandbyEnd(): void {
    if (this.#standbyTimer !== null) clearTimeout(this.#standbyTimer);
    this.#standbyTimer = null;
  }

  #dropStandby(): void {
    this.#disarmStandbyEnd();
    this.#standby?.dispose();
    this.#standby = null;
  }

  #checkIdle(): void {
    if (this.#onIdle === null || !this.isIdle) return;
    const onIdle = this.#onIdle;
    this.#onIdle = null;
    this.#dropStandby();
    onIdle();
  }
}
