/** Records of the control store → the route table. Pure. */
import type { AppName } from "@nano/protocol/brands";
import type { StoreRecord } from "@nano/protocol/records";
import { canonicalHost, canonicalPath } from "../request/canonical-target.ts";
import { type Route, RouteTable } from "../request/route-table.ts";
import type { AppTarget } from "../request/routing-state.ts";

const WILDCARD = "*.";

export interface BuiltRoutes {
  readonly routes: RouteTable<AppTarget>;
  /** Routes whose host or path nobody can ask for. */
  readonly skippedCount: number;
}

export function buildRoutes(records: ReadonlyMap<string, StoreRecord>): BuiltRoutes {
  const targets = new Map<AppName, AppTarget>();
  const routes: Route<AppTarget>[] = [];
  let skippedCount = 0;
  for (const record of records.values()) {
    if (record.kind !== "route") continue;
    const isWildcard = record.host.startsWith(WILDCARD);
    const host = canonicalHost(isWildcard ? record.host.slice(WILDCARD.length) : record.host);
    const path = canonicalPath(record.path);
    if (host === null || path === null) {
      skippedCount += 1;
      continue;
    }
    let target = targets.get(record.app);
    if (target === undefined) {
      target = resolveTarget(records, record.app);
      targets.set(record.app, target);
    }
    routes.push({ host: isWildcard ? WILDCARD + host : host, path, target });
  }
  return { routes: new RouteTable(routes), skippedCount };
}

function resolveTarget(records: ReadonlyMap<string, StoreRecord>, app: AppName): AppTarget {
  const appRecord = records.get(`app/${app}`);
  const versionId = appRecord?.kind === "app" ? appRecord.activeVersion : null;
  const version = versionId === null ? undefined : records.get(`version/${versionId}`);
  if (version?.kind !== "version") return { app, versionId: null, requestBodyBytes: 0, workerCount: 0 };
  const { requestBodyBytes, workerCount } = version.manifest.limits;
  return { app, versionId: version.id, requestBodyBytes, workerCount };
}
