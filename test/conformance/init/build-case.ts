/** Bundles and builds a case's app, as a deploy does: tenant code runs in build children alone. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { bundleApp } from "@nano/bundle/bundle-app";
import type { AppName, ArtifactDigest, VersionId } from "@nano/protocol/brands";
import { toWireError } from "@nano/protocol/errors";
import { type Manifest, resolveManifest } from "@nano/protocol/manifest";
import type { BundleArtifact } from "@nano/protocol/records";
import { createSigningKey } from "@nano/sliver/signing-key";
import type { SliverManifest } from "@nano/sliver/sliver-manifest";
import type { BuildChildren } from "@nano/sliver-builder/build/build-children";
import { buildSliver } from "@nano/sliver-builder/build-sliver";
import { filesOf, type InitCase, PLAIN_VARIABLES, type Reached } from "./init-case.ts";

export const signingKey = createSigningKey();

/** No case meets these by accident, on a loaded machine either. Those that mean to meet them say so. */
const ROOMY_LIMITS = { init_time_ms: 30_000, cpu_time_ms: 10_000, timeout_secs: 60, memory_mb: 128 } as const;
const ROOMY_BUILD_LIMITS = { makeLimitMs: 30_000, probeLimitMs: 30_000 } as const;
const NO_MAP = JSON.stringify({ version: 3, sources: [], mappings: "" });

export interface BuiltCase {
  readonly manifest: Manifest;
  readonly bundle: BundleArtifact;
  readonly sliver: Buffer;
  readonly told: SliverManifest;
}

export interface CaseBuild {
  readonly reached: Reached;
  /** Why not higher, or why not at all. */
  readonly reason: string;
  readonly logs: readonly string[];
  /** Null where the build failed. */
  readonly built: BuiltCase | null;
}

export async function buildCase(subject: InitCase, children: BuildChildren): Promise<CaseBuild> {
  const logs: string[] = [];
  const bundle = await bundleCase(subject).catch((thrown: unknown) => toWireError(thrown));
  if ("code" in bundle) return { reached: bundle.code as Reached, reason: bundle.message, logs, built: null };
  const { limits, ...rest } = subject.manifest ?? {};
  const manifest = resolveManifest({ env_vars: PLAIN_VARIABLES, ...rest, limits: { ...ROOMY_LIMITS, ...limits } });
  const parts = {
    app: "init-case" as AppName,
    versionId: "v0123456789abcdef" as VersionId,
    manifest,
    bundle,
    bundleDigest: "ab".repeat(32) as ArtifactDigest,
  };
  const result = await buildSliver(parts, {
    signingKey,
    children,
    limits: { ...ROOMY_BUILD_LIMITS, ...subject.limits },
    onEvent: (event) => event.type === "log" && logs.push(event.text),
  });
  if (result.type === "failed") {
    return { reached: result.error.code as Reached, reason: result.error.message, logs, built: null };
  }
  const { manifest: told, sliver } = result;
  const reason = told.skippedRungs.map((skipped) => `${skipped.rung}: ${skipped.reason}`).join("; ");
  return { reached: told.rung, reason, logs, built: { manifest, bundle, sliver, told } };
}

/** @throws the codes of the bundler */
async function bundleCase(subject: InitCase): Promise<BundleArtifact> {
  if (subject.script !== undefined) return { format: 1, script: subject.script, sourceMap: NO_MAP };
  const directory = await mkdtemp(join(tmpdir(), "nano-init-"));
  try {
    for (const [name, content] of Object.entries(filesOf(subject))) {
      await mkdir(dirname(join(directory, name)), { recursive: true });
      await writeFile(join(directory, name), content);
    }
    const { artifact } = await bundleApp({ dir: directory });
    if (artifact === null) throw new Error(`Case ${subject.name} has no entry`);
    return artifact;
  } finally {
    await rm(directory, { recursive: true });
  }
}
