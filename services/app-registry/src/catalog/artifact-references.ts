/**
 * Which artifacts records refer to, and which a commit lets go of.
 *
 * I1 Whatever looks like a digest in a record is a reference, also in one that a later NANO wrote.
 * I2 A version whose build failed refers to nothing: it cannot be served, and who deploys it again uploads again.
 */
import { type ArtifactDigest, isArtifactDigest, type VersionId } from "@nano/protocol/brands";
import type { BuildRecord, StoreChange, StoreRecord, VersionRecord } from "@nano/protocol/records";
import { servedVersions } from "./activation.ts";

export function referencedArtifacts(records: readonly StoreRecord[]): ReadonlySet<ArtifactDigest> {
  const failed = new Set<VersionId>();
  for (const record of records) if (record.kind === "build" && record.state === "failed") failed.add(record.version);
  const found = new Set<ArtifactDigest>();
  for (const record of records) {
    const hasFailed =
      (record.kind === "version" && failed.has(record.id)) || (record.kind === "build" && failed.has(record.version));
    if (!hasFailed) addDigests(record, found);
  }
  return found;
}

function addDigests(value: unknown, found: Set<ArtifactDigest>): void {
  if (typeof value === "string") {
    if (isArtifactDigest(value)) found.add(value);
  } else if (typeof value === "object" && value !== null) {
    for (const part of Object.values(value)) addDigests(part, found);
  }
}

/** What a commit lets go of. Other records may refer to it all the same. */
export interface ReleasedArtifacts {
  /** Nobody asks for these any more: of versions that did not serve, or never will, for a fault of their own. */
  readonly unused: readonly ArtifactDigest[];
  /** Of what served or was being built until now: executors and builders may be a little behind. */
  readonly lately: readonly ArtifactDigest[];
}

export function releasedArtifacts(
  before: ReadonlyMap<string, StoreRecord>,
  changes: readonly StoreChange[],
): ReleasedArtifacts {
  const unused: ArtifactDigest[] = [];
  const lately: ArtifactDigest[] = [];
  for (const { key, record } of changes) {
    const old = before.get(key);
    if (old?.kind === "version" && record === null) {
      (wasInUse(before, old.id) ? lately : unused).push(...artifactsOf(old));
    } else if (old?.kind === "build" && record === null) {
      (wasInUse(before, old.version) ? lately : unused).push(...sliversOf(old));
    } else if (old?.kind === "build" && record?.kind === "build") {
      const kept = new Set(sliversOf(record));
      lately.push(...sliversOf(old).filter((digest) => !kept.has(digest)));
      const version = before.get(`version/${old.version}`);
      if (version?.kind === "version" && isOwnFault(record)) unused.push(...artifactsOf(version));
    }
  }
  return { unused, lately };
}

/** Tried again without a change it would fail again: a fault of ours may be over by then, and the artifacts stay for a while. */
function isOwnFault({ state, error }: BuildRecord): boolean {
  return state === "failed" && error !== null && error.fault !== "platform";
}

function wasInUse(records: ReadonlyMap<string, StoreRecord>, id: VersionId): boolean {
  const version = records.get(`version/${id}`);
  const app = version?.kind === "version" ? records.get(`app/${version.app}`) : undefined;
  const build = records.get(`build/${id}`);
  const isUnsettled = build?.kind === "build" && (build.state === "queued" || build.state === "building");
  return isUnsettled || (app?.kind === "app" && servedVersions(app).includes(id));
}

function artifactsOf({ bundle, assets }: VersionRecord): ArtifactDigest[] {
  return [bundle, assets].filter((digest) => digest !== null);
}

function sliversOf({ slivers }: BuildRecord): ArtifactDigest[] {
  return Object.values(slivers) as ArtifactDigest[];
}
