/**
 * A live isolate of one app: restored from its sliver, entered for requests and for what they wait on, disposed.
 *
 * I1 It is entered synchronously on the thread that made it, never from within an entry.
 * I2 Every entry runs under a time limit and is written to the flight recorder before it begins.
 * I3 A run's sink hears exactly one end of the response and exactly one `settle`, whatever happens to the isolate.
 * I4 After a limit terminated it, or it was disposed, nothing enters it again.
 */
import type { AppName } from "@nano/protocol/brands";
import { ATTACH_GLOBAL, GuestEvent, HostOp } from "@nano/web-api/boundary";
import ivm from "isolated-vm";
import { webApiScripts } from "./engine.ts";
import { errors } from "./errors.ts";
import { GuestCalls } from "./guest-calls.ts";
import { type EnterReference, GuestContext, type GuestValue } from "./guest-context.ts";
import { GuestRun, isIdempotent } from "./guest-run.ts";
import { runPureOp } from "./host-ops.ts";
import type { AppIsolateOptions, GuestRequest, IsolateEnd, RunSink } from "./isolate.ts";
import { ResponseOps } from "./response-ops.ts";
import { APP_SCRIPT_NAME, WEB_API_SCRIPT_NAME } from "./script-names.ts";

const MIB = 1024 * 1024;
/** isolated-vm takes no lower limit. */
const MIN_MEMORY_MIB = 8;
/** An entry may take this many times its remaining CPU in wall time, plus a grace, before V8 is told to stop: the thread is shared. */
const WALL_PER_CPU = 2;
const WALL_GRACE_MS = 10;
/** Heap of a context where the builder has not measured it: at least this, or so many times the snapshot. */
const MIN_CONTEXT_BYTES = 512 * 1024;
const CONTEXT_BYTES_PER_SNAPSHOT_BYTE = 2;
/** Share of the memory limit that contexts may fill: the rest is what requests allocate. */
const CONTEXT_MEMORY_RATIO = 0.5;
/** The secret of contexts that this process itself makes from source: no snapshot keeps it. */
const SOURCE_ATTACH_SECRET = "source";

export class AppIsolate {
  readonly app: AppName;
  readonly #options: AppIsolateOptions;
  readonly #isolate: ivm.Isolate;
  readonly #op: ivm.Callback;
  readonly #contexts = new Set<GuestContext>();
  readonly #runs = new Set<GuestRun>();
  readonly #maxContexts: number;
  readonly #calls: GuestCalls;
  readonly #responses: ResponseOps;
  readonly #scripts: readonly ivm.Script[];
  #spare: GuestContext | null = null;
  /** The context and run of the entry that is running. */
  #context: GuestContext | null = null;
  #run: GuestRun | null = null;
  #settled: GuestRun[] = [];
  #nextRunId = 1;
  #end: IsolateEnd | null = null;

  /** @throws ISO_RESTORE_FAILED */
  static restore(options: AppIsolateOptions): AppIsolate {
    try {
      return new AppIsolate(options);
    } catch (cause) {
      throw errors.RESTORE_FAILED(
        { app: options.app, why: cause instanceof Error ? cause.message : String(cause) },
        cause,
      );
    }
  }

  private constructor(options: AppIsolateOptions) {
    this.app = options.app;
    this.#options = options;
    const { source, limits } = options;
    const memoryLimit = Math.max(MIN_MEMORY_MIB, Math.round(limits.memoryBytes / MIB));
    if (source.rung === "heap") {
      const snapshot = source.blob.acquire();
      try {
        this.#isolate = new ivm.Isolate({ memoryLimit, snapshot });
      } catch (thrown) {
        source.blob.release();
        throw thrown;
      }
      this.#scripts = [];
      this.#maxContexts = this.#contextBound(source.blob.bytes * CONTEXT_BYTES_PER_SNAPSHOT_BYTE);
    } else {
      this.#isolate = new ivm.Isolate({ memoryLimit });
      this.#scripts = [
        ...webApiScripts(SOURCE_ATTACH_SECRET).map((code) =>
          this.#isolate.compileScriptSync(code, { filename: WEB_API_SCRIPT_NAME }),
        ),
        this.#isolate.compileScriptSync(source.script, { filename: APP_SCRIPT_NAME }),
      ];
      this.#maxContexts = this.#contextBound(0);
    }
    this.#op = new ivm.Callback((code: unknown, id: unknown, a: unknown, b: unknown, c: unknown, d: unknown) =>
      this.#dispatch(code, id, a, b, c, d),
    );
    this.#calls = new GuestCalls(options, (context, owner, event, id, a, b, c, d) =>
      this.#enter(context, owner, event, id, a, b, c, d),
    );
    this.#responses = new ResponseOps(options.app, options.host);
  }

  #contextBound(estimatedBytes: number): number {
    const { isolation, limits, contextBytes } = this.#options;
    if (isolation === "app") return 1;
    const bytes = contextBytes ?? Math.max(MIN_CONTEXT_BYTES, estimatedBytes);
    const fitting = Math.floor((limits.memoryBytes * CONTEXT_MEMORY_RATIO) / bytes);
    return Math.max(1, Math.min(limits.concurrentRequests, fitting));
  }

  /** Why it ended, or null while it can be used. */
  get end(): IsolateEnd | null {
    return this.#end;
  }

  get runCount(): number {
    return this.#runs.size;
  }

  /** Whether one more request can begin now. */
  get hasRoom(): boolean {
    if (this.#end !== null) return false;
    if (this.#options.isolation === "app") return this.#runs.size < this.#options.limits.concurrentRequests;
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
    context.runs.set(run.id, run);
    this.#runs.add(run);
    this.#enter(context, run, GuestEvent.REQUEST, run.id, request.method, request.url, request.headers, request.body);
    if (!run.isSettled) this.#armDeadline(run);
    return run;
  }

  pushBody(run: GuestRun, chunk: ArrayBuffer): void {
    this.#enterRun(run, GuestEvent.BODY_CHUNK, chunk);
  }

  endBody(run: GuestRun): void {
    this.#enterRun(run, GuestEvent.BODY_END);
  }

  failBody(run: GuestRun, message: string): void {
    this.#enterRun(run, GuestEvent.BODY_ERROR, message);
  }

  /** The sink can take more of the response. */
  pullResponse(run: GuestRun): void {
    this.#enterRun(run, GuestEvent.RESPONSE_PULL);
  }

  /** The client went away: the guest is told, and may end its work. */
  abort(run: GuestRun, reason: string): void {
    if (run.isSettled) return;
    run.isAnswered = true;
    run.clearDeadline();
    this.#armDeadline(run);
    this.#enterRun(run, GuestEvent.ABORT, reason);
  }

  /** Ends it: runs that live in it fail with `isolate_lost`. Idempotent. */
  dispose(): void {
    this.#endIsolate("disposed", "the worker disposed of it");
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
    const { app, source, envJson, host, limits } = this.#options;
    const secret = source.rung === "heap" ? source.attachSecret : SOURCE_ATTACH_SECRET;
    host.beginEntry(app, null, limits.initTimeMs);
    try {
      const context = this.#isolate.createContextSync();
      for (const script of this.#scripts) script.runSync(context, { timeout: limits.initTimeMs });
      const attach = context.global.getSync(ATTACH_GLOBAL, { reference: true });
      const enter = attach?.applySync(undefined, [secret, this.#op, envJson], { result: { reference: true } });
      attach?.release();
      if (enter?.typeof !== "function") {
        context.release();
        throw errors.ATTACH_REFUSED({ app });
      }
      const guest = new GuestContext(context, enter as EnterReference);
      this.#contexts.add(guest);
      return guest;
    } catch (thrown) {
      if (this.#isolate.isDisposed) {
        this.#endIsolate("memory_limit", "it exceeded its memory limit while a context was made");
        throw errors.RESTORE_FAILED({ app, why: "it exceeded its memory limit while a context was made" }, thrown);
      }
      throw thrown;
    } finally {
      host.endEntry();
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
    const { app, host, limits } = this.#options;
    const remainingMs = Math.max(1, limits.cpuTimeMs - (owner?.cpuUsedMs ?? 0));
    const timeout = Math.ceil(remainingMs * WALL_PER_CPU + WALL_GRACE_MS);
    host.beginEntry(app, owner === null ? null : owner.request, timeout);
    this.#context = context;
    this.#run = owner;
    const cpuBefore = this.#isolate.cpuTime;
    const startedMs = performance.now();
    let thrown: unknown;
    let hasThrown = false;
    try {
      const hasBytes = typeof a === "object" || typeof d === "object";
      context.enter.applySync(
        undefined,
        [event, id, a, b, c, d],
        hasBytes ? { timeout, arguments: { copy: true } } : { timeout },
      );
    } catch (cause) {
      hasThrown = true;
      thrown = cause;
    }
    this.#context = null;
    this.#run = null;
    host.endEntry();
    if (this.#isolate.isDisposed) {
      this.#endByMemory(owner);
    } else {
      if (owner !== null) owner.cpuUsedMs += Number(this.#isolate.cpuTime - cpuBefore) / 1e6;
      if (hasThrown) this.#sortOutThrown(owner, thrown, performance.now() - startedMs >= timeout);
      if (owner !== null && owner.cpuUsedMs > limits.cpuTimeMs && !owner.isSettled && this.#end === null) {
        owner.fail(this.#cpuLimit(owner));
        this.#settle(owner);
      }
    }
    this.#flushSettled();
  }

  /** An entry never throws of itself: it was terminated, or isolated-vm hands out an unhandled rejection. */
  #sortOutThrown(owner: GuestRun | null, thrown: unknown, isTimeout: boolean): void {
    if (isTimeout) {
      if (owner !== null) owner.fail(this.#cpuLimit(owner));
      this.#endIsolate("cpu_limit", "another request in it exceeded its CPU limit");
      return;
    }
    const isError = thrown instanceof Error;
    this.#options.host.log({
      app: this.app,
      requestId: owner?.request.requestId ?? null,
      level: "error",
      text: `Unhandled rejection: ${isError ? `${thrown.name}: ${thrown.message}` : String(thrown)}`,
      ...(isError && thrown.stack !== undefined ? { stack: thrown.stack } : {}),
    });
  }

  #endByMemory(owner: GuestRun | null): void {
    if (owner !== null)
      owner.fail(errors.MEMORY_LIMIT({ app: this.app, limitBytes: this.#options.limits.memoryBytes }).wire);
    this.#endIsolate("memory_limit", "it exceeded its memory limit");
  }

  #cpuLimit(run: GuestRun) {
    const limitMs = this.#options.limits.cpuTimeMs;
    return errors.CPU_LIMIT({ app: this.app, limitMs, usedMs: Math.ceil(run.cpuUsedMs) }).wire;
  }

  #endIsolate(end: IsolateEnd, why: string): void {
    if (this.#end !== null) return;
    this.#end = end;
    for (const run of this.#runs) {
      const method = run.request.method;
      const lost = isIdempotent(method)
        ? errors.ISOLATE_LOST({ app: this.app, why })
        : errors.ISOLATE_LOST_ENTERED({ app: this.app, method });
      run.fail(lost.wire);
      this.#settle(run);
    }
    for (const context of this.#contexts) context.release(false);
    this.#contexts.clear();
    this.#spare = null;
    if (!this.#isolate.isDisposed) this.#isolate.dispose();
    if (this.#options.source.rung === "heap") this.#options.source.blob.release();
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
      if (!run.isAnswered) run.fail(errors.RESPONSE_CUT({ app: this.app }).wire);
      if (this.#options.isolation === "request") {
        this.#contexts.delete(run.context);
        run.context.release(this.#end === null);
      } else {
        run.context.dropHoldings(run);
      }
      run.sink.settle();
    }
  }

  /** Until the head: the wall limit. After the response: what `waitUntil` may take. A streaming response has none here. */
  #armDeadline(run: GuestRun): void {
    const { timeoutMs, waitUntilMs } = this.#options.limits;
    const isAnswered = run.isAnswered;
    run.deadline = setTimeout(
      () => {
        run.deadline = null;
        if (run.isSettled) return;
        if (isAnswered) this.#expireWaitUntil(run);
        else if (!run.isHeadSent) this.#expireWall(run);
        else if (run.isAnswered) this.#armDeadline(run);
      },
      isAnswered ? waitUntilMs : timeoutMs,
    );
  }

  #expireWall(run: GuestRun): void {
    run.fail(errors.WALL_LIMIT({ app: this.app, limitMs: this.#options.limits.timeoutMs }).wire);
    this.#settle(run);
    this.#flushSettled();
  }

  #expireWaitUntil(run: GuestRun): void {
    const text = `waitUntil took longer than ${this.#options.limits.waitUntilMs} ms and was ended`;
    this.#options.host.log({ app: this.app, requestId: run.request.requestId, level: "warn", text });
    this.#settle(run);
    this.#flushSettled();
  }

  #dispatch(code: unknown, id: unknown, a: unknown, b: unknown, c: unknown, d: unknown): unknown {
    const context = this.#context;
    if (context === null || typeof id !== "number") return undefined;
    const run = context.runs.get(id);
    switch (code) {
      case HostOp.RESPOND_SETTLED:
      case HostOp.RESPOND:
        if (run === undefined) return undefined;
        this.#responses.respond(run, a, b, c, d);
        this.#answered(run);
        if (code === HostOp.RESPOND_SETTLED) this.#settle(run);
        return undefined;
      case HostOp.RESPONSE_CHUNK:
        return run === undefined ? false : this.#responses.chunk(run, a);
      case HostOp.RESPONSE_END:
        if (run !== undefined) this.#responses.end(run);
        this.#answered(run);
        return undefined;
      case HostOp.RESPONSE_ERROR:
        if (run !== undefined) this.#responses.error(run, a, b);
        this.#answered(run);
        return undefined;
      case HostOp.THREW:
        if (run !== undefined) this.#responses.threw(run, a, b, c);
        this.#answered(run);
        return undefined;
      case HostOp.SETTLED:
        if (run?.isAnswered) this.#settle(run);
        return undefined;
      case HostOp.REQUEST_BODY_PULL:
        run?.sink.wantBody();
        return undefined;
      case HostOp.REQUEST_BODY_CANCEL:
        run?.sink.cancelBody();
        return undefined;
      case HostOp.LOG:
        return this.#responses.log(this.#run, a, b);
      default:
        return this.#calls.handles(code)
          ? this.#calls.run(context, this.#run, code, id, a, b, c, d)
          : runPureOp(code, a, b, c);
    }
  }

  /** From here on a run has `waitUntil`'s time left. */
  #answered(run: GuestRun | undefined): void {
    if (run === undefined || !run.isAnswered || run.deadline === null) return;
    run.clearDeadline();
    this.#armDeadline(run);
  }
}
