/**
 * Which engines a version has slivers for, and which it should have.
 *
 * I1 Only a version that is built from a bundle can be rebuilt; what serves stays in its record meanwhile.
 * I2 With no executor announced there is nothing to compare with: what is built is built.
 */
import type { ArtifactDigest, EngineFingerprint } from "@nano/protocol/brands";
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
