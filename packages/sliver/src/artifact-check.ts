/** What every store refuses, in whatever it keeps artifacts. */
import { type ArtifactDigest, isArtifactDigest } from "@nano/protocol/brands";
import { errors } from "./errors.ts";
import { digestOf, MAX_ARTIFACT_BYTES } from "./sliver-store.ts";

/** A digest from a record is data: it must not become a path or a key of its own making. @throws SLIVER_MALFORMED */
export function refuseMalformed(digest: ArtifactDigest): void {
  if (isArtifactDigest(digest)) return;
  throw errors.MALFORMED({ part: "digest", found: JSON.stringify(digest), expected: "64 hex digits" });
}

/** @throws SLIVER_TOO_LARGE */
export function refuseTooLarge(digest: string, foundBytes: number): void {
  if (foundBytes <= MAX_ARTIFACT_BYTES) return;
  throw errors.TOO_LARGE({ part: `artifact ${digest}`, foundBytes, limitBytes: MAX_ARTIFACT_BYTES });
}

/** @throws SLIVER_DIGEST_MISMATCH */
export function refuseWrongDigest(digest: ArtifactDigest, bytes: Uint8Array): void {
  const found = digestOf(bytes);
  if (found !== digest) throw errors.DIGEST_MISMATCH({ part: "artifact", found, expected: digest });
}
