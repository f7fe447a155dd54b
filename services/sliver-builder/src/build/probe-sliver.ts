/** Second step of a build: a process that has seen nothing of the first restores the app and gives it a request. */
import type { BuildContext } from "../build-sliver.ts";
import type { ChildReport } from "./child-messages.ts";
import { describeEnd } from "./make-heap.ts";

export type ProbeOutcome =
  | { readonly type: "passed"; readonly answer: string; readonly contextMs: number }
  | { readonly type: "failed"; readonly reason: string }
  | { readonly type: "cancelled" };

/** @param body the snapshot, or the script at the source rung */
export async function probeSliver(
  context: BuildContext,
  body: Uint8Array,
  options: { rung: "heap" | "source"; attachSecret: string },
): Promise<ProbeOutcome> {
  const { app, manifest } = context.parts;
  const { probeLimitMs } = context.limits;
  const results: ChildReport[] = [];
  const { end } = await context.runChild(
    { type: "probe", app, isolation: manifest.isolation, limits: manifest.limits, ...options },
    body,
    {
      // From source, each of its two contexts runs the top level.
      limitMsAfter: () => probeLimitMs + 2 * manifest.limits.initTimeMs,
      onReport: (report) => results.push(report),
    },
  );
  if (end.type === "cancelled") return { type: "cancelled" };
  const result = results.at(-1);
  if (result?.type === "restored") {
    const how = describeEnd(end);
    context.log("warn", `Handler of a GET for / ends its process, which workers contain: ${how}`);
    return { type: "passed", answer: how, contextMs: result.contextMs };
  }
  if (result?.type === "unprobed") return { type: "failed", reason: result.cause };
  if (end.type !== "finished" || result?.type !== "probed") return { type: "failed", reason: describeEnd(end) };
  return { type: "passed", answer: result.answer, contextMs: result.contextMs };
}
