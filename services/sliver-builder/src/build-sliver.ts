/**
 * Makes the sliver of one app: runs its top level, keeps its heap, probes what was made, signs it.
 * The queue's loop and `nanoctl sliver create` both come in here.
 *
 *   init ──done──▶ heap ──made──▶ probe ──passed──▶ sign ──▶ built
 *     │              └──unmade─┐      │failed
 *     └──▶ failed              └──────┴──▶ source ──▶ probe ──passed──▶ sign ──▶ built
 *                                                       └──failed──▶ failed
 *
 * I1 Tenant code runs in disposable children alone; whatever they do ends here as a value.
 * I2 Nothing is signed that has not passed a probe in a process of its own.
 * I3 When it resolves, no process of the build is left.
 */
import { engineFingerprint } from "@nano/isolate/engine";
import type { AppName, ArtifactDigest, VersionId } from "@nano/protocol/brands";
import { type NanoError, toWireError, type WireError } from "@nano/protocol/errors";
import type { Manifest } from "@nano/protocol/manifest";
import type { BuildEvent, BundleArtifact, Rung } from "@nano/protocol/records";
import type { SigningKey } from "@nano/sliver/signing-key";
import { writeSliver } from "@nano/sliver/sliver-file";
import type { SliverManifest } from "@nano/sliver/sliver-manifest";
import type { ChildResult, RunChildOptions } from "./build/build-child.ts";
import { BuildChildren } from "./build/build-children.ts";
import { type ChildJob, MAX_MESSAGE_BODY_BYTES } from "./build/child-messages.ts";
import { makeHeap } from "./build/make-heap.ts";
import { probeSliver } from "./build/probe-sliver.ts";
import { errors } from "./errors.ts";

const MIB = 1024 * 1024;
/** A reason in a sliver's manifest; the manifest has a bound of its own. */
const MAX_REASON_CHARS = 1_000;
/** Above this, an app in `request` mode is told what its fresh context costs. */
export const REQUEST_MODE_CONTEXT_LIMIT_MS = 5;
const NO_BYTECODE = "this builder makes none: it gained far less than the heap";

/** What a sliver is made of. */
export interface BuildSliverParts {
  readonly app: AppName;
  readonly versionId: VersionId;
  readonly manifest: Manifest;
  readonly bundle: BundleArtifact;
  /** Of the bundle as it is stored. */
  readonly bundleDigest: ArtifactDigest;
}

export interface BuildLimits {
  /** To serialise a heap, beyond a few times what its top level took. */
  readonly makeLimitMs: number;
  /** To restore it and begin a request, beyond twice the app's `init_time_ms`. */
  readonly probeLimitMs: number;
  /** Resident memory of a child, beyond `CHILD_MEMORY_TIMES_LIMIT` times the app's memory limit. */
  readonly childBaseBytes: number;
}

export const DEFAULT_BUILD_LIMITS: BuildLimits = {
  makeLimitMs: 5_000,
  probeLimitMs: 10_000,
  childBaseBytes: 256 * MIB,
};

/** The heap, and its serialised copies beside it. */
const CHILD_MEMORY_TIMES_LIMIT = 2;

export interface BuildSliverOptions {
  readonly signingKey: SigningKey;
  readonly onEvent?: (event: Extract<BuildEvent, { type: "progress" | "log" }>) => void;
  readonly signal?: AbortSignal;
  readonly limits?: Partial<BuildLimits>;
  /** Processes to run in. @default ones of its own, which are gone when it resolves */
  readonly children?: BuildChildren;
}

export type BuildSliverResult =
  | { readonly type: "built"; readonly sliver: Buffer; readonly manifest: SliverManifest; readonly elapsedMs: number }
  | { readonly type: "failed"; readonly error: WireError; readonly elapsedMs: number };

/** What the steps of one build share. @internal */
export interface BuildContext {
  readonly parts: BuildSliverParts;
  readonly limits: BuildLimits;
  progress(step: string): void;
  log(level: "info" | "warn", text: string): void;
  runChild(
    job: ChildJob,
    body: Uint8Array,
    options: Pick<RunChildOptions, "limitMsAfter" | "onReport">,
  ): Promise<ChildResult>;
}

/** Never throws for what tenant code does. @throws ISO_WEB_API_MISSING, SLIVER_TOO_LARGE */
export async function buildSliver(parts: BuildSliverParts, options: BuildSliverOptions): Promise<BuildSliverResult> {
  const startedMs = performance.now();
  const elapsedMs = () => Math.round(performance.now() - startedMs);
  const children = options.children ?? new BuildChildren({ spareCount: 0 });
  const limits = { ...DEFAULT_BUILD_LIMITS, ...options.limits };
  const signal = options.signal ?? new AbortController().signal;
  const context: BuildContext = {
    parts,
    limits,
    progress: (step) => options.onEvent?.({ type: "progress", step, elapsedMs: elapsedMs() }),
    log: (level, text) => options.onEvent?.({ type: "log", level, text }),
    async runChild(job, body, given) {
      const memoryLimitBytes = limits.childBaseBytes + CHILD_MEMORY_TIMES_LIMIT * parts.manifest.limits.memoryBytes;
      const child = children.take();
      try {
        return await child.run(job, body, { ...given, memoryLimitBytes, signal });
      } finally {
        await children.release(child);
      }
    },
  };
  try {
    const made = await climb(context);
    if ("error" in made) return { type: "failed", error: toWireError(made.error), elapsedMs: elapsedMs() };
    context.progress("sign");
    const sliver = writeSliver(made, options.signingKey);
    return { type: "built", sliver, manifest: made.manifest, elapsedMs: elapsedMs() };
  } finally {
    if (options.children === undefined) await children.close();
  }
}

type SliverParts = Parameters<typeof writeSliver>[0];

/** The highest rung that passes its probe. */
async function climb(context: BuildContext): Promise<SliverParts | { readonly error: NanoError }> {
  const { bundle } = context.parts;
  const scriptBytes = Buffer.byteLength(bundle.script);
  if (scriptBytes > MAX_MESSAGE_BODY_BYTES) {
    return { error: errors.TOO_LARGE({ scriptBytes, limitBytes: MAX_MESSAGE_BODY_BYTES }) };
  }
  context.progress("run top level");
  const heap = await makeHeap(context, bundle);
  if (heap.type === "failed") return { error: heap.error };
  const { attachSecret, initMs } = heap;
  let reason: string;
  if (heap.type === "made") {
    context.progress("probe heap");
    const probe = await probeSliver(context, heap.snapshot, { rung: "heap", attachSecret });
    if (probe.type === "cancelled") return { error: errors.CANCELLED({}) };
    if (probe.type === "passed") {
      adviseOnContext(context, probe.contextMs);
      const { contextMs } = probe;
      return sliverParts(context, { rung: "heap", attachSecret, initMs, contextMs, snapshot: heap.snapshot });
    }
    reason = `it does not restore: ${probe.reason}`;
  } else {
    reason = heap.reason;
  }
  context.log("warn", `Heap snapshot is left out, the app starts from source: ${reason}`);
  context.progress("probe source");
  const probe = await probeSliver(context, Buffer.from(bundle.script), { rung: "source", attachSecret });
  if (probe.type === "cancelled") return { error: errors.CANCELLED({}) };
  if (probe.type === "failed") return { error: errors.PROBE_FAILED({ cause: probe.reason }) };
  const skippedRungs: SliverManifest["skippedRungs"] = [
    { rung: "heap", reason: reason.slice(0, MAX_REASON_CHARS) },
    { rung: "bytecode", reason: NO_BYTECODE },
  ];
  return sliverParts(context, { rung: "source", attachSecret, initMs, contextMs: probe.contextMs, skippedRungs });
}

interface MadeRung {
  readonly rung: Rung;
  readonly attachSecret: string;
  readonly initMs: number;
  readonly contextMs: number;
  readonly snapshot?: Buffer;
  readonly skippedRungs?: SliverManifest["skippedRungs"];
}

function sliverParts({ parts }: BuildContext, made: MadeRung): SliverParts {
  const { rung, attachSecret, initMs, contextMs, snapshot, skippedRungs = [] } = made;
  return {
    manifest: {
      warnings: [],
      app: parts.app,
      versionId: parts.versionId,
      fingerprint: engineFingerprint(),
      rung,
      skippedRungs,
      attachSecret,
      isolation: parts.manifest.isolation,
      initMs,
      snapshotBytes: snapshot?.byteLength ?? 0,
      contextMs,
      bundle: parts.bundleDigest,
    },
    sections: {
      snapshot,
      script: Buffer.from(parts.bundle.script),
      sourceMap: Buffer.from(parts.bundle.sourceMap),
    },
  };
}

function adviseOnContext(context: BuildContext, contextMs: number): void {
  if (context.parts.manifest.isolation !== "request" || contextMs <= REQUEST_MODE_CONTEXT_LIMIT_MS) return;
  context.log(
    "warn",
    `A fresh context of this app costs ${contextMs.toFixed(1)} ms for each request, more than ${REQUEST_MODE_CONTEXT_LIMIT_MS} ms: ` +
      `build less at the top level, or set isolation to "app"`,
  );
}
