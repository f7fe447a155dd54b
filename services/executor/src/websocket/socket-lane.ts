/**
 * The WebSocket connections of one version in a worker.
 *
 * I1 Each has an isolate of its own, restored in its turn or ahead as the one standby, never used again.
 * I2 At most `limits.queueDepth` upgrades wait, each for its wall limit at most; one more is answered `queue_full`, and was never entered.
 * I3 A connection is counted from its admission until nothing is left of it.
 * I4 The standby goes `STANDBY_IDLE_MS` after the last connection.
 */
import type { AppIsolate } from "@nano/isolate/app-isolate";
import type { IsolateEnd } from "@nano/isolate/isolate";
import type { LinkStream } from "@nano/link/link-stream";
import { toWireError } from "@nano/protocol/errors";
import { type WebSocketLimits, websocketLimitsOf } from "@nano/protocol/manifest";
import type { RequestHead } from "@nano/protocol/messages";
import type { SecretValues } from "@nano/protocol/secrets";
import { errors } from "../errors.ts";
import { IsolateOpener, type IsolateOpenerOptions } from "../request/isolate-opener.ts";
import type { SliverSource } from "../request/sliver-sources.ts";
import type { Turns, TurnTaker } from "../request/turns.ts";
import type { VersionLane } from "../request/version-lane.ts";
import { VersionTally } from "../request/version-tally.ts";
import type { WorkerCounters } from "../request/worker-counters.ts";
import type { Assignment } from "../worker-messages.ts";
import type { LiveSockets } from "./live-sockets.ts";
import { type ConnectionLane, SocketConnection } from "./socket-connection.ts";
import { IsolateSession } from "./socket-session.ts";

const STANDBY_IDLE_MS = 60_000;

export interface SocketLaneParts extends Omit<IsolateOpenerOptions, "assignment"> {
  readonly turns: Turns;
  readonly counters: WorkerCounters;
  readonly live: LiveSockets;
  /** @default STANDBY_IDLE_MS */
  readonly standbyIdleMs?: number;
}

export class SocketLane implements VersionLane, ConnectionLane, TurnTaker {
  readonly assignment: Assignment;
  readonly #parts: SocketLaneParts;
  readonly #socketLimits: WebSocketLimits;
  readonly #opener: IsolateOpener;
  readonly #connections = new Set<SocketConnection>();
  /** Those that have not begun, in order. */
  readonly #waiting: SocketConnection[] = [];
  #standby: AppIsolate | null = null;
  #standbyTimer: NodeJS.Timeout | null = null;
  #isStandbyPlanned = false;
  #onIdle: (() => void) | null = null;
  tally: VersionTally | null = null;

  constructor(assignment: Assignment, parts: SocketLaneParts) {
    this.assignment = assignment;
    this.#parts = parts;
    this.#socketLimits = websocketLimitsOf(assignment.manifest);
    this.#opener = new IsolateOpener({ ...parts, assignment, isolation: "request" });
    this.countSince(assignment.countedSince);
  }

  get isIdle(): boolean {
    return this.#connections.size === 0;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  get runningCount(): number {
    return this.#connections.size - this.#waiting.length;
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
    this.#waiting.push(connection);
    turns.ask(this);
    return connection;
  }

  takeTurn(): boolean {
    const connection = this.#waiting.shift();
    if (connection === undefined) return false;
    const { timeoutMs } = this.assignment.manifest.limits;
    if (performance.now() - connection.arrivedMs >= timeoutMs) {
      this.tally?.count(true);
      connection.refuse(errors.QUEUE_WAIT({ app: this.assignment.app, limitMs: timeoutMs }).wire);
    } else {
      this.#begin(connection);
    }
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
    const index = this.#waiting.indexOf(connection);
    if (index >= 0) this.#waiting.splice(index, 1);
  }

  answered(connection: SocketConnection): void {
    this.#parts.counters.requests += 1;
    this.tally?.count(connection.isFailed);
  }

  over(connection: SocketConnection): void {
    this.#parts.live.remove(connection);
    if (!this.#connections.delete(connection)) return;
    this.#armStandbyEnd();
    this.#checkIdle();
  }

  #queueRefusal() {
    const { queueDepth } = this.assignment.manifest.limits;
    const queuedCount = this.#waiting.length;
    if (queuedCount === 0 || queuedCount < queueDepth) return null;
    this.#parts.counters.refusedFull += 1;
    return errors.QUEUE_FULL({ app: this.assignment.app, queuedCount, limitCount: queueDepth }).wire;
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
    connection.begin(new IsolateSession(isolate, (end) => this.#ended(end)));
    this.#prepareStandbyLater();
  }

  #ended(end: IsolateEnd | null): void {
    if (end !== null && end !== "disposed") this.#parts.counters.countLimit(end);
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
