/**
 * A signature says that a builder made a sliver, not that it was made for what it is about to be used for: an old one,
 * rightly signed, could be replayed for a newer version.
 */
import type { AppName, ArtifactDigest, EngineFingerprint, VersionId } from "@nano/protocol/brands";
import { errors } from "./errors.ts";
import type { SliverManifest } from "./sliver-manifest.ts";

/** What the control store says of the place that a sliver is to take. */
export interface SliverOrigin {
  readonly app: AppName;
  readonly versionId: VersionId;
  /** Of the version's record. */
  readonly bundle?: ArtifactDigest;
  /** Of the engine under which it is recorded, or that is about to be given its snapshot. */
  readonly fingerprint?: EngineFingerprint;
}

const PARTS = ["app", "versionId", "bundle", "fingerprint"] as const satisfies (keyof SliverOrigin)[];

/** Compares what a verified manifest says with what is expected of it. @throws SLIVER_WRONG_ORIGIN, naming the first difference */
export function assertOrigin(manifest: SliverManifest, expected: SliverOrigin): void {
  for (const part of PARTS) {
    const wanted = expected[part];
    if (wanted === undefined || manifest[part] === wanted) continue;
    throw errors.WRONG_ORIGIN({ part, found: manifest[part], expected: wanted });
  }
}
