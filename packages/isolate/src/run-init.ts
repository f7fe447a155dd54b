/** The first run of an app's top level: in an ordinary isolate, with a host, under a deadline and a memory limit, observed and recorded. */
import type { WarmUpRequest } from "@nano/protocol/manifest";
import ivm from "isolated-vm";
import { webApiScripts } from "./engine.ts";
import { InitHost, type InitNote } from "./init-host.ts";
import { type InitRecord, InitRecorder } from "./init-record.ts";
import { type InitOutcome, initialiseContext } from "./initialise-context.ts";
import { APP_SCRIPT_NAME, WEB_API_SCRIPT_NAME } from "./script-names.ts";
import { recordWarmUp, type WarmUpRecord } from "./warm-up.ts";

const MIB = 1024 * 1024;
const ATTACH_SECRET = "00";

export interface RunInitOptions {
  readonly script: string;
  /** Modules that the script imports, by their numbers. @default none */
  readonly wasm?: readonly WebAssembly.Module[];
  readonly initTimeMs: number;
  readonly memoryBytes: number;
  /** The version's plain variables: a JSON object of strings. @default none */
  readonly envJson?: string;
  /** Empty: one GET of `/`, and an upgrade where the script makes WebSockets; null: it is not warmed up. @default empty */
  readonly warmUpRequests?: readonly WarmUpRequest[] | null;
  /** A line of the top level's console. @default dropped */
  readonly onLine?: (level: string, text: string) => void;
  /** Called with how the top level ended, before a request is tried, which may end the process. */
  readonly onOutcome: (outcome: InitOutcome, notes: readonly InitNote[]) => void;
}

export interface InitRun {
  readonly outcome: InitOutcome;
  /** What the second run is given; null where the top level did not get to its end. */
  readonly record: InitRecord | null;
  /** What its requests touched and were answered; null without them. */
  readonly warmUp: WarmUpRecord | null;
}

/** May end the process, as any tenant code may: call it in a disposable child. */
export function runInit(options: RunInitOptions): InitRun {
  const { script, envJson = "{}", onLine = () => undefined, warmUpRequests = [] } = options;
  const isolate = new ivm.Isolate({ memoryLimit: Math.max(8, Math.round(options.memoryBytes / MIB)) });
  try {
    const context = isolate.createContextSync();
    const host = new InitHost({ onLine });
    const recorder = new InitRecorder();
    const outcome = runTopLevel(isolate, context, { ...options, envJson, host, recorder });
    options.onOutcome(outcome, host.notes);
    if (outcome.type !== "done") return { outcome, record: null, warmUp: null };
    const record = recorder.end(host);
    if (warmUpRequests === null) return { outcome, record, warmUp: null };
    const warmUp = recordWarmUp(context, { attachSecret: ATTACH_SECRET, envJson, requests: warmUpRequests, script });
    return { outcome, record, warmUp };
  } finally {
    if (!isolate.isDisposed) isolate.dispose();
  }
}

function runTopLevel(
  isolate: ivm.Isolate,
  context: ivm.Context,
  options: RunInitOptions & { envJson: string; host: InitHost; recorder: InitRecorder },
): InitOutcome {
  const { script, wasm = [], memoryBytes } = options;
  try {
    const webApi = webApiScripts(ATTACH_SECRET).map((code) =>
      isolate.compileScriptSync(code, { filename: WEB_API_SCRIPT_NAME }),
    );
    const app = isolate.compileScriptSync(script, { filename: APP_SCRIPT_NAME });
    return initialiseContext({ ...options, isolate, context, attachSecret: ATTACH_SECRET, webApi, app, wasm });
  } catch (thrown) {
    if (isolate.isDisposed) return { type: "memory", limitBytes: memoryBytes };
    const isError = thrown instanceof Error;
    const stack = isError ? String(thrown.stack ?? "") : "";
    return {
      type: "threw",
      name: isError ? thrown.name : "Error",
      message: isError ? thrown.message : String(thrown),
      stack,
    };
  }
}
