/** Runs an app's top level in an ordinary isolate, under a deadline and a memory limit, to learn how it ends and what it touches. */
import { ATTACH_GLOBAL, GuestEvent, HostOp } from "@nano/web-api/boundary";
import ivm from "isolated-vm";
import { webApiScripts } from "./engine.ts";
import { runPureOp } from "./host-ops.ts";
import { APP_SCRIPT_NAME, WEB_API_SCRIPT_NAME } from "./script-names.ts";
import { parseTouchedModules } from "./touched-modules.ts";
import { WARM_UP_HEADERS, WARM_UP_URL } from "./warm-up-request.ts";

const MIB = 1024 * 1024;
const ATTACH_SECRET = "00";
/** A request that takes longer has touched what it touches first. */
const REQUEST_LIMIT_MS = 1_000;
const REPORT_LIMIT_MS = 100;

export type InitOutcome =
  | { readonly type: "done"; readonly initMs: number }
  | { readonly type: "threw"; readonly name: string; readonly message: string; readonly stack: string }
  | { readonly type: "timeout"; readonly limitMs: number }
  | { readonly type: "memory"; readonly limitBytes: number };

export interface RunInitOptions {
  readonly script: string;
  readonly initTimeMs: number;
  readonly memoryBytes: number;
  /** Called with how the top level ended, before a request is tried, which may end the process. */
  readonly onOutcome: (outcome: InitOutcome) => void;
}

export interface InitRun {
  readonly outcome: InitOutcome;
  /** Lazy modules of the web-api that the top level and a synthetic request loaded: none where either did not get to its end. */
  readonly touchedModules: readonly number[];
}

/** May end the process, as any tenant code may: call it in a disposable child. */
export function runInit(options: RunInitOptions): InitRun {
  const isolate = new ivm.Isolate({ memoryLimit: Math.max(8, Math.round(options.memoryBytes / MIB)) });
  try {
    const context = isolate.createContextSync();
    const outcome = runTopLevel(isolate, context, options);
    options.onOutcome(outcome);
    return { outcome, touchedModules: outcome.type === "done" ? touchedModulesOf(context) : [] };
  } finally {
    if (!isolate.isDisposed) isolate.dispose();
  }
}

function runTopLevel(
  isolate: ivm.Isolate,
  context: ivm.Context,
  { script, initTimeMs, memoryBytes }: RunInitOptions,
): InitOutcome {
  const startedMs = performance.now();
  try {
    for (const code of webApiScripts(ATTACH_SECRET)) {
      isolate.compileScriptSync(code, { filename: WEB_API_SCRIPT_NAME }).runSync(context);
    }
    const app = isolate.compileScriptSync(script, { filename: APP_SCRIPT_NAME });
    app.runSync(context, { timeout: initTimeMs });
    return { type: "done", initMs: performance.now() - startedMs };
  } catch (thrown) {
    if (isolate.isDisposed) return { type: "memory", limitBytes: memoryBytes };
    if (performance.now() - startedMs >= initTimeMs) return { type: "timeout", limitMs: initTimeMs };
    return describeThrown(thrown);
  }
}

/** Gives the app a request, by a host that answers what needs no other, and asks which modules are there then. Never throws. */
function touchedModulesOf(context: ivm.Context): readonly number[] {
  let touched: readonly number[] = [];
  const op = new ivm.Callback((code: unknown, _id: unknown, a: unknown, b: unknown, c: unknown) => {
    if (code === HostOp.TOUCHED) touched = parseTouchedModules(a);
    return code === HostOp.TIMER_SET ? true : runPureOp(code, a, b, c);
  });
  try {
    const attach = context.global.getSync(ATTACH_GLOBAL, { reference: true });
    const enter = attach.applySync(undefined, [ATTACH_SECRET, op, "{}"], { result: { reference: true } });
    try {
      const request = [GuestEvent.REQUEST, 1, "GET", WARM_UP_URL, WARM_UP_HEADERS, undefined];
      enter.applySync(undefined, request, { timeout: REQUEST_LIMIT_MS });
    } catch {
      // An unhandled rejection, or too slow: what it touched counts. Of an isolate that is gone, the next line tells.
    }
    enter.applySync(undefined, [GuestEvent.TOUCHED, 0], { timeout: REPORT_LIMIT_MS });
  } catch {
    // The snapshot is made without: nothing but time is lost.
  }
  return touched;
}

function describeThrown(thrown: unknown): InitOutcome {
  if (thrown instanceof Error) {
    return { type: "threw", name: thrown.name, message: thrown.message, stack: String(thrown.stack ?? "") };
  }
  return { type: "threw", name: "Error", message: String(thrown), stack: "" };
}
