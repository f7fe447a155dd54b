/** Makes the heap snapshot of an app: web-api, then the app's script, then its serialised heap. */
import { ATTACH_GLOBAL, GuestEvent } from "@nano/web-api/boundary";
import ivm from "isolated-vm";
import { webApiScripts } from "./engine.ts";
import { APP_SCRIPT_NAME, WEB_API_SCRIPT_NAME } from "./script-names.ts";

export interface MakeSnapshotOptions {
  /** The bundled script of the app. */
  readonly script: string;
  /** Hex digits that attach a host to contexts of the snapshot. */
  readonly attachSecret: string;
  /** Runs a synthetic request in a context that is thrown away: its bytecode stays in the snapshot, its state does not. */
  readonly warmUp: boolean;
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
      ...webApiScripts(attachSecret).map((code) => ({ code, filename: WEB_API_SCRIPT_NAME })),
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
  const headers = JSON.stringify("host\nwarm-up.invalid\naccept\n*/*\n");
  return `{ const enter = ${enter}; if (enter) enter(${GuestEvent.REQUEST}, 1, "GET", "http://warm-up.invalid/", ${headers}, undefined); }`;
}
