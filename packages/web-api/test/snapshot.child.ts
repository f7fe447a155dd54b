/**
 * Makes a heap snapshot of an app, restores it, attaches, and answers what a script evaluates to there: in a process of its own, since an
 * object that a snapshot cannot hold ends the process. Reads a SnapshotTask from its parent, answers once, and ends.
 */
import ivm from "isolated-vm";
import { ATTACH_GLOBAL, GuestEvent, SCRIPT_SEPARATOR } from "../src/boundary.ts";

export interface SnapshotTask {
  /** The built script, with `secret` in its place. */
  readonly webApi: string;
  readonly secret: string;
  /** Body of the app's factory: its top level. */
  readonly init: string;
  /** An expression of what can be cloned, evaluated in the restored context, as of requests. */
  readonly use: string;
  /** Statements that the snapshot is warmed up with, after an attach. */
  readonly warmUp: string;
}

process.once("message", (task: SnapshotTask) => {
  const { webApi, secret, init, use, warmUp } = task;
  const attachText = `${ATTACH_GLOBAL}(${JSON.stringify(secret)}, () => {}, "{}"`;
  const snapshot = ivm.Isolate.createSnapshot(
    [
      ...webApi.split(SCRIPT_SEPARATOR).map((code) => ({ code })),
      { code: `globalThis.enter = ${attachText}, true);` },
      { code: `__nano_app__(function () { "use strict"; ${init}\nreturn { default: { fetch() {} } }; });` },
      { code: `enter(${GuestEvent.INIT_END}, 0); delete globalThis.enter;` },
    ],
    warmUp === "" ? undefined : `${attachText}); ${warmUp}`,
  );
  const isolate = new ivm.Isolate({ memoryLimit: 64, snapshot });
  const context = isolate.createContextSync();
  const attach = context.global.getSync(ATTACH_GLOBAL, { reference: true });
  attach.applySync(undefined, [secret, new ivm.Callback(() => undefined), "{}"], { result: { reference: true } });
  process.send?.(context.evalSync(use, { copy: true }));
  isolate.dispose();
  process.disconnect?.();
});
