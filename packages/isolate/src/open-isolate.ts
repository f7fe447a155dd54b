/** Makes the engine's isolate of an app from what its sliver holds, and says how many contexts it may have. */
import { randomBytes } from "node:crypto";
import ivm from "isolated-vm";
import { bareWebApiScript } from "./engine.ts";
import type { AppIsolateOptions } from "./isolate.ts";
import { APP_SCRIPT_NAME, WEB_API_SCRIPT_NAME } from "./script-names.ts";

const MIB = 1024 * 1024;
/** isolated-vm takes no lower limit. */
const MIN_MEMORY_MIB = 8;
/** Bytes of the secret of contexts that are made here from source: no snapshot keeps it. */
const ATTACH_SECRET_BYTES = 32;
/** Heap of a context where the builder has not measured it: at least this, or so many times the snapshot. */
const MIN_CONTEXT_BYTES = 512 * 1024;
const CONTEXT_BYTES_PER_SNAPSHOT_BYTE = 2;
/** Share of the memory limit that contexts may fill: the rest is what requests allocate. */
const CONTEXT_MEMORY_RATIO = 0.5;

export interface OpenedIsolate {
  readonly isolate: ivm.Isolate;
  readonly attachSecret: string;
  /** Runs in each new context: null where the snapshot holds what it leaves. */
  readonly init: InitScripts | null;
}

export interface InitScripts {
  /** Empty where the snapshot holds the web-api. */
  readonly webApi: readonly ivm.Script[];
  readonly app: ivm.Script;
}

/** Takes a share of the source's blob, which the caller releases with the isolate. */
export function openIsolate({ source, limits }: AppIsolateOptions): OpenedIsolate {
  const memoryLimit = Math.max(MIN_MEMORY_MIB, Math.round(limits.memoryBytes / MIB));
  if (source.rung === "source") {
    const attachSecret = randomBytes(ATTACH_SECRET_BYTES).toString("hex");
    const isolate = new ivm.Isolate({ memoryLimit });
    return { isolate, attachSecret, init: compile(isolate, [bareWebApiScript(attachSecret)], source) };
  }
  const snapshot = source.blob.acquire();
  try {
    const isolate = new ivm.Isolate({ memoryLimit, snapshot });
    const init = source.rung === "heap" ? null : compile(isolate, [], source);
    return { isolate, attachSecret: source.attachSecret, init };
  } catch (thrown) {
    source.blob.release();
    throw thrown;
  }
}

/** Cached data that V8 rejects is only compiled anew. */
function compile(
  isolate: ivm.Isolate,
  webApi: readonly string[],
  { script, bytecode }: { readonly script: string; readonly bytecode?: ArrayBuffer },
): InitScripts {
  const cachedData = bytecode === undefined ? undefined : new ivm.ExternalCopy(bytecode);
  try {
    return {
      webApi: webApi.map((code) => isolate.compileScriptSync(code, { filename: WEB_API_SCRIPT_NAME })),
      app: isolate.compileScriptSync(script, { filename: APP_SCRIPT_NAME, ...(cachedData && { cachedData }) }),
    };
  } catch (thrown) {
    isolate.dispose();
    throw thrown;
  } finally {
    cachedData?.release();
  }
}

/** Contexts that may be alive at once, running and waiting requests and the spare one together. */
export function contextBound({ isolation, limits, contextBytes, source }: AppIsolateOptions): number {
  if (isolation === "app") return 1;
  const snapshotBytes = source.rung === "source" ? 0 : source.blob.bytes;
  const bytes = contextBytes ?? Math.max(MIN_CONTEXT_BYTES, snapshotBytes * CONTEXT_BYTES_PER_SNAPSHOT_BYTE);
  const fitting = Math.floor((limits.memoryBytes * CONTEXT_MEMORY_RATIO) / bytes);
  return Math.max(1, Math.min(limits.concurrentRequests, fitting));
}
