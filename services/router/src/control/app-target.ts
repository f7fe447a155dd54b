/** Records of an app → what the router needs of it. Pure. */
import { type RequestHeadLimits, requestHeadLimitsOf } from "@nano/protocol/app-limits";
import type { AppName, VersionId } from "@nano/protocol/brands";
import { websocketLimitsOf } from "@nano/protocol/manifest";
import type { StoreRecord } from "@nano/protocol/records";
import { resolveShare } from "../request/rollout-share.ts";
import type { AppTarget, CellRouting } from "../request/routing-state.ts";

const NO_HEAD: RequestHeadLimits = { requestHeaderCount: 0, requestHeaderBytes: 0, urlBytes: 0 };

type Records = ReadonlyMap<string, StoreRecord>;

export function resolveTarget(records: Records, app: AppName, cell: CellRouting): AppTarget {
  const record = records.get(`app/${app}`);
  if (record?.kind !== "app") return targetOf(records, app, cell, null);
  const target = targetOf(records, app, cell, record.activeVersion);
  const { rollout } = record;
  if (rollout === undefined || rollout.halted !== undefined || target.versionId === null) return target;
  const next = targetOf(records, app, cell, rollout.version);
  if (next.versionId === null || next.versionId === target.versionId) return target;
  return { ...target, rollout: { target: next, share: resolveShare(rollout) } };
}

function targetOf(records: Records, app: AppName, cell: CellRouting, versionId: VersionId | null): AppTarget {
  const version = versionId === null ? undefined : records.get(`version/${versionId}`);
  if (version?.kind !== "version") {
    return {
      app,
      cell,
      versionId: null,
      head: NO_HEAD,
      requestBodyBytes: 0,
      workerCount: 0,
      websocket: websocketLimitsOf({}),
      rollout: null,
    };
  }
  const { requestBodyBytes, workerCount } = version.manifest.limits;
  const head = requestHeadLimitsOf(version.manifest.limits);
  const websocket = websocketLimitsOf(version.manifest);
  return { app, cell, versionId: version.id, head, requestBodyBytes, workerCount, websocket, rollout: null };
}

/** Versions that clients are given. */
export function versionsOf({ versionId, rollout }: AppTarget): readonly VersionId[] {
  const versions = versionId === null ? [] : [versionId];
  if (rollout !== null && rollout.target.versionId !== null) versions.push(rollout.target.versionId);
  return versions;
}
