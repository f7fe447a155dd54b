/** Apps as bundles, and what a build of them needs. */
import { readdirSync, readFileSync } from "node:fs";
import type { AppName, ArtifactDigest, VersionId } from "@nano/protocol/brands";
import { type ManifestInput, resolveManifest } from "@nano/protocol/manifest";
import type { BundleArtifact } from "@nano/protocol/records";
import { createSigningKey } from "@nano/sliver/signing-key";
import { type BuildSliverOptions, type BuildSliverParts, buildSliver } from "../src/build-sliver.ts";

export const signingKey = createSigningKey();
const NO_MAP = JSON.stringify({ version: 3, sources: [], mappings: "" });

/** An app whose top level is `topLevel`, answering with what `handler` says. */
export function appScript(topLevel: string, handler = `return new Response("hello")`): string {
  return `__nano_app__(function () { ${topLevel}\nreturn { default: { fetch(request) { ${handler} } } }; });`;
}

export function partsOf(script: string, input: ManifestInput = {}, sourceMap = NO_MAP): BuildSliverParts {
  const bundle: BundleArtifact = { format: 1, script, sourceMap };
  return {
    app: "test-app" as AppName,
    versionId: "v0123456789abcdef" as VersionId,
    manifest: resolveManifest(input),
    bundle,
    bundleDigest: "ab".repeat(32) as ArtifactDigest,
  };
}

export async function build(parts: BuildSliverParts, options: Partial<BuildSliverOptions> = {}) {
  return await buildSliver(parts, { signingKey, ...options });
}

/** Node processes that this one started and that still are (esbuild keeps one of its own kind). */
export function buildChildIds(): number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "latin1");
      const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (Number(parent) !== process.pid || state === "Z") return [];
      // A shell begins as what becomes Node.
      return readFileSync(`/proc/${name}/cmdline`, "latin1").includes(process.execPath) ? [Number(name)] : [];
    } catch {
      return []; // ended while the directory was read
    }
  });
}
