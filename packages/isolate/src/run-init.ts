/** Runs an app's top level in an ordinary isolate, under a deadline and a memory limit, to learn how it ends and what it touches. */
import ivm from "isolated-vm";
import { webApiScripts } from "./engine.ts";
import { APP_SCRIPT_NAME, WEB_API_SCRIPT_NAME } from "./script-names.ts";
import { recordWarmUp, type WarmUpRecord } from "./warm-up.ts";

const MIB = 1024 * 1024;
const ATTACH_SECRET = "00";

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
  /** What a synthetic request touched and was answered; null where the top level did not get to its end. */
  readonly warmUp: WarmUpRecord | null;
}

/** May end the process, as any tenant code may: call it in a disposable child. */
export function runInit(options: RunInitOptions): InitRun {
  const isolate = new ivm.Isolate({ memoryLimit: Math.max(8, Math.round(options.memoryBytes / MIB)) });
  try {
    const context = isolate.createContextSync();
    const outcome = runTopLevel(isolate, context, options);
    options.onOutcome(outcome);
    return { outcome, warmUp: outcome.type === "done" ? recordWarmUp(context, ATTACH_SECRET) : null };
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

function describeThrown(thrown: unknown): InitOutcome {
  if (thrown instanceof Error) {
    return { type: "threw", name: thrown.name, message: thrown.message, stack: String(thrown.stack ?? "") };
  }
  return { type: "threw", name: "Error", message: String(thrown), stack: "" };
}
