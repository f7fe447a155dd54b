/**
 * Makes the sliver of one app: runs its top level, keeps its heap, probes what was made, signs it.
 * The queue's loop and `nanoctl sliver create` both come in here.
 *
 *   init ──done──▶ heap ──made──▶ probe ──passed──▶ sign ──▶ built
 *     │              └──unmade─┐      │failed
 *     └──▶ failed              └──────┴──▶ bytecode ──▶ probe ──failed──▶ source ──▶ probe ──failed──▶ failed
 *
 * I1 Tenant code runs in disposable children alone; whatever they do ends here as a value.
 * I2 Nothing is signed that has not passed a probe in a process of its own.
 * I3 When it resolves, no process of the build is left.
 */
import { randomBytes } from "node:crypto";
import type { AppName, ArtifactDigest, VersionId } from "@nano/protocol/brands";
import { type NanoError, toWireError, type WireError } from "@nano/protocol/errors";
import type { Manifest } from "@nano/protocol/manifest";
import type { BuildEvent, BundleArtifact } from "@nano/protocol/records";
import type { SigningKey } from "@nano/sliver/signing-key";
import { writeSliver } from "@nano/sliver/sliver-file";
import { ATTACH_SECRET_BYTES, type SliverManifest } from "@nano/sliver/sliver-manifest";
import type { ChildResult, RunChildOptions } from "./build/build-child.ts";
import { BuildChildren } from "./build/build-children.ts";
import { type ChildJob, MAX_MESSAGE_BODY_BYTES } from "./build/child-messages.ts";
import { describeCost } from "./build/describe-cost.ts";
import { Ladder } from "./build/ladder.ts";
import { compileBytecode } from "./build/make-bytecode.ts";
import { makeHeap } from "./build/make-heap.ts";
import { errors } from "./errors.ts";

const MIB = 1024 * 1024;

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
  /** The bundle's WebAssembly modules. */
  readonly wasm: readonly Buffer[];
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
    wasm: (parts.bundle.wasm ?? []).map((module) => Buffer.from(module, "base64")),
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
    context.log("info", describeCost(made.manifest));
    return { type: "built", sliver, manifest: made.manifest, elapsedMs: elapsedMs() };
  } finally {
    if (options.children === undefined) await children.close();
  }
}

type SliverParts = Parameters<typeof writeSliver>[0];
type Climbed = SliverParts | { readonly error: NanoError };

/** The highest rung that passes its probe. */
async function climb(context: BuildContext): Promise<Climbed> {
  const { bundle } = context.parts;
  const scriptBytes = context.wasm.reduce((sum, module) => sum + module.byteLength, Buffer.byteLength(bundle.script));
  if (scriptBytes > MAX_MESSAGE_BODY_BYTES) {
    return { error: errors.TOO_LARGE({ scriptBytes, limitBytes: MAX_MESSAGE_BODY_BYTES }) };
  }
  const attachSecret = randomBytes(ATTACH_SECRET_BYTES).toString("hex");
  context.progress("run top level");
  const heap = await makeHeap(context, attachSecret);
  if (heap.type === "failed") return { error: heap.error };
  const ladder = new Ladder(context, attachSecret, heap.init);
  if (heap.type === "unmade") ladder.skip("heap", heap.reason);
  else {
    const climbed = await ladder.tryRung({ rung: "heap", attachSecret, snapshot: heap.snapshot });
    if (climbed !== null) return climbed;
  }
  context.progress("compile");
  const compiled = await compileBytecode(context, attachSecret);
  if (compiled.type === "failed") ladder.skip("bytecode", compiled.reason);
  else {
    const { snapshot, bytecode } = compiled;
    const climbed = await ladder.tryRung({ rung: "bytecode", attachSecret, snapshot, bytecode });
    if (climbed !== null) return climbed;
  }
  const climbed = await ladder.tryRung({ rung: "source", attachSecret });
  return climbed ?? { error: errors.PROBE_FAILED({ cause: ladder.lastReason }) };
}
