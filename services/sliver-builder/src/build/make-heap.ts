/** First step of a build: the app's top level in a child, and its heap where that can be had. */
import type { InitNote } from "@nano/isolate/init-host";
import type { WarmUpFailure } from "@nano/isolate/warm-up";
import type { NanoError } from "@nano/protocol/errors";
import type { BuildContext } from "../build-sliver.ts";
import { errors } from "../errors.ts";
import type { ChildEnd, ChildResult } from "./build-child.ts";
import { type ChildJob, type ChildReport, type InitReport, joinParts } from "./child-messages.ts";
import { describeThrow, locate, mapAppText, placeOf } from "./locate-throw.ts";

/** V8's own `timeout` comes first; past this the child hangs outside of it. */
const INIT_GRACE_MS = 1_000;
/** The heap is made by running the top level again, without V8's limits, cold, on a machine that may be busy. */
const MAKE_TIMES_INIT = 4;
/** Resident memory of a child that has loaded its code. */
const EMPTY_CHILD_BYTES = 80 * 1024 * 1024;
/** Share of the memory limit above which a child that ended without a word is said to have run out of memory. */
const MEMORY_SUSPICION_RATIO = 0.9;
/** How a child is told of that ended without a word of V8. */
const KILLED = "SIGKILL";
/** What the stand-in of `replay-init.ts` says where it is used, and the engine where the name was taken away. */
const NO_WASM = /\bWebAssembly(?:\.\w+)? is not defined/;
const WASM_AT_INIT =
  "its top level uses WebAssembly, which a heap cannot hold: make the instance in the handler, once, and keep it";

/** What the first run of the top level told. */
export interface InitTold {
  readonly initMs: number;
  readonly notes: readonly InitNote[];
}

export type HeapOutcome =
  | { readonly type: "made"; readonly snapshot: Buffer; readonly init: InitTold }
  /** The app initialises, but its heap cannot be kept. */
  | { readonly type: "unmade"; readonly reason: string; readonly init: InitTold }
  | { readonly type: "failed"; readonly error: NanoError };

export async function makeHeap(context: BuildContext, attachSecret: string): Promise<HeapOutcome> {
  const { sourceMap } = context.parts.bundle;
  let first = await runMake(context, { attachSecret, warmsUp: true });
  // No limit of ours, and nothing that an app can do: somebody else ended it, once.
  if (wasKilled(first)) first = await runMake(context, { attachSecret, warmsUp: true });
  if (first.end.type === "cancelled") return { type: "failed", error: errors.CANCELLED({}) };
  if (!first.hasBegun) return { type: "failed", error: errors.CHILD_UNUSABLE({ cause: describeEnd(first.end) }) };
  for (const { level, text } of first.init?.lines ?? [])
    context.log(level === "error" || level === "warn" ? "warn" : "info", mapAppText(text, sourceMap));
  const outcome = first.init?.outcome;
  if (outcome?.type !== "done") {
    const error = outcome === undefined ? initLost(context, first) : initError(context, outcome, sourceMap);
    return { type: "failed", error };
  }
  for (const failure of first.warmUpFailures) context.log("warn", describeWarmUpFailure(failure, sourceMap));
  const init = { initMs: outcome.initMs, notes: first.init?.notes ?? [] };
  if (first.snapshot !== null) return { type: "made", snapshot: first.snapshot, init };
  const reason = unmadeReason(first, sourceMap);
  if (first.unmadeCause !== null) return { type: "unmade", reason, init };
  // The process was lost: it may have been the handler, which the warm-up runs without the limits of a request.
  context.log("info", `Handler is not warmed up: ${reason}`);
  const second = await runMake(context, { attachSecret, warmsUp: false });
  if (second.end.type === "cancelled") return { type: "failed", error: errors.CANCELLED({}) };
  if (second.snapshot !== null) return { type: "made", snapshot: second.snapshot, init };
  return { type: "unmade", reason: unmadeReason(second, sourceMap), init };
}

/** Whether somebody else killed it, before the app's top level had an outcome. */
function wasKilled({ end, init }: MakeRun): boolean {
  return init === null && end.type === "lost" && end.cause === KILLED;
}

interface MakeRun extends ChildResult {
  readonly hasBegun: boolean;
  readonly init: Extract<ChildReport, { type: "init" }> | null;
  /** Null unless the child handed over all of it. */
  readonly snapshot: Buffer | null;
  /** What the engine threw while it made the heap. */
  readonly unmadeCause: string | null;
  /** Where in the script the engine says it was; empty: it does not say. */
  readonly unmadeStack: string;
  readonly warmUpFailures: readonly WarmUpFailure[];
}

async function runMake(context: BuildContext, options: { attachSecret: string; warmsUp: boolean }): Promise<MakeRun> {
  const { makeLimitMs } = context.limits;
  const { manifest, bundle } = context.parts;
  const { memoryBytes, initTimeMs } = manifest.limits;
  const { body, partBytes } = joinParts([Buffer.from(bundle.script), ...context.wasm]);
  const reports = new Map<ChildReport["type"], { report: ChildReport; body: Buffer }>();
  const job: ChildJob = {
    type: "make",
    attachSecret: options.attachSecret,
    partBytes,
    envJson: JSON.stringify(manifest.envVars),
    initTimeMs,
    memoryBytes,
    warmUpRequests: options.warmsUp ? (manifest.warmUp ?? []) : null,
  };
  const result = await context.runChild(job, body, {
    limitMsAfter: (report) => {
      if (report.type === "begun") return initTimeMs + INIT_GRACE_MS;
      const initMs = report.type === "init" && report.outcome.type === "done" ? report.outcome.initMs : 0;
      return Math.ceil(initMs * MAKE_TIMES_INIT) + makeLimitMs;
    },
    onReport: (report, bytes) => {
      if (!reports.has(report.type)) reports.set(report.type, { report, body: bytes });
      if (report.type === "init" && report.outcome.type === "done") context.progress("serialise heap");
    },
  });
  const init = reports.get("init")?.report;
  const warmed = reports.get("warmed")?.report;
  const unmade = reports.get("unmade")?.report;
  return {
    ...result,
    hasBegun: reports.has("begun"),
    init: init?.type === "init" ? init : null,
    snapshot: result.end.type === "finished" ? (reports.get("made")?.body ?? null) : null,
    unmadeCause: unmade?.type === "unmade" ? unmade.cause : null,
    unmadeStack: unmade?.type === "unmade" ? unmade.stack : "",
    warmUpFailures: warmed?.type === "warmed" ? warmed.failures : [],
  };
}

function unmadeReason({ end, unmadeCause, unmadeStack }: MakeRun, sourceMap: string): string {
  if (unmadeCause === null) return describeEnd(end);
  if (NO_WASM.test(unmadeCause)) return WASM_AT_INIT;
  const place = placeOf(unmadeStack, sourceMap);
  return place === "" ? unmadeCause : `${place}: ${unmadeCause}`;
}

function describeWarmUpFailure({ request, name, message, stack }: WarmUpFailure, sourceMap: string): string {
  const place = placeOf(stack, sourceMap);
  return `${place === "" ? "" : `${place}: `}Warm-up request ${request} threw, so less is compiled ahead: ${name}: ${message}`;
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
    case "fetched":
      return errors.INIT_FETCHED({ url: init.url, ...locate(init.stack, sourceMap) });
    case "stalled":
      return errors.INIT_STALLED({});
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
