/**
 * A live isolate of one app: restored from its sliver, entered for requests and for what they wait on, disposed.
 *
 * I1 It is entered synchronously on the thread that made it, never from within an entry.
 * I2 Every entry runs under a time limit and is written to the flight recorder before it begins.
 * I3 A run's sink hears exactly one end of the response and exactly one `settle`, whatever happens to the isolate.
 * I4 After a limit terminated it, or it was disposed, nothing enters it again.
 */
import type { AppName } from "@nano/protocol/brands";
import { isNanoError, toWireError } from "@nano/protocol/errors";
import { isIdempotent } from "@nano/protocol/idempotent-methods";
import { GuestEvent } from "@nano/web-api/boundary";
import ivm from "isolated-vm";
import { CpuClock } from "./cpu-clock.ts";
import { EntryLimit } from "./entry-limit.ts";
import { errors } from "./errors.ts";
import type { GuestContext, GuestValue } from "./guest-context.ts";
import { GuestOps } from "./guest-ops.ts";
import { GuestRun } from "./guest-run.ts";
import type { AppIsolateOptions, GuestRequest, IsolateEnd, RunSink } from "./isolate.ts";
import { openContext, reasonOf } from "./open-context.ts";
import { contextBound, type OpenedIsolate, openIsolate } from "./open-isolate.ts";
import { RunLimits } from "./run-limits.ts";
import { countTaken, isChunk, readBytes } from "./touched-bytes.ts";

/** Of each entry, read as it begins. */
const ENTRY_OPTIONS = { timeout: 0 };
const BYTES_ENTRY_OPTIONS = { timeout: 0, arguments: { copy: true } };

export class AppIsolate {
  readonly app: AppName;
  readonly #options: AppIsolateOptions;
  readonly #isolate: ivm.Isolate;
  readonly #op: ivm.Callback;
  /** What the callback closes over: isolated-vm may hold that for ever, and so must not hold this after its end. */
  readonly #dispatchTo: { isolate: AppIsolate | null } = { isolate: this };
  readonly #contexts = new Set<GuestContext>();
  readonly #runs = new Set<GuestRun>();
  /** Over in the guest, while the host still sends their response: its body never came here. They outlive the isolate. */
  readonly #passing = new Set<GuestRun>();
  readonly #maxContexts: number;
  readonly #ops: GuestOps;
  readonly #limits: RunLimits;
  readonly #opened: OpenedIsolate;
  readonly #clock = new CpuClock();
  readonly #entryLimit: EntryLimit;
  #spare: GuestContext | null = null;
  /** The context and run of the entry that is running. */
  #context: GuestContext | null = null;
  #run: GuestRun | null = null;
  #settled: GuestRun[] = [];
  #nextRunId = 1;
  #end: IsolateEnd | null = null;
  #isWorn = false;

  /** Of this thread, those that have not ended. */
  static #liveCount = 0;

  static get liveCount(): number {
    return AppIsolate.#liveCount;
  }

  /** @throws ISO_RESTORE_FAILED */
  static restore(options: AppIsolateOptions): AppIsolate {
    try {
      return new AppIsolate(options);
    } catch (cause) {
      throw errors.RESTORE_FAILED({ app: options.app, why: reasonOf(cause) }, cause);
    }
  }

  private constructor(options: AppIsolateOptions) {
    this.app = options.app;
    this.#options = options;
    const opened = openIsolate(options);
    this.#isolate = opened.isolate;
    this.#opened = opened;
    this.#maxContexts = contextBound(options);
    this.#op = new ivm.Callback(AppIsolate.#createDispatch(this.#dispatchTo));
    this.#limits = new RunLimits(options);
    this.#ops = new GuestOps(options, this.#limits, {
      enter: (context, owner, event, id, a, b, c, d) => this.#enter(context, owner, event, id, a, b, c, d),
      settle: (run) => this.#settle(run),
      answered: (run) => this.#answered(run),
      passed: (run) => this.#onPassed(run),
      stop: (run) => this.#stopLater(run),
    });
    this.#entryLimit = new EntryLimit(options.host.cpuWatch ?? null, opened.isolate);
    AppIsolate.#liveCount += 1;
  }

  /** Why it ended, or null while it can be used. */
  get end(): IsolateEnd | null {
    return this.#end;
  }

  /** A request in it used more than the soft share of its CPU limit: another isolate should take the next ones. */
  get isWorn(): boolean {
    return this.#isWorn;
  }

  get runCount(): number {
    return this.#runs.size;
  }

  /** Whether one more request can begin now. */
  get hasRoom(): boolean {
    if (this.#end !== null) return false;
    if (this.#runs.size + this.#passing.size >= this.#options.limits.concurrentRequests) return false;
    if (this.#options.isolation === "app") return true;
    return this.#spare !== null || this.#contexts.size < this.#maxContexts;
  }

  /** Heap and array buffers, as V8 counts them. */
  measureBytes(): number {
    if (this.#end !== null) return 0;
    const heap = this.#isolate.getHeapStatisticsSync();
    return heap.total_physical_size + heap.externally_allocated_size;
  }

  /** Makes the next context ready before a request asks. @throws ISO_ATTACH_REFUSED, ISO_RESTORE_FAILED */
  prepareSpare(): void {
    if (this.#end !== null || this.#spare !== null || this.#contexts.size >= this.#maxContexts) return;
    this.#spare = this.#createContext();
  }

  /**
   * Begins a request; the caller has seen `hasRoom`. Returns when its first entry is over, which may be the end of it.
   * @throws ISO_ATTACH_REFUSED, ISO_RESTORE_FAILED: nothing of the app ran, and the sink has heard nothing
   */
  start(request: GuestRequest, sink: RunSink): GuestRun {
    const context = this.#takeContext();
    const run = new GuestRun(this.#nextRunId++, request, sink, context);
    context.addRun(run);
    this.#runs.add(run);
    this.#enter(context, run, GuestEvent.REQUEST, run.id, request.method, request.url, request.headers, request.body);
    run.isUnderway = true;
    if (!run.isSettled && (!run.isUpgraded || run.isAnswered)) this.#armDeadline(run);
    return run;
  }

  pushBody(run: GuestRun, chunk: ArrayBuffer): void {
    if (run.bodyPipe !== null) run.bodyPipe.push(chunk);
    else this.#enterRun(run, GuestEvent.BODY_CHUNK, chunk);
  }

  endBody(run: GuestRun): void {
    if (run.bodyPipe !== null) run.bodyPipe.end();
    else this.#enterRun(run, GuestEvent.BODY_END);
  }

  failBody(run: GuestRun, message: string): void {
    if (run.bodyPipe !== null) run.bodyPipe.fail(message);
    else this.#enterRun(run, GuestEvent.BODY_ERROR, message);
  }

  /** The sink can take more of the response. */
  pullResponse(run: GuestRun): void {
    countTaken(run, run);
    if (run.responsePipe !== null) run.responsePipe.resume();
    else this.#enterRun(run, GuestEvent.RESPONSE_PULL);
  }

  /** A message of the client of an upgraded run. What is in the guest of it when this returns, it took. */
  deliverMessage(run: GuestRun, data: string | ArrayBuffer): void {
    if (!run.isUpgraded || run.isAnswered) return;
    const isEnteredNow = this.#context === null;
    this.#enterRun(run, GuestEvent.SOCKET_MESSAGE, data);
    if (isEnteredNow) freeChunk(data);
  }

  /** The connection of an upgraded run is over: its listeners run, then what `waitUntil` keeps, for as long as that may take. Once. */
  closeSocket(run: GuestRun, code: number, reason: string, isClean: boolean): void {
    if (run.isSettled || !run.isUpgraded || run.isSocketClosed) return;
    run.isSocketClosed = true;
    this.#endWaiting(run);
    this.#enter(run.context, run, GuestEvent.SOCKET_CLOSED, run.id, code, reason, isClean);
  }

  /** The client went away: the guest is told, and may end its work. */
  abort(run: GuestRun, reason: string): void {
    run.responsePipe?.cancel();
    if (run.isSettled) {
      run.isAnswered = true;
      this.#endPassing(run);
      return;
    }
    this.#endWaiting(run);
    this.#enterRun(run, GuestEvent.ABORT, reason);
    // After it: what the guest ends by the signal ends with the signal's reason.
    run.bodyPipe?.fail(reason);
  }

  /** Ends it: runs that live in it fail with `isolate_lost`. Idempotent. */
  dispose(): void {
    this.#endIsolate("disposed", "the worker disposed of it");
  }

  /** Nobody waits for its answer any more. */
  #endWaiting(run: GuestRun): void {
    run.isAnswered = true;
    run.clearDeadline();
    this.#armDeadline(run);
  }

  #takeContext(): GuestContext {
    if (this.#options.isolation === "app") {
      this.#spare ??= this.#createContext();
      return this.#spare;
    }
    const context = this.#spare ?? this.#createContext();
    this.#spare = null;
    return context;
  }

  #createContext(): GuestContext {
    const { app, host, limits } = this.#options;
    host.beginEntry(app, null, limits.initTimeMs);
    const startedMs = performance.now();
    this.#clock.begin(startedMs);
    try {
      const guest = openContext(this.#opened, this.#op, this.#options);
      this.#contexts.add(guest);
      return guest;
    } catch (thrown) {
      if (this.#isolate.isDisposed) {
        this.#limits.failByMemory(null);
        this.#endIsolate("memory_limit", "it exceeded its memory limit while a context was made");
        throw errors.RESTORE_FAILED({ app, why: "it exceeded its memory limit while a context was made" }, thrown);
      }
      // Below the heap rung the app's top level runs here: what it throws is data.
      throw isNanoError(thrown) ? thrown : errors.RESTORE_FAILED({ app, why: reasonOf(thrown) }, thrown);
    } finally {
      host.endEntry(this.#clock.end(startedMs, performance.now()));
    }
  }

  #enterRun(run: GuestRun, event: number, a?: GuestValue): void {
    if (run.isSettled) return;
    this.#enter(run.context, run, event, run.id, a);
  }

  /** One entry: limits around it, its end sorted out after it. */
  #enter(
    context: GuestContext,
    owner: GuestRun | null,
    event: number,
    id: number,
    a?: GuestValue,
    b?: GuestValue,
    c?: GuestValue,
    d?: GuestValue,
  ): void {
    if (this.#end !== null || context.isReleased) return;
    if (this.#context !== null) {
      setImmediate(() => this.#enter(context, owner, event, id, a, b, c, d));
      return;
    }
    const { app, host, limits } = this.#options;
    owner?.renewCpu();
    if (owner !== null) owner.touchedBytes += readBytes(event, a, d);
    const limit = this.#entryLimit;
    const cpuMs = owner === null ? limits.cpuTimeMs : this.#limits.cpuLeftMs(owner);
    const wallMs = limit.wallMs(cpuMs);
    // Of the whole limit: who has little of it left is no likelier to hang, and a collection may take as long.
    const hangMs = limit.hangMs(Math.max(cpuMs, limits.cpuTimeMs), wallMs);
    host.beginEntry(app, owner === null ? null : owner.request, hangMs, wallMs);
    this.#context = context;
    this.#run = owner;
    const startedMs = performance.now();
    this.#clock.begin(startedMs);
    let thrown: unknown;
    let hasThrown = false;
    try {
      const entryOptions = typeof a === "object" || typeof d === "object" ? BYTES_ENTRY_OPTIONS : ENTRY_OPTIONS;
      // What crosses is copied piece by piece, also what is undefined.
      const isShort = b === undefined && c === undefined && d === undefined;
      entryOptions.timeout = limit.begin(cpuMs, wallMs);
      context.enter.applySync(undefined, isShort ? [event, id, a] : [event, id, a, b, c, d], entryOptions);
    } catch (cause) {
      hasThrown = true;
      thrown = cause;
    }
    const endedMs = performance.now();
    const isOverLimit = limit.end(hasThrown, endedMs - startedMs);
    this.#context = null;
    this.#run = null;
    const usedMs = this.#clock.end(startedMs, endedMs);
    host.endEntry(usedMs);
    if (isChunk(event)) freeChunk(a);
    if (this.#isolate.isDisposed && !isOverLimit) {
      this.#endByMemory(owner);
    } else {
      owner?.charge(endedMs - startedMs, usedMs);
      if (isOverLimit) this.#endByCpu(owner);
      // An entry never throws of itself: isolated-vm hands out an unhandled rejection.
      else if (hasThrown) this.#limits.logRejection(owner, thrown);
      if (owner !== null && !isOverLimit && this.#limits.isWorn(owner)) this.#isWorn = true;
      if (owner !== null && !owner.isSettled && this.#limits.isOverCpu(owner) && this.#end === null) {
        this.#limits.failByCpu(owner);
        // The isolate was its own.
        if (owner.isUpgraded) this.#endIsolate("cpu_limit", "a message in it exceeded its CPU limit");
        else this.#settle(owner);
      }
    }
    this.#flushSettled();
  }

  #endByCpu(owner: GuestRun | null): void {
    this.#limits.failByCpu(owner);
    this.#endIsolate("cpu_limit", "a request in it exceeded its CPU limit");
  }

  #endByMemory(owner: GuestRun | null): void {
    this.#limits.failByMemory(owner);
    this.#endIsolate("memory_limit", "it exceeded its memory limit");
  }

  #endIsolate(end: IsolateEnd, why: string): void {
    if (this.#end !== null) return;
    this.#end = end;
    for (const run of this.#runs) {
      const method = run.request.method;
      const lost = isIdempotent(method)
        ? errors.ISOLATE_LOST({ app: this.app, why })
        : errors.ISOLATE_LOST_ENTERED({ app: this.app, method });
      if (!run.isPassing) run.fail(lost.wire);
      this.#settle(run);
    }
    for (const context of this.#contexts) context.release(false);
    this.#contexts.clear();
    this.#spare = null;
    this.#dispatchTo.isolate = null;
    this.#entryLimit.dispose();
    AppIsolate.#liveCount -= 1;
    if (this.#options.source.rung !== "source") this.#options.source.blob.release();
    this.#flushSettled();
  }

  /** Takes a run out of its context; its sink hears of it after the entry. */
  #settle(run: GuestRun): void {
    if (run.isSettled) return;
    run.isSettled = true;
    run.clearDeadline();
    run.context.runs.delete(run.id);
    this.#settled.push(run);
  }

  #flushSettled(): void {
    if (this.#settled.length === 0 || this.#context !== null) return;
    const settled = this.#settled;
    this.#settled = [];
    for (const run of settled) {
      this.#runs.delete(run);
      if (!run.isAnswered && !run.isPassing) run.fail(errors.RESPONSE_CUT({ app: this.app }).wire);
      const { isPassing } = run;
      if (isPassing) this.#passing.add(run);
      if (this.#options.isolation === "request") {
        this.#contexts.delete(run.context);
        run.context.release(this.#end === null);
      } else {
        run.context.dropUnowned();
      }
      if (!isPassing) this.#finish(run);
    }
  }

  /** Nothing is left of it. */
  #finish(run: GuestRun): void {
    run.bodyPipe?.fail("The request is over");
    run.sink.settle();
  }

  /** The host has sent the body that a response was to pass on, or given it up. */
  #onPassed(run: GuestRun): void {
    if (run.isSettled) {
      this.#endPassing(run);
      return;
    }
    this.#answered(run);
    this.#enterRun(run, GuestEvent.RESPONSE_PASSED);
  }

  #endPassing(run: GuestRun): void {
    if (this.#passing.delete(run)) this.#finish(run);
  }

  /** Until the head: the wall limit. After the response: what `waitUntil` may take. A streaming response has none here. */
  #armDeadline(run: GuestRun): void {
    const { timeoutMs, waitUntilMs } = this.#options.limits;
    const isAnswered = run.isAnswered;
    const { arrivedMs } = run.request;
    const waitedMs = arrivedMs === undefined ? 0 : performance.now() - arrivedMs;
    run.deadline = setTimeout(
      () => {
        run.deadline = null;
        if (run.isSettled) return;
        if (isAnswered) this.#expireWaitUntil(run);
        else if (!run.isHeadSent) this.#expireWall(run);
      },
      isAnswered ? waitUntilMs : Math.max(0, timeoutMs - waitedMs),
    );
  }

  #expireWall(run: GuestRun): void {
    const wire = this.#limits.failByWall(run);
    // Where the context lives on, what the request began has to end.
    if (this.#options.isolation === "app") this.#enterRun(run, GuestEvent.ABORT, wire.message);
    this.#settle(run);
    this.#flushSettled();
  }

  #expireWaitUntil(run: GuestRun): void {
    this.#limits.endWaitUntil(run);
    this.#settle(run);
    this.#flushSettled();
  }

  /** In a scope without `this`: a function holds all of the scopes around it. */
  static #createDispatch(to: { readonly isolate: AppIsolate | null }) {
    return (code: unknown, id: unknown, a: unknown, b: unknown, c: unknown, d: unknown) =>
      to.isolate === null ? undefined : to.isolate.#dispatch(code, id, a, b, c, d);
  }

  /** Never throws into the guest: it would see what is ours. */
  #dispatch(code: unknown, id: unknown, a: unknown, b: unknown, c: unknown, d: unknown): unknown {
    try {
      if (this.#context === null || typeof id !== "number") return undefined;
      return this.#ops.perform(this.#context, this.#run, code, id, a, b, c, d);
    } catch (thrown) {
      this.#run?.fail(toWireError(thrown));
      return undefined;
    }
  }

  /** The guest sends the body of an answer that has failed: it would wait for ever to go on. */
  #stopLater(run: GuestRun): void {
    if (run.isStopping) return;
    run.isStopping = true;
    setImmediate(() => this.#enterRun(run, GuestEvent.ABORT, "the response has failed"));
  }

  /** From here on a run has `waitUntil`'s time left. In its first entry its deadline is armed after it. */
  #answered(run: GuestRun): void {
    if (!run.isAnswered || !run.isUnderway || run.isSettled) return;
    run.clearDeadline();
    this.#armDeadline(run);
  }
}

/** The guest has a copy. Left to the collector, such memory has it mark the whole heap anew for every 12 MB. */
function freeChunk(chunk: GuestValue): void {
  if (typeof chunk === "object") chunk.transfer(0);
}
