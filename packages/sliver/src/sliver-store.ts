/**
 * Port of the artifact store: bundles, asset packs and slivers, each under the SHA-256 of its bytes.
 *
 * I1 What `get` answers has the digest that was asked for, whatever happened to the medium.
 * I2 `put` is atomic and idempotent: a reader sees the whole artifact or none.
 * I3 A `put` or `touch` that answered keeps the artifact from every `deleteOlder` up to its time, also from one that runs at that moment.
 */
import { hash } from "node:crypto";
import type { ArtifactDigest } from "@nano/protocol/brands";

export interface StoredArtifact {
  readonly digest: ArtifactDigest;
  readonly storedBytes: number;
  /** When it was put or touched last. */
  readonly modifiedMs: number;
}

export interface SliverStore {
  /** One that is there already is touched. @throws SLIVER_DIGEST_MISMATCH where `bytes` are not what `digest` says; SLIVER_TOO_LARGE */
  put(digest: ArtifactDigest, bytes: Uint8Array): Promise<void>;
  /** Null: not in the store. @throws SLIVER_DIGEST_MISMATCH where the stored bytes are damaged; SLIVER_TOO_LARGE */
  get(digest: ArtifactDigest): Promise<Buffer | null>;
  has(digest: ArtifactDigest): Promise<boolean>;
  /** Makes an artifact as young as if it had just been put: its user is about to be recorded. False: not in the store. */
  touch(digest: ArtifactDigest): Promise<boolean>;
  /** Idempotent. */
  delete(digest: ArtifactDigest): Promise<void>;
  /** Deletes what was put or touched last before `beforeMs`. False: it is younger, or was not there. */
  deleteOlder(digest: ArtifactDigest, beforeMs: number): Promise<boolean>;
  /** In no order, a few at a time. What is put or deleted meanwhile may be among them or not. */
  list(): AsyncIterable<StoredArtifact>;
  /** Removes what writers that died left behind, artifacts never. Answers how many. */
  sweepTemporaries(nowMs: number): Promise<number>;
}

/** Largest artifact of any kind. */
export const MAX_ARTIFACT_BYTES = 512 * 1024 * 1024;

export function digestOf(bytes: Uint8Array): ArtifactDigest {
  return hash("sha256", bytes) as ArtifactDigest;
}
