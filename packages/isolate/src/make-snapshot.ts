/** Makes the heap snapshot of an app: web-api, then the app's script, then its serialised heap. */
import { ATTACH_GLOBAL, GuestEvent } from "@nano/web-api/boundary";
import ivm from "isolated-vm";
import { webApiScripts } from "./engine.ts";
import { APP_SCRIPT_NAME, WEB_API_SCRIPT_NAME } from "./script-names.ts";
import { WARM_UP_HEADERS, WARM_UP_URL } from "./warm-up-request.ts";

export interface MakeSnapshotOptions {
  /** The bundled script of the app. */
  readonly script: string;
  /** Hex digits that attach a host to contexts of the snapshot. */
  readonly attachSecret: string;
  /** Runs a synthetic request in a context that is thrown away: its bytecode stays in the snapshot, its state does not. */
  readonly warmUp: boolean;
  /** Lazy modules of the web-api that the app is known to touch: they are evaluated in the snapshot. */
  readonly touchedModules: readonly number[];
}

/**
 * Runs the app's top level and serialises the heap. Has neither deadline nor memory limit, and may abort the
 * process: call it in a disposable child only.
 *
 * @throws what the app's top level threw
 */
export function makeSnapshot({ script, attachSecret, warmUp, touchedModules }: MakeSnapshotOptions): Uint8Array {
  const copy = ivm.Isolate.createSnapshot(
    [
      ...webApiScripts(attachSecret, touchedModules).map((code) => ({ code, filename: WEB_API_SCRIPT_NAME })),
      { code: script, filename: APP_SCRIPT_NAME },
    ],
    warmUp ? warmUpScript(attachSecret) : undefined,
  );
  const bytes = new Uint8Array(copy.copy());
  copy.release();
  return bytes;
}

function warmUpScript(attachSecret: string): string {
  const enter = `${ATTACH_GLOBAL}(${JSON.stringify(attachSecret)}, () => undefined, "{}")`;
  const request = `"GET", ${JSON.stringify(WARM_UP_URL)}, ${JSON.stringify(WARM_UP_HEADERS)}, undefined`;
  return `{ const enter = ${enter}; if (enter) enter(${GuestEvent.REQUEST}, 1, ${request}); }`;
}
