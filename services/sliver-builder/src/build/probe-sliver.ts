/** Second step of a build: a process that has seen nothing of the first restores the app and gives it a request. */
import { MAX_MEASURED_CONTEXTS, type StartCost } from "@nano/isolate/measure-start";
import type { Rung } from "@nano/protocol/records";
import type { BuildContext } from "../build-sliver.ts";
import { type ChildReport, joinParts } from "./child-messages.ts";
import { describeEnd } from "./make-heap.ts";

export type ProbeOutcome =
  | { readonly type: "passed"; readonly answer: string; readonly cost: StartCost }
  | { readonly type: "failed"; readonly reason: string }
  | { readonly type: "cancelled" };

/** What an app starts from, at any rung. */
export interface ProbedRung {
  readonly rung: Rung;
  readonly attachSecret: string;
  readonly snapshot?: Uint8Array;
  readonly bytecode?: Uint8Array;
}

/** Those that are measured, and the one that answers. */
const PROBED_CONTEXTS = MAX_MEASURED_CONTEXTS + 1;
const NOTHING = new Uint8Array(0);

export async function probeSliver(context: BuildContext, probed: ProbedRung): Promise<ProbeOutcome> {
  const { app, manifest, bundle } = context.parts;
  const { rung, attachSecret, snapshot = NOTHING, bytecode = NOTHING } = probed;
  const { probeLimitMs } = context.limits;
  const script = rung === "heap" ? NOTHING : Buffer.from(bundle.script);
  const { body, partBytes } = joinParts([snapshot, script, bytecode, ...context.wasm]);
  const envJson = JSON.stringify(manifest.envVars);
  const results: ChildReport[] = [];
  const { end } = await context.runChild(
    {
      type: "probe",
      rung,
      partBytes,
      app,
      attachSecret,
      isolation: manifest.isolation,
      limits: manifest.limits,
      envJson,
    },
    body,
    {
      // Below the heap rung, each of its contexts runs the top level.
      limitMsAfter: () => probeLimitMs + PROBED_CONTEXTS * manifest.limits.initTimeMs,
      onReport: (report) => results.push(report),
    },
  );
  if (end.type === "cancelled") return { type: "cancelled" };
  const result = results.at(-1);
  const restored = results.find((report) => report.type === "restored");
  if (result?.type === "unprobed") return { type: "failed", reason: result.cause };
  if (restored === undefined) return { type: "failed", reason: describeEnd(end) };
  const { type: _, ...cost } = restored;
  if (result?.type === "probed" && end.type === "finished") return { type: "passed", answer: result.answer, cost };
  const how = describeEnd(end);
  context.log("warn", `Handler ends its process, which workers contain: ${how}`);
  return { type: "passed", answer: how, cost };
}
