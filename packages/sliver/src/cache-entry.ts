/** How entries of a node's cache are named: `<cache>/entries/<digest>.<kind>`. */
import { type ArtifactDigest, isArtifactDigest } from "@nano/protocol/brands";

export const ENTRIES_DIRECTORY = "entries";

/** What an entry holds; also the suffix of its file. */
export type CacheKind = "sliver" | "assets";

export function entryName(kind: CacheKind, digest: ArtifactDigest): string {
  return `${digest}.${kind}`;
}

/** Null: the file is not one of ours. */
export function parseEntryName(name: string): { readonly digest: ArtifactDigest; readonly kind: CacheKind } | null {
  const [digest = "", kind, more] = name.split(".");
  if (!isArtifactDigest(digest) || (kind !== "sliver" && kind !== "assets") || more !== undefined) return null;
  return { digest, kind };
}
