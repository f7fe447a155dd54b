/** Which versions requests can be for, by the records. */
import type { AppName, VersionId } from "@nano/protocol/brands";
import type { Rollout, StoreRecord } from "@nano/protocol/records";

/** Versions in a rollout that goes on, whatever its share, each with when it began. */
export type RunningRollouts = ReadonlyMap<VersionId, Rollout["startedAt"]>;

export interface WantedVersions {
  readonly wanted: ReadonlyMap<VersionId, AppName>;
  readonly rollouts: RunningRollouts;
}

/** Active versions and those in a rollout. */
export function wantedVersions(records: ReadonlyMap<string, StoreRecord>): WantedVersions {
  const wanted = new Map<VersionId, AppName>();
  const rollouts = new Map<VersionId, Rollout["startedAt"]>();
  for (const record of records.values()) {
    if (record.kind !== "app") continue;
    const { name, activeVersion, rollout } = record;
    if (activeVersion !== null) wanted.set(activeVersion, name);
    if (rollout === undefined || rollout.halted !== undefined) continue;
    wanted.set(rollout.version, name);
    rollouts.set(rollout.version, rollout.startedAt);
  }
  return { wanted, rollouts };
}
