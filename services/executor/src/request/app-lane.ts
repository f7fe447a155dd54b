/**
 * One version of an app in a worker: its bounded queue, its isolate, and the turns by which requests begin.
 *
 * I1 At most `limits.queueDepth` requests wait; one more is answered `queue_full`, and was never entered.
 * I2 The isolate is restored when the first request's turn comes, and leaves by the cache, by a limit, or with the lane.
 * I3 A request that waited for longer than its wall limit, or for its turn than `limits.queueWaitMs`, does not begin, and is answered then,
 *    whether or not its turn comes.
 * I4 Each request is counted as waiting, then as running, each once, however it ends.
 */
import type { AppIsolate } from "@nano/isolate/app-isolate";
import type { GuestHost, GuestRequest } from "@nano/isolate/isolate";
import type { LinkStream } from "@nano/link/link-stream";
import { type AppLimits, type StreamLimits, streamLimitsOf } from "@nano/protocol/app-limits";
import type { WorkerId } from "@nano/protocol/brands";
import { toWireError, type WireError } from "@nano/protocol/errors";
import { isIdempotent } from "@nano/protocol/idempotent-methods";
import type { HeaderBlock, RequestHead } from "@nano/protocol/messages";
import type { SecretValues } from "@nano/protocol/secrets";
import { errors } from "../errors.ts";
import type { FlightRecorder } from "../flight-recorder.ts";
import type { Assignment } from "../worker-messages.ts";
import { debugHeaders, type StartKind } from "./debug-headers.ts";
import type { CachedIsolate, IsolateCache } from "./isolate-cache.ts";
import { IsolateRecycling, type RecycleReason } from "./isolate-recycling.ts";
import { LaneIsolates } from "./lane-isolates.ts";
import { RequestStream } from "./request-stream.ts";
import { ResponseLimits } from "./response-limits.ts";
import type { SliverSource } from "./sliver-sources.ts";
import type { Turns, TurnTaker } from "./turns.ts";
import type { VersionLane } from "./version-lane.ts";
import { VersionTally } from "./version-tally.ts";
import { WaitLimit } from "./wait-limit.ts";
import type { WorkerCounters } from "./worker-counters.ts";

export interface LaneParts {
  readonly cache: IsolateCache;
  readonly turns: Turns;
  readonly recorder: FlightRecorder;
  readonly counters: WorkerCounters;
  readonly host: GuestHost;
  /** What the isolate starts from; null where the app is only assets. */
  readonly source: SliverSource | null;
  /** Of whose responses debug headers tell; null: they have none. @default null */
  readonly debugWorkerId?: WorkerId | null;
}

export class AppLane implements VersionLane, CachedIsolate, TurnTaker {
  readonly assignment: Assignment;
  readonly limits: AppLimits;
  readonly streamLimits: StreamLimits;
  readonly #parts: LaneParts;
  readonly #queue: RequestStream[] = [];
  /** Admitted and not begun, those whose body is still arriving included; since they came. */
  readonly #waiting: WaitLimit<RequestStream>;
  /** Those of the queue, since they could begin. Null: the wall limit alone ends them. */
  readonly #turnWait: WaitLimit<RequestStream> | null;
  #runningCount = 0;
  readonly #isolates: LaneIsolates;
  readonly #recycling: IsolateRecycling;
  /** Null: nobody asks how this version fares. */
  tally: VersionTally | null = null;
  #isSparePlanned = false;
  /** Of the next request. */
  #start: StartKind = "warm";
  #onIdle: (() => void) | null = null;

  constructor(assignment: Assignment, parts: LaneParts) {
    this.assignment = assignment;
    this.limits = assignment.manifest.limits;
    this.streamLimits = streamLimitsOf(this.limits);
    this.#parts = parts;
    const { app } = assignment;
    const { timeoutMs, queueWaitMs } = this.limits;
    this.#waiting = new WaitLimit(timeoutMs, (request) => {
      this.#refuseLate(request, errors.QUEUE_WAIT({ app, limitMs: timeoutMs }).wire);
    });
    this.#turnWait =
      queueWaitMs === undefined || queueWaitMs >= timeoutMs
        ? null
        : new WaitLimit(queueWaitMs, (request) => {
            this.#refuseLate(request, errors.QUEUE_WAIT_LIMIT({ app, limitMs: queueWaitMs }).wire);
          });
    this.countSince(assignment.countedSince);
    const { recorder, counters, host, source } = parts;
    const onRestored = (): void => {
      this.#start = "standby";
      this.#joinCacheLater();
    };
    this.#isolates = new LaneIsolates({ assignment, recorder, counters, host, source, onRestored });
    this.#recycling = new IsolateRecycling({
      isolation: assignment.manifest.isolation,
      memoryBytes: this.limits.memoryBytes,
      measure: () => this.#isolates.current?.measureBytes() ?? 0,
      canRecycle: (why) => this.#canRecycle(why),
      recycle: () => this.#recycle(),
    });
  }

  /** Counts from nothing for another rollout; one that is over is counted on, which nobody asks about. */
  countSince(since: string | undefined): void {
    if (since !== undefined && this.tally?.since !== since) this.tally = new VersionTally(since);
  }

  get isIdle(): boolean {
    return this.#runningCount === 0 && this.#waiting.size === 0;
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  get runningCount(): number {
    return this.#runningCount;
  }

  /** Takes a request in, or answers that the queue is full. */
  admit(stream: LinkStream, head: RequestHead, options: { linkId: number; isEnd: boolean }): RequestStream {
    const request = new RequestStream(this, stream, head, options);
    if (this.#isFull()) {
      this.#parts.counters.refusedFull += 1;
      const { app } = this.assignment;
      const full = { app, queuedCount: this.#waiting.size, limitCount: this.limits.queueDepth };
      request.refuse(errors.QUEUE_FULL(full).wire);
      return request;
    }
    this.#waiting.begin(request, request.arrivedMs);
    if (options.isEnd) this.#enqueue(request);
    else request.awaitBody();
    this.#waiting.watch(request);
    return request;
  }

  /** A request can take its turn. */
  bodyReady(request: RequestStream): void {
    if (request.isQueued || !this.#waiting.has(request)) return;
    request.readyMs = performance.now();
    this.#enqueue(request);
  }

  #enqueue(request: RequestStream): void {
    request.isQueued = true;
    this.#queue.push(request);
    this.#turnWait?.begin(request, request.readyMs);
    this.#parts.turns.ask(this);
    this.#turnWait?.watch(request);
  }

  /** A request that waited is not wanted any more. One that does not wait is none of it. */
  gone(request: RequestStream): void {
    if (this.#waiting.end(request)) this.#leave(request);
  }

  takeTurn(): boolean {
    const request = this.#queue[0];
    if (request === undefined) return false;
    if (this.#waiting.endLate(request) || this.#turnWait?.endLate(request)) return this.#queue.length > 0;
    const isolate = this.#useIsolate(request);
    if (isolate === null) return this.#queue.length > 0;
    if (!isolate.hasRoom) return false;
    this.#takeFirst();
    this.#begin(isolate, request);
    return this.#queue.length > 0;
  }

  /** A run of this lane is over. */
  settled(request: RequestStream): void {
    this.#runningCount -= 1;
    this.tally?.count(request.isFailed);
    this.#parts.recorder.returnSlot(request.slot);
    this.#isolates.tidy();
    const { current } = this.#isolates;
    if (current === null) this.#parts.cache.remove(this);
    else if (current.isWorn) this.#recycling.wear();
    if (this.#queue.length > 0) this.#parts.turns.ask(this);
    else this.#prepareSpareLater();
    this.#checkIdle();
  }

  /** A request was ended by a limit that ended no isolate. */
  countLimit({ reason }: WireError): void {
    this.#parts.counters.countLimit(reason);
  }

  /** Bounds the body of a response. @param onOver ends it: its app's author is told by then */
  boundResponse(head: RequestHead, onOver: (error: WireError) => void): ResponseLimits {
    return new ResponseLimits({
      app: this.assignment.app,
      limits: this.streamLimits,
      onOver: (error) => {
        this.tellLimit(head, error);
        onOver(error);
      },
    });
  }

  /** Counts it, and says it in the app's log. */
  tellLimit({ requestId }: RequestHead, error: WireError): void {
    const { app } = this.assignment;
    this.countLimit(error);
    this.#parts.host.log({ app, requestId, level: "error", text: `${error.reason}: ${error.message}` });
  }

  /** Whether its next request finds an isolate. */
  get isWarm(): boolean {
    return this.#isolates.current !== null;
  }

  /** Restores the isolate and its first context before a request asks: a standby. A failure is the first request's. */
  prepareStandby(): void {
    if (this.isWarm || this.#isolates.source === null) return;
    try {
      this.#isolates.renew();
    } catch {
      // The request that comes meets the same, and is answered with it.
    }
  }

  /** The sliver that its isolates start from. */
  get sliverPath(): string | null {
    return this.#isolates.source?.path ?? null;
  }

  /** Workers died while they restored the sliver: isolates that live serve on, later ones start from source. */
  fall(): void {
    this.#isolates.source?.fall("worker_deaths", "workers died while they restored it");
  }

  /** Starts from another sliver of the version: requests in flight end where they are. @throws why it cannot be restored */
  adopt(source: SliverSource): void {
    this.#isolates.adopt(source);
    if (this.#queue.length > 0) this.#parts.turns.ask(this);
  }

  /** Contexts made from now on see these secrets; requests in flight end with those that they began with. */
  useSecrets(secrets: SecretValues): void {
    const { isWarm } = this;
    if (!this.#isolates.useSecrets(secrets) || !isWarm) return;
    this.prepareStandby();
    if (!this.isWarm) this.#parts.cache.remove(this);
    if (this.#queue.length > 0) this.#parts.turns.ask(this);
  }

  measureBytes(): number {
    const isolate = this.#isolates.current;
    if (isolate?.isWorn) this.#recycling.wear();
    if (isolate !== null) this.#recycling.look(isolate.measureBytes());
    return this.#isolates.measureBytes();
  }

  evict(): void {
    this.#recycling.close();
    this.#isolates.dispose();
  }

  expel(error: WireError): void {
    for (const request of this.#waiting.waiters) {
      this.gone(request);
      request.refuse(error);
    }
    this.retire(() => undefined);
  }

  /** Calls back once nothing waits or runs, then the lane is gone. */
  retire(onIdle: () => void): void {
    this.#onIdle = onIdle;
    this.#checkIdle();
  }

  /** Calls `retire` off. */
  keep(): void {
    this.#onIdle = null;
  }

  /** With a depth of 0 a request may still begin at once. */
  #isFull(): boolean {
    const waitingCount = this.#waiting.size;
    if (waitingCount < this.limits.queueDepth) return false;
    return waitingCount > 0 || this.#isolates.current?.hasRoom === false;
  }

  #refuseLate(request: RequestStream, error: WireError): void {
    this.#waiting.end(request);
    if (error.retryable) this.countLimit(error);
    else {
      this.tally?.count(true);
      this.tellLimit(request.head, error);
    }
    request.refuse(error);
    this.#leave(request);
  }

  /** It does not wait any more. */
  #leave(request: RequestStream): void {
    this.#turnWait?.end(request);
    const index = this.#queue.indexOf(request);
    if (index >= 0) this.#queue.splice(index, 1);
    this.#checkIdle();
  }

  #takeFirst(): void {
    const request = this.#queue.shift();
    if (request === undefined) return;
    this.#waiting.end(request);
    this.#turnWait?.end(request);
  }

  /** The isolate with room for a request, or null where it cannot be had: the request is then refused. */
  #useIsolate(request: RequestStream): AppIsolate | null {
    const isolate = this.#isolates.current;
    if (isolate !== null) {
      this.#parts.cache.touch(this);
      return isolate;
    }
    try {
      const fresh = this.#isolates.renew();
      this.#start = "cold";
      return fresh;
    } catch (thrown) {
      this.#parts.cache.remove(this);
      this.gone(request);
      this.tally?.count(true);
      request.refuse(toWireError(thrown));
      return null;
    }
  }

  /** What leaks in app mode is replaced under load too, else its memory limit would end it with all that runs in it; and what is worn. */
  #canRecycle(why: RecycleReason): boolean {
    if (!this.isWarm) return false;
    if (this.isIdle) return true;
    const isUrgent = why === "worn" || (why === "full" && this.assignment.manifest.isolation === "app");
    return isUrgent && this.#isolates.leavingCount === 0;
  }

  #recycle(): void {
    try {
      this.#isolates.renew();
      if (this.#queue.length > 0) this.#parts.turns.ask(this);
    } catch {
      // The one that is there serves on.
    }
  }

  /** After the first response: measuring takes longer than a restore may. */
  #joinCacheLater(): void {
    this.#recycling.restored();
    setImmediate(() => {
      if (this.isWarm) this.#parts.cache.add(this);
    });
  }

  #begin(isolate: AppIsolate, request: RequestStream): void {
    const guestRequest = request.toGuestRequest();
    if (!isIdempotent(guestRequest.method)) request.slot = this.#parts.recorder.takeSlot(guestRequest);
    this.#runningCount += 1;
    this.#parts.counters.requests += 1;
    this.#parts.counters.queueWait.observeMs(performance.now() - request.readyMs);
    request.workerHeaders = this.#debugHeaders();
    this.#start = "warm";
    try {
      this.#startIn(isolate, guestRequest, request);
    } catch (thrown) {
      // The context could not be made: nothing of the app ran.
      request.isFailed = true;
      request.refuse(toWireError(thrown));
      this.settled(request);
    }
  }

  /** @throws where a context could not be made, and nothing of the app ran */
  #startIn(isolate: AppIsolate, guestRequest: GuestRequest, request: RequestStream): void {
    try {
      request.attach(isolate, isolate.start(guestRequest, request));
    } catch (thrown) {
      if (isolate.end === null) throw thrown;
      // What other requests hold there left no room. A fresh isolate has its first context already.
      const fresh = this.#isolates.renew();
      request.attach(fresh, fresh.start(guestRequest, request));
    }
  }

  #debugHeaders(): HeaderBlock {
    const { debugWorkerId: workerId = null, source } = this.#parts;
    if (workerId === null || source === null) return "";
    return debugHeaders({ versionId: this.assignment.versionId, workerId, rung: source.rung, start: this.#start });
  }

  #prepareSpareLater(): void {
    if (this.#isSparePlanned || this.assignment.manifest.isolation === "app") return;
    this.#isSparePlanned = true;
    setImmediate(() => {
      this.#isSparePlanned = false;
      const isolate = this.#isolates.current;
      if (this.#queue.length > 0 || isolate === null) return;
      try {
        isolate.prepareSpare();
      } catch {
        // The next request gets a fresh isolate, or that one's failure.
        this.#isolates.leave();
        this.#parts.cache.remove(this);
      }
    });
  }

  #dropIsolates(): void {
    this.#recycling.close();
    this.#parts.cache.remove(this);
    this.#isolates.dispose();
  }

  #checkIdle(): void {
    if (this.#onIdle === null || !this.isIdle) return;
    const onIdle = this.#onIdle;
    this.#onIdle = null;
    this.#waiting.close();
    this.#turnWait?.close();
    this.#dropIsolates();
    onIdle();
  }
}
