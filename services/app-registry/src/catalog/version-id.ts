/** The name of a version: the digest of what was deployed, so that the same content is the same version. */
import { hash } from "node:crypto";
import type { AppName, VersionId } from "@nano/protocol/brands";
import { canonicalJson } from "@nano/protocol/canonical-json";
import type { Manifest } from "@nano/protocol/manifest";
import type { DeployRequest } from "@nano/protocol/registry-api";

const ID_DIGITS = 16;

export function versionIdOf(app: AppName, manifest: Manifest, request: DeployRequest): VersionId {
  const { bundle, assets, sliver, fingerprint } = request;
  const content = canonicalJson({ app, manifest, bundle, assets, ...(sliver === null ? {} : { sliver, fingerprint }) });
  return `v${hash("sha256", content).slice(0, ID_DIGITS)}` as VersionId;
}
