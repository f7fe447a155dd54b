/** Runs an app's top level in an ordinary isolate, under a deadline and a memory limit, to learn how it ends. */
import ivm from "isolated-vm";
import { webApiScripts } from "./engine.ts";
import { APP_SCRIPT_NAME, WEB_API_SCRIPT_NAME } from "./script-names.ts";

const MIB = 1024 * 1024;

export type InitOutcome =
  | { readonly type: "done"; readonly initMs: number }
  | { readonly type: "threw"; readonly name: string; readonly message: string; readonly stack: string }
  | { readonly type: "timeout"; readonly limitMs: number }
  | { readonly type: "memory"; readonly limitBytes: number };

export interface RunInitOptions {
  readonly script: string;
  readonly initTimeMs: number;
  readonly memoryBytes: number;
}

/** May end the process, as any tenant code may: call it in a disposable child. */
export function runInit({ script, initTimeMs, memoryBytes }: RunInitOptions): InitOutcome {
  const isolate = new ivm.Isolate({ memoryLimit: Math.max(8, Math.round(memoryBytes / MIB)) });
  const startedMs = performance.now();
  try {
    const context = isolate.createContextSync();
    for (const code of webApiScripts("00")) {
      isolate.compileScriptSync(code, { filename: WEB_API_SCRIPT_NAME }).runSync(context);
    }
    const app = isolate.compileScriptSync(script, { filename: APP_SCRIPT_NAME });
    app.runSync(context, { timeout: initTimeMs });
    return { type: "done", initMs: performance.now() - startedMs };
  } catch (thrown) {
    if (isolate.isDisposed) return { type: "memory", limitBytes: memoryBytes };
    if (performance.now() - startedMs >= initTimeMs) return { type: "timeout", limitMs: initTimeMs };
    return describeThrown(thrown);
  } finally {
    if (!isolate.isDisposed) isolate.dispose();
  }
}

function describeThrown(thrown: unknown): InitOutcome {
  if (thrown instanceof Error) {
    return { type: "threw", name: thrown.name, message: thrown.message, stack: String(thrown.stack ?? "") };
  }
  return { type: "threw", name: "Error", message: String(thrown), stack: "" };
}
