/** Makes the heap snapshot of an app: web-api, then the app's script, then its serialised heap. */
import ivm from "isolated-vm";
import { bareWebApiScript, webApiScripts } from "./engine.ts";
import type { InitRecord } from "./init-record.ts";
import { replayScripts } from "./replay-init.ts";
import { APP_SCRIPT_NAME, REPLAY_SCRIPT_NAME, WEB_API_SCRIPT_NAME } from "./script-names.ts";
import { type WarmUpRecord, warmUpScript } from "./warm-up.ts";

export interface MakeSnapshotOptions {
  /** The bundled script of the app. */
  readonly script: string;
  /** Hex digits that attach a host to contexts of the snapshot. */
  readonly attachSecret: string;
  /** What the first run asked and was answered; null: the top level has no host. */
  readonly init: InitRecord | null;
  /** The version's plain variables, as the first run had them. @default none */
  readonly envJson?: string;
  /** What the app touched and was answered in the first run; null: it is not warmed up, its handler does not run. */
  readonly warmUp: WarmUpRecord | null;
}

/**
 * Runs the app's top level and serialises the heap. Has neither deadline nor memory limit, and may abort the
 * process: call it in a disposable child only.
 *
 * @throws what the app's top level threw, or in what it differed from the first run
 */
export function makeSnapshot(options: MakeSnapshotOptions): Uint8Array {
  const { script, attachSecret, init, envJson = "{}", warmUp } = options;
  const replay = init === null ? { before: [], after: [] } : replayScripts(init, { attachSecret, envJson });
  const copy = ivm.Isolate.createSnapshot(
    [
      ...webApiScripts(attachSecret, warmUp?.touchedModules).map((code) => ({ code, filename: WEB_API_SCRIPT_NAME })),
      ...replay.before.map((code) => ({ code, filename: REPLAY_SCRIPT_NAME })),
      { code: script, filename: APP_SCRIPT_NAME },
      ...replay.after.map((code) => ({ code, filename: REPLAY_SCRIPT_NAME })),
    ],
    warmUp === null ? undefined : warmUpScript({ attachSecret, envJson, warmUp }),
  );
  return takeBytes(copy);
}

/** The heap of the web-api alone, without an app: what the bytecode rung begins with. Runs no tenant code. */
export function makeBareSnapshot(attachSecret: string): Uint8Array {
  const code = bareWebApiScript(attachSecret);
  return takeBytes(ivm.Isolate.createSnapshot([{ code, filename: WEB_API_SCRIPT_NAME }]));
}

/**
 * V8's cached data of a script, compiled in an isolate of the bare heap: in another it is rejected. Compiles, and does not run it.
 *
 * @param bareSnapshot is not detached
 * @throws what the engine throws for a script that does not compile
 */
export function makeBytecode(script: string, bareSnapshot: Uint8Array): Uint8Array {
  const snapshot = new ivm.ExternalCopy(Uint8Array.from(bareSnapshot).buffer);
  const isolate = new ivm.Isolate({ snapshot });
  try {
    const options = { filename: APP_SCRIPT_NAME, produceCachedData: true } as const;
    const { cachedData }: ivm.Script & ivm.CachedDataResult = isolate.compileScriptSync(script, options);
    return cachedData === undefined ? new Uint8Array(0) : takeBytes(cachedData);
  } finally {
    isolate.dispose();
    snapshot.release();
  }
}

function takeBytes(copy: ivm.ExternalCopy<ArrayBuffer>): Uint8Array {
  const bytes = new Uint8Array(copy.copy());
  copy.release();
  return bytes;
}
