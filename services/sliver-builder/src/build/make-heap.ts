/** First step of a build: the app's top level in a child, and its heap where that can be had. */
import { randomBytes } from "node:crypto";
import type { NanoError } from "@nano/protocol/errors";
import type { BundleArtifact } from "@nano/protocol/records";
import { ATTACH_SECRET_BYTES } from "@nano/sliver/sliver-manifest";
import type { BuildContext } from "../build-sliver.ts";
import { errors } from "../errors.ts";
import type { ChildEnd, ChildResult } from "./build-child.ts";
import type { ChildJob, ChildReport, InitReport } from "./child-messages.ts";
import { describeThrow } from "./locate-throw.ts";

/** V8's own `timeout` comes first; past this the child hangs outside of it. */
const INIT_GRACE_MS = 1_000;
/** The heap is made by running the top level again, without V8's limits, cold, on a machine that may be busy. */
const MAKE_TIMES_INIT = 4;
/** Resident memory of a child that has loaded its code. */
const EMPTY_CHILD_BYTES = 80 * 1024 * 1024;
/** Share of the memory limit above which a child that ended without a word is said to have run out of memory. */
const MEMORY_SUSPICION_RATIO = 0.9;

export type HeapOutcome =
  | { readonly type: "made"; readonly snapshot: Buffer; readonly attachSecret: string; readonly initMs: number }
  /** The app initialises, but its heap cannot be kept. */
  | { readonly type: "unmade"; readonly reason: string; readonly attachSecret: string; readonly initMs: number }
  | { readonly type: "failed"; readonly error: NanoError };

export async function makeHeap(context: BuildContext, artifact: BundleArtifact): Promise<HeapOutcome> {
  const { initTimeMs, memoryBytes } = context.parts.manifest.limits;
  const attachSecret = randomBytes(ATTACH_SECRET_BYTES).toString("hex");
  const script = Buffer.from(artifact.script);
  const first = await runMake(context, script, {
    attachSecret,
    init: { timeMs: initTimeMs, memoryBytes },
    warmUp: true,
  });
  if (first.end.type === "cancelled") return { type: "failed", error: errors.CANCELLED({}) };
  if (!first.hasBegun) return { type: "failed", error: errors.CHILD_UNUSABLE({ cause: describeEnd(first.end) }) };
  const { init } = first;
  if (init?.type !== "done") {
    const error = init === null ? initLost(context, first) : initError(context, init, artifact.sourceMap);
    return { type: "failed", error };
  }
  const { initMs } = init;
  if (first.snapshot !== null) return { type: "made", snapshot: first.snapshot, attachSecret, initMs };
  const reason = unmadeReason(first);
  if (first.unmadeCause !== null) return { type: "unmade", reason, attachSecret, initMs };
  // The process was lost: it may have been the handler, which the warm-up runs without the limits of a request.
  context.log("info", `Handler is not warmed up: ${reason}`);
  const second = await runMake(context, script, { attachSecret, init: null, warmUp: false, initMs });
  if (second.end.type === "cancelled") return { type: "failed", error: errors.CANCELLED({}) };
  if (second.snapshot !== null) return { type: "made", snapshot: second.snapshot, attachSecret, initMs };
  return { type: "unmade", reason: unmadeReason(second), attachSecret, initMs };
}

interface MakeRun extends ChildResult {
  readonly hasBegun: boolean;
  readonly init: InitReport | null;
  /** Null unless the child handed over all of it. */
  readonly snapshot: Buffer | null;
  /** What the engine threw while it made the heap. */
  readonly unmadeCause: string | null;
}

async function runMake(
  context: BuildContext,
  script: Buffer,
  { initMs = 0, ...job }: Omit<Extract<ChildJob, { type: "make" }>, "type"> & { readonly initMs?: number },
): Promise<MakeRun> {
  const { makeLimitMs } = context.limits;
  const reports = new Map<ChildReport["type"], { report: ChildReport; body: Buffer }>();
  const result = await context.runChild({ type: "make", ...job }, script, {
    limitMsAfter: (report) => {
      if (report.type === "begun" && job.init !== null) return job.init.timeMs + INIT_GRACE_MS;
      const knownInitMs = report.type === "init" && report.outcome.type === "done" ? report.outcome.initMs : initMs;
      return knownInitMs * MAKE_TIMES_INIT + makeLimitMs;
    },
    onReport: (report, body) => {
      if (!reports.has(report.type)) reports.set(report.type, { report, body });
      if (report.type === "init" && report.outcome.type === "done") context.progress("serialise heap");
    },
  });
  const init = reports.get("init")?.report;
  const unmade = reports.get("unmade")?.report;
  return {
    ...result,
    hasBegun: reports.has("begun"),
    init: init?.type === "init" ? init.outcome : null,
    snapshot: result.end.type === "finished" ? (reports.get("made")?.body ?? null) : null,
    unmadeCause: unmade?.type === "unmade" ? unmade.cause : null,
  };
}

function unmadeReason({ end, unmadeCause }: MakeRun): string {
  return unmadeCause ?? describeEnd(end);
}

function initError(context: BuildContext, init: Exclude<InitReport, { type: "done" }>, sourceMap: string): NanoError {
  const { initTimeMs, memoryBytes } = context.parts.manifest.limits;
  switch (init.type) {
    case "threw":
      return describeThrow(init, sourceMap);
    case "timeout":
      return errors.INIT_TIMEOUT({ limitMs: initTimeMs });
    case "memory":
      return errors.INIT_MEMORY({ limitBytes: memoryBytes });
  }
}

/** The child ended, or was ended, while the top level ran. */
function initLost(context: BuildContext, { end, peakBytes }: MakeRun): NanoError {
  const { initTimeMs, memoryBytes } = context.parts.manifest.limits;
  const grownBytes = peakBytes - EMPTY_CHILD_BYTES;
  if (end.type === "memory" || grownBytes > memoryBytes * MEMORY_SUSPICION_RATIO) {
    return errors.INIT_MEMORY({ limitBytes: memoryBytes });
  }
  if (end.type === "deadline") return errors.INIT_TIMEOUT({ limitMs: initTimeMs });
  return errors.CHILD_LOST({ step: "ran the top level", cause: describeEnd(end) });
}

/** How a child ended, as words that go on after "because". */
export function describeEnd(end: ChildEnd): string {
  switch (end.type) {
    case "finished":
      return "the process ended without a result";
    case "deadline":
      return `the process took longer than ${end.limitMs} ms`;
    case "memory":
      return `the process took more than ${end.limitBytes} bytes of memory`;
    case "lost":
      return `the process ended by ${end.cause}`;
    case "garbage":
      return "the process wrote what is no report";
    case "cancelled":
      return "the builder ends";
  }
}
