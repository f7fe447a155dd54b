/** Second rung: the script as V8 compiled it, and the heap of the web-api that it was compiled in. Nothing of the app runs here. */
import type { BuildContext } from "../build-sliver.ts";
import { describeEnd } from "./make-heap.ts";

/** What compiles: no top level, so no time of the app's. */
export type BytecodeOutcome =
  | { readonly type: "compiled"; readonly snapshot: Buffer; readonly bytecode: Buffer }
  | { readonly type: "failed"; readonly reason: string };

export async function compileBytecode(context: BuildContext, attachSecret: string): Promise<BytecodeOutcome> {
  let compiled: Extract<BytecodeOutcome, { type: "compiled" }> | null = null;
  const { end } = await context.runChild({ type: "compile", attachSecret }, Buffer.from(context.parts.bundle.script), {
    limitMsAfter: () => context.limits.makeLimitMs,
    onReport: (report, body) => {
      if (report.type !== "compiled") return;
      const { snapshotBytes } = report;
      compiled = {
        type: "compiled",
        snapshot: body.subarray(0, snapshotBytes),
        bytecode: body.subarray(snapshotBytes),
      };
    },
  });
  return end.type === "finished" && compiled !== null ? compiled : { type: "failed", reason: describeEnd(end) };
}
