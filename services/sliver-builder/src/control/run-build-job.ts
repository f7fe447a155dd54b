/** One job of the queue: reads the bundle, builds, publishes. */
import { isNanoError, toWireError } from "@nano/protocol/errors";
import type { BuildEvent, BuildJob, BundleArtifact } from "@nano/protocol/records";
import { digestOf, type SliverStore } from "@nano/sliver/sliver-store";
import { type BuildSliverOptions, buildSliver } from "../build-sliver.ts";
import { errors } from "../errors.ts";

export type BuildOutcome = Extract<BuildEvent, { type: "built" | "failed" }>;

export interface RunBuildJobOptions extends Omit<BuildSliverOptions, "onEvent"> {
  readonly store: SliverStore;
  readonly report: (event: BuildEvent) => void;
}

/**
 * The store holds nothing more than before unless the outcome is `built`.
 *
 * @throws BUILD_CANCELLED where the signal aborted: the job is for another builder
 */
export async function runBuildJob(job: BuildJob, options: RunBuildJobOptions): Promise<BuildOutcome> {
  const startedMs = performance.now();
  try {
    options.report({ type: "progress", step: "read bundle", elapsedMs: 0 });
    const bundle = await readBundle(job, options.store);
    const built = await buildSliver(
      { app: job.app, versionId: job.version, manifest: job.manifest, bundle, bundleDigest: job.bundle },
      { ...options, onEvent: options.report },
    );
    if (options.signal?.aborted === true) throw errors.CANCELLED({});
    if (built.type === "failed") return { type: "failed", error: built.error };
    const digest = digestOf(built.sliver);
    options.report({ type: "progress", step: "publish", elapsedMs: Math.round(performance.now() - startedMs) });
    await options.store.put(digest, built.sliver).catch((error: unknown) => {
      throw storeFailed("sliver was published", error);
    });
    return {
      type: "built",
      fingerprint: built.manifest.fingerprint,
      sliver: digest,
      rung: built.manifest.rung,
      elapsedMs: Math.round(performance.now() - startedMs),
    };
  } catch (error) {
    if (options.signal?.aborted === true) throw errors.CANCELLED({}, error);
    return { type: "failed", error: toWireError(error) };
  }
}

/** @throws BUILD_BUNDLE_MISSING, BUILD_BUNDLE_MALFORMED, BUILD_STORE_FAILED */
async function readBundle(job: BuildJob, store: SliverStore): Promise<BundleArtifact> {
  const bytes = await store.get(job.bundle).catch((error: unknown) => {
    throw storeFailed("bundle was read", error);
  });
  if (bytes === null) throw errors.BUNDLE_MISSING({ digest: job.bundle });
  let bundle: Partial<BundleArtifact> | null;
  try {
    bundle = JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw errors.BUNDLE_MALFORMED({ digest: job.bundle, found: "no JSON" }, cause);
  }
  if (bundle?.format !== 1) throw errors.BUNDLE_MALFORMED({ digest: job.bundle, found: `format ${bundle?.format}` });
  const { script, sourceMap, wasm = [] } = bundle;
  if (typeof script !== "string" || typeof sourceMap !== "string") {
    throw errors.BUNDLE_MALFORMED({ digest: job.bundle, found: "no script or no source map" });
  }
  if (!Array.isArray(wasm) || !wasm.every((module) => typeof module === "string")) {
    throw errors.BUNDLE_MALFORMED({ digest: job.bundle, found: "modules that are no base64" });
  }
  return { format: 1, script, sourceMap, wasm };
}

function storeFailed(what: string, error: unknown): Error {
  return isNanoError(error) ? error : errors.STORE_FAILED({ what, cause: toWireError(error).message }, error);
}
