/** What nodes' records say of versions in quarantine, as the API shows it. */
import type { StoreState } from "@nano/control-store/follow-store";
import type { VersionId } from "@nano/protocol/brands";
import type { AppRecord } from "@nano/protocol/records";
import type { QuarantinedVersionAnswer } from "@nano/protocol/registry-api";

/** By app, then version. */
export function showQuarantine({ records }: StoreState): QuarantinedVersionAnswer[] {
  const found = new Map<VersionId, QuarantinedVersionAnswer>();
  for (const record of records.values()) {
    if (record.kind !== "node") continue;
    for (const [id, { app, at }] of Object.entries(record.quarantined ?? {})) {
      const version = id as VersionId;
      const before = found.get(version);
      found.set(version, {
        app,
        version,
        isServed: isServed(records.get(`app/${app}`) as AppRecord | undefined, version),
        at: before !== undefined && before.at > at ? before.at : at,
        nodes: [...(before?.nodes ?? []), record.id].sort(),
      });
    }
  }
  return [...found.values()].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

function isServed(app: AppRecord | undefined, version: VersionId): boolean {
  return app?.activeVersion === version || (app?.rollout?.version === version && app.rollout.halted === undefined);
}

function nameOf({ app, version }: QuarantinedVersionAnswer): string {
  return `${app} ${version}`;
}
