/**
 * Which engines a version has slivers for, and which it should have.
 *
 * I1 Only a version that is built from a bundle can be rebuilt; what serves stays in its record meanwhile.
 * I2 With no executor announced there is nothing to compare with: what is built is built.
 * I3 An executor says of a sliver that it is bad only while it has it: what it says of one that was replaced counts for nothing.
 */
import type { ArtifactDigest, EngineFingerprint, VersionId } from "@nano/protocol/brands";
import type { BuildRecord, StoreRecord, VersionRecord } from "@nano/protocol/records";

/** Slivers kept of one version, each of another engine. */
export const MAX_ENGINES_PER_VERSION = 8;

/** The engines of executors that take work. */
export function announcedEngines(records: Iterable<StoreRecord>): ReadonlySet<EngineFingerprint> {
  const engines = new Set<EngineFingerprint>();
  for (const record of records) if (record.kind === "node" && !record.draining) engines.add(record.engine);
  return engines;
}

/** Announced engines that a version could have a sliver for, and has not. */
export function missingEngines(
  version: VersionRecord,
  build: BuildRecord,
  announced: ReadonlySet<EngineFingerprint>,
): EngineFingerprint[] {
  if (version.bundle === null || build.state !== "built") return [];
  return [...announced].filter((engine) => build.slivers[engine] === undefined);
}

/** What executors that take work could not restore: digests by version, for each engine. */
export type BadSliverIndex = ReadonlyMap<EngineFingerprint, ReadonlyMap<VersionId, ReadonlySet<ArtifactDigest>>>;

/** Of the executors that take work. */
export function announcedBadSlivers(records: Iterable<StoreRecord>): BadSliverIndex {
  const index = new Map<EngineFingerprint, Map<VersionId, Set<ArtifactDigest>>>();
  for (const record of records) {
    if (record.kind !== "node" || record.draining) continue;
    for (const [version, digest] of Object.entries(record.badSlivers ?? {}) as [VersionId, ArtifactDigest][]) {
      const ofEngine = index.get(record.engine) ?? new Map<VersionId, Set<ArtifactDigest>>();
      index.set(record.engine, ofEngine);
      ofEngine.set(version, (ofEngine.get(version) ?? new Set()).add(digest));
    }
  }
  return index;
}

/** Announced engines whose executors could not restore the sliver that the version has for them. */
export function badEngines(version: VersionRecord, build: BuildRecord, bad: BadSliverIndex): EngineFingerprint[] {
  if (version.bundle === null || build.state !== "built") return [];
  return [...bad.keys()].filter((engine) => {
    const sliver = build.slivers[engine];
    return sliver !== undefined && bad.get(engine)?.get(version.id)?.has(sliver) === true;
  });
}

/** A version's slivers and one more; those of announced engines outlast the others. */
export function addSliver(
  slivers: BuildRecord["slivers"],
  added: { readonly fingerprint: EngineFingerprint; readonly sliver: ArtifactDigest },
  announced: ReadonlySet<EngineFingerprint>,
): BuildRecord["slivers"] {
  const all = new Map(Object.entries({ ...slivers, [added.fingerprint]: added.sliver }) as SliverEntry[]);
  const rank = (engine: EngineFingerprint): number => {
    if (announced.has(engine)) return 0;
    return engine === added.fingerprint ? 1 : 2;
  };
  const kept = [...all].sort(([a], [b]) => rank(a) - rank(b)).slice(0, MAX_ENGINES_PER_VERSION);
  return Object.fromEntries(kept);
}

type SliverEntry = [EngineFingerprint, ArtifactDigest];
