/**
 * What a guest asks of its host, one operation after another: each goes to whoever answers it.
 *
 * I1 Arguments are hostile (boundary I4). What an operation does to a run, the isolate does: `RunLife`.
 */
import { HostOp } from "@nano/web-api/boundary";
import { CodecOps } from "./codec-ops.ts";
import { type Enter, GuestCalls } from "./guest-calls.ts";
import type { GuestContext } from "./guest-context.ts";
import type { GuestRun } from "./guest-run.ts";
import { HashOps } from "./hash-ops.ts";
import { runPureOp } from "./host-ops.ts";
import type { AppIsolateOptions } from "./isolate.ts";
import { ResponseOps } from "./response-ops.ts";
import type { RunLimits } from "./run-limits.ts";
import { SocketOps } from "./socket-ops.ts";

/** What becomes of runs by what they ask for. */
export interface RunLife {
  readonly enter: Enter;
  /** It is over. */
  settle(run: GuestRun): void;
  /** It may have been answered just now. */
  answered(run: GuestRun): void;
  /** The host has sent the body that its response was to pass on, or given it up. */
  passed(run: GuestRun): void;
  /** It sends the body of an answer that has failed. */
  stop(run: GuestRun): void;
}

export class GuestOps {
  readonly #life: RunLife;
  readonly #calls: GuestCalls;
  readonly #codecs: CodecOps;
  readonly #hashes = new HashOps();
  readonly #responses: ResponseOps;
  readonly #sockets: SocketOps;

  constructor(options: AppIsolateOptions, limits: RunLimits, life: RunLife) {
    this.#life = life;
    this.#calls = new GuestCalls(options, limits, life.enter);
    this.#codecs = new CodecOps(life.enter, limits.refuse);
    this.#responses = new ResponseOps(options.app, options.host, limits);
    this.#sockets = new SocketOps(options.app, this.#responses, limits);
  }

  /** @param current the run of the entry that is running */
  perform(
    context: GuestContext,
    current: GuestRun | null,
    code: unknown,
    id: number,
    a: unknown,
    b: unknown,
    c: unknown,
    d: unknown,
  ): unknown {
    const run = context.runs.get(id);
    switch (code) {
      case HostOp.RESPOND_SETTLED:
      case HostOp.RESPOND:
        if (run === undefined) return undefined;
        this.#responses.respond(run, { status: a, statusText: b, headers: c, body: d }, () => this.#life.passed(run));
        if (code === HostOp.RESPOND_SETTLED) this.#life.settle(run);
        this.#life.answered(run);
        return run.isPassing;
      case HostOp.RESPONSE_CHUNK:
        if (run === undefined) return false;
        if (run.isAnswered) this.#life.stop(run);
        return this.#responses.chunk(run, a);
      case HostOp.RESPONSE_END:
        if (run === undefined) return undefined;
        this.#responses.end(run);
        this.#life.answered(run);
        return undefined;
      case HostOp.RESPONSE_ERROR:
        if (run === undefined) return undefined;
        this.#responses.error(run, a, b);
        this.#life.answered(run);
        return undefined;
      case HostOp.THREW:
        if (run === undefined) return undefined;
        this.#responses.threw(run, a, b, c);
        this.#life.answered(run);
        return undefined;
      case HostOp.SETTLED:
        if (run?.isAnswered || run?.isPassing) this.#life.settle(run);
        return undefined;
      case HostOp.REQUEST_BODY_PULL:
        if (run?.bodyPipe === null) run.sink.wantBody();
        return undefined;
      case HostOp.REQUEST_BODY_CANCEL:
        if (run?.bodyPipe === null) run.sink.cancelBody();
        return undefined;
      case HostOp.LOG:
        return this.#responses.log(id === 0 ? current : (run ?? null), a, b);
      default:
        if (this.#hashes.handles(code)) return this.#hashes.run(context, code, id, a, b, c);
        if (this.#sockets.handles(code)) return this.#runSocketOp(run, code, a, b, c);
        if (this.#codecs.handles(code)) return this.#codecs.run(context, current, code, id, a, b);
        return this.#calls.handles(code)
          ? this.#calls.run(context, current, code, id, a, b, c, d)
          : runPureOp(code, a, b, c);
    }
  }

  #runSocketOp(run: GuestRun | undefined, code: unknown, a: unknown, b: unknown, c: unknown): unknown {
    const wasAnswered = run?.isAnswered === true;
    const answer = this.#sockets.run(run, code, a, b, c);
    if (run !== undefined && !wasAnswered) this.#life.answered(run);
    return answer;
  }
}
