/** The keys of `S3Store`: an artifact's own, those of its marks and those of claims on it, found together by its digest. */
import { randomBytes } from "node:crypto";
import { type ArtifactDigest, isArtifactDigest } from "@nano/protocol/brands";
import type { BucketEntry } from "./object-bucket.ts";

/** A digest with all that is kept under it. */
export interface ArtifactFamily {
  readonly digest: ArtifactDigest;
  readonly artifact: BucketEntry | null;
  /** The oldest first. */
  readonly marks: readonly Mark[];
  readonly claims: readonly BucketEntry[];
}

export interface Mark extends BucketEntry {
  readonly usedMs: number;
}

/** Beyond so many of one digest the oldest marks, and the latest claims, are left out: who comes later sees them. */
const MAX_KIN_COUNT = 1000;
const DIGEST_LENGTH = 64;
/** Keys of marks are in the order of their times. */
const MS_DIGITS = 15;
const ID_BYTES = 6;
const KIN = /^\.(?:used-(\d{15})|ending)-[0-9a-f]{12}$/;

export function markKey(artifactKey: string, usedMs: number): string {
  return `${artifactKey}.used-${String(usedMs).padStart(MS_DIGITS, "0")}-${createId()}`;
}

export function claimKey(artifactKey: string): string {
  return `${artifactKey}.ending-${createId()}`;
}

/** When an artifact was put or touched last. One that has no mark yet is as old as its object. */
export function lastUseMs(artifact: BucketEntry, marks: readonly Mark[]): number {
  return marks.at(-1)?.usedMs ?? artifact.modifiedMs;
}

interface OpenFamily extends ArtifactFamily {
  artifact: BucketEntry | null;
  readonly marks: Mark[];
  readonly claims: BucketEntry[];
}

/** A sorted list of keys, digest by digest. What others keep under the prefix is left out. */
export async function* groupFamilies(
  entries: AsyncIterable<BucketEntry>,
  prefix: string,
): AsyncIterable<ArtifactFamily> {
  let family = null as OpenFamily | null;
  for await (const entry of entries) {
    const digest = entry.key.slice(prefix.length, prefix.length + DIGEST_LENGTH);
    const kin = entry.key.slice(prefix.length + DIGEST_LENGTH);
    const parsed = KIN.exec(kin);
    if (!isArtifactDigest(digest) || (kin !== "" && parsed === null)) continue;
    if (family?.digest !== digest) {
      if (family !== null) yield family;
      family = { digest, artifact: null, marks: [], claims: [] };
    }
    if (parsed === null) family.artifact = entry;
    else if (parsed[1] === undefined) family.claims.push(entry);
    else family.marks.push({ ...entry, usedMs: Number(parsed[1]) });
    if (family.marks.length > MAX_KIN_COUNT) family.marks.shift();
    if (family.claims.length > MAX_KIN_COUNT) family.claims.pop();
  }
  if (family !== null) yield family;
}

function createId(): string {
  return randomBytes(ID_BYTES).toString("hex");
}
