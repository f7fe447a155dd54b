/**
 * Port of the artifact store: bundles, asset packs and slivers, each under the SHA-256 of its bytes.
 *
 * I1 What `get` answers has the digest that was asked for, whatever happened to the medium.
 * I2 `put` is atomic and idempotent: a reader sees the whole artifact or none.
 */
import { hash } from "node:crypto";
import type { ArtifactDigest } from "@nano/protocol/brands";

export interface StoredArtifact {
  readonly digest: ArtifactDigest;
  readonly storedBytes: number;
}

export interface SliverStore {
  /** @throws SLIVER_DIGEST_MISMATCH where `bytes` are not what `digest` says; SLIVER_TOO_LARGE */
  put(digest: ArtifactDigest, bytes: Uint8Array): Promise<void>;
  /** Null: not in the store. @throws SLIVER_DIGEST_MISMATCH where the stored bytes are damaged; SLIVER_TOO_LARGE */
  get(digest: ArtifactDigest): Promise<Buffer | null>;
  has(digest: ArtifactDigest): Promise<boolean>;
  /** Idempotent. */
  delete(digest: ArtifactDigest): Promise<void>;
  list(): AsyncIterable<StoredArtifact>;
}

/** Largest artifact of any kind. */
export const MAX_ARTIFACT_BYTES = 512 * 1024 * 1024;

export function digestOf(bytes: Uint8Array): ArtifactDigest {
  return hash("sha256", bytes) as ArtifactDigest;
}
