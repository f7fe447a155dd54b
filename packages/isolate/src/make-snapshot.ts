/** Makes the heap snapshot of an app: web-api, then the app's script, then its serialised heap. */
import ivm from "isolated-vm";
import { webApiScripts } from "./engine.ts";
import { APP_SCRIPT_NAME, WEB_API_SCRIPT_NAME } from "./script-names.ts";
import { type WarmUpRecord, warmUpScript } from "./warm-up.ts";

export interface MakeSnapshotOptions {
  /** The bundled script of the app. */
  readonly script: string;
  /** Hex digits that attach a host to contexts of the snapshot. */
  readonly attachSecret: string;
  /** What the app touched and was answered in the first run; null: it is not warmed up, its handler does not run. */
  readonly warmUp: WarmUpRecord | null;
}

/**
 * Runs the app's top level and serialises the heap. Has neither deadline nor memory limit, and may abort the
 * process: call it in a disposable child only.
 *
 * @throws what the app's top level threw
 */
export function makeSnapshot({ script, attachSecret, warmUp }: MakeSnapshotOptions): Uint8Array {
  const copy = ivm.Isolate.createSnapshot(
    [
      ...webApiScripts(attachSecret, warmUp?.touchedModules).map((code) => ({ code, filename: WEB_API_SCRIPT_NAME })),
      { code: script, filename: APP_SCRIPT_NAME },
    ],
    warmUp === null ? undefined : warmUpScript(attachSecret, warmUp.answers),
  );
  const bytes = new Uint8Array(copy.copy());
  copy.release();
  return bytes;
}
