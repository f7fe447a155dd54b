/**
 * Runs an app's top level in a context, with a host: attach for init, the script, then its timers in virtual time until it is settled.
 *
 * I1 All of it is over by the deadline: each entry has what is left of the time.
 * I2 It never throws for what the app does: how it ended is its answer. It throws where the isolate is gone, or the script does not compile.
 */
import { ATTACH_GLOBAL, GuestEvent } from "@nano/web-api/boundary";
import ivm from "isolated-vm";
import { errors } from "./errors.ts";
import type { InitHost } from "./init-host.ts";
import { type InitRecorder, MAX_INIT_STEPS } from "./init-record.ts";
import { OBSERVED_ATTACH } from "./observe-init.ts";

/** To say that the top level is over, which runs nothing of the app's. */
const REPORT_LIMIT_MS = 1_000;

export type InitOutcome =
  | { readonly type: "done"; readonly initMs: number }
  | { readonly type: "threw"; readonly name: string; readonly message: string; readonly stack: string }
  /** Its top-level await waits for what does not come. */
  | { readonly type: "stalled" }
  | { readonly type: "fetched"; readonly url: string; readonly stack: string }
  | { readonly type: "timeout"; readonly limitMs: number }
  | { readonly type: "memory"; readonly limitBytes: number };

export interface InitialiseOptions {
  readonly isolate: ivm.Isolate;
  readonly context: ivm.Context;
  readonly attachSecret: string;
  /** Before the app's: the web-api, unless the context has it. */
  readonly webApi: readonly ivm.Script[];
  readonly app: ivm.Script;
  /** The version's plain variables. */
  readonly envJson: string;
  readonly wasm: readonly WebAssembly.Module[];
  readonly initTimeMs: number;
  readonly host: InitHost;
  /** Keeps what a second run is given; the run is observed then. @default it is not */
  readonly recorder?: InitRecorder;
}

/** @throws ISO_ATTACH_REFUSED, what the engine throws for an isolate that is gone */
export function initialiseContext(options: InitialiseOptions): Exclude<InitOutcome, { type: "memory" }> {
  const { context, host, recorder, initTimeMs: limitMs } = options;
  const startedMs = performance.now();
  const remainingMs = () => Math.max(1, Math.ceil(startedMs + limitMs - performance.now()));
  const isLate = () => performance.now() - startedMs >= limitMs;
  for (const script of options.webApi) script.runSync(context, { timeout: remainingMs() });
  const enter = attachForInit(options);
  const deliver = (event: number, id: number, timeout: number): void => {
    try {
      enter.applySync(undefined, [event, id], { timeout });
    } catch (thrown) {
      noteThrown(options, thrown);
    }
  };
  for (const [i, module] of options.wasm.entries()) {
    enter.applySync(undefined, [GuestEvent.WASM_MODULE, i, module], { arguments: { copy: true } });
  }
  try {
    options.app.runSync(context, { timeout: remainingMs() });
  } catch (thrown) {
    noteThrown(options, thrown);
  }
  for (let steps = 0; !isLate(); steps++) {
    // What it threw is read here: that may loop, as the top level itself.
    deliver(GuestEvent.INIT_STATE, 0, remainingMs());
    if (host.state.state === "failed" || steps === MAX_INIT_STEPS) break;
    const timer = host.takeTimer();
    if (timer === undefined) break;
    recorder?.step(timer);
    deliver(GuestEvent.TIMER, timer, remainingMs());
  }
  if (isLate()) return { type: "timeout", limitMs };
  const initMs = performance.now() - startedMs;
  deliver(GuestEvent.INIT_END, host.timerCount, REPORT_LIMIT_MS);
  enter.release();
  return outcomeOf(host, initMs);
}

function outcomeOf(host: InitHost, initMs: number): Exclude<InitOutcome, { type: "memory" }> {
  const { state, refusedFetch } = host;
  if (state.state === "done") {
    host.tellRejections();
    return { type: "done", initMs };
  }
  if (refusedFetch !== null) return { type: "fetched", ...refusedFetch };
  if (state.state === "pending") return { type: "stalled" };
  const { name, message, stack } = state;
  // What is thrown need not be an error, nor anything.
  return {
    type: "threw",
    name: name || "Error",
    message: name === "" && message === "" ? "undefined" : message,
    stack,
  };
}

function attachForInit({ context, attachSecret, envJson, host, recorder }: InitialiseOptions): ivm.Reference {
  const op = new ivm.Callback((code: unknown, id: unknown, a: unknown, b: unknown, c: unknown, d: unknown) => {
    const value = host.answer(code, id, a, b, c, d);
    recorder?.record([code, id, a, b, c, d], value);
    return value;
  });
  let enter: ivm.Reference | undefined;
  if (recorder === undefined) {
    const attach = context.global.getSync(ATTACH_GLOBAL, { reference: true }) as ivm.Reference | undefined;
    enter = attach?.applySync(undefined, [attachSecret, op, envJson, true], { result: { reference: true } });
    attach?.release();
  } else {
    enter = context.evalClosureSync(OBSERVED_ATTACH, [op, attachSecret, envJson], { result: { reference: true } });
  }
  if (enter?.typeof !== "function") throw errors.ATTACH_REFUSED({ app: "the app" });
  return enter;
}

/** A rejection that nobody handled, a throw that `INIT_STATE` will tell of, or the engine's word that time is up. */
function noteThrown({ isolate, host }: InitialiseOptions, thrown: unknown): void {
  if (isolate.isDisposed) throw thrown;
  host.noteThrown(thrown);
}
