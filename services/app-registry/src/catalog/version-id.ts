/** The name of a version: the digest of what was deployed, so that the same content is the same version.
 *
 * The app's identity is part of it: what nodes hold of a version (isolates with their state, counts) is never that of an app that was deleted and had
 * this name. An app without one was made by an earlier build, and its versions are named as that build names them.
 */
import { hash } from "node:crypto";
import type { AppIdentity, AppName, VersionId } from "@nano/protocol/brands";
import { canonicalJson } from "@nano/protocol/canonical-json";
import type { Manifest } from "@nano/protocol/manifest";
import type { DeployRequest } from "@nano/protocol/registry-api";

const ID_DIGITS = 16;

export interface VersionedApp {
  readonly name: AppName;
  readonly identity?: AppIdentity;
}

export function versionIdOf({ name, identity }: VersionedApp, manifest: Manifest, request: DeployRequest): VersionId {
  const { bundle, assets, sliver, fingerprint } = request;
  const content = canonicalJson({
    app: name,
    ...(identity !== undefined && { identity }),
    manifest,
    bundle,
    assets,
    ...(sliver === null ? {} : { sliver, fingerprint }),
  });
  return `v${hash("sha256", content).slice(0, ID_DIGITS)}` as VersionId;
}
