/** Records of the store as the API shows them. */
import type { StoreState } from "@nano/control-store/follow-store";
import type { AppName, VersionId } from "@nano/protocol/brands";
import type { AppRecord, BuildRecord, VersionRecord } from "@nano/protocol/records";
import type { AppAnswer, FeedAnswer, Route, VersionAnswer } from "@nano/protocol/registry-api";
import { pendingOf } from "../catalog/activation.ts";
import { rollbackTarget } from "../catalog/rollouts.ts";
import { errors } from "../errors.ts";

function appOf(state: StoreState, name: AppName): AppRecord {
  const app = state.records.get(`app/${name}`);
  if (app?.kind !== "app") throw errors.NOT_FOUND({ what: `app ${name}` });
  return app;
}

function answerVersion(app: AppRecord, version: VersionRecord, build: BuildRecord): VersionAnswer {
  return {
    app: version.app,
    version: version.id,
    state: build.state,
    error: build.error,
    isActive: app.activeVersion === version.id,
    isPending: pendingOf(app).includes(version.id),
    createdAt: version.createdAt,
    manifest: version.manifest as unknown as VersionAnswer["manifest"],
    bundle: version.bundle,
    assets: version.assets,
    slivers: build.slivers,
  };
}

/** @throws REGISTRY_NOT_FOUND */
export function showVersion(state: StoreState, name: AppName, id: VersionId): VersionAnswer {
  const app = appOf(state, name);
  const version = state.records.get(`version/${id}`);
  const build = state.records.get(`build/${id}`);
  if (version?.kind !== "version" || version.app !== name || build?.kind !== "build") {
    throw errors.NOT_FOUND({ what: `version ${id} of app ${name}` });
  }
  return answerVersion(app, version, build);
}

/** Newest first. @throws REGISTRY_NOT_FOUND */
export function showVersions(state: StoreState, name: AppName): VersionAnswer[] {
  const app = appOf(state, name);
  const versions: VersionAnswer[] = [];
  for (const record of state.records.values()) {
    if (record.kind !== "version" || record.app !== name) continue;
    const build = state.records.get(`build/${record.id}`);
    if (build?.kind === "build") versions.push(answerVersion(app, record, build));
  }
  return versions.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
}

export function countVersions(state: StoreState, app: AppName): number {
  let count = 0;
  for (const record of state.records.values()) if (record.kind === "version" && record.app === app) count += 1;
  return count;
}

export function showApp(state: StoreState, app: AppRecord, versionCount: number): AppAnswer {
  const { name, activeVersion } = app;
  const hasSecrets = state.records.has(`secrets/${name}`);
  const { rollout = null } = app;
  return {
    name,
    activeVersion,
    previousVersion: rollbackTarget(app, (id) => buildStateOf(state, id)),
    rollout: rollout as AppAnswer["rollout"],
    pendingVersions: [...pendingOf(app)],
    versionCount,
    hasSecrets,
  };
}

function buildStateOf(state: StoreState, id: VersionId): BuildRecord["state"] | undefined {
  const build = state.records.get(`build/${id}`);
  return build?.kind === "build" ? build.state : undefined;
}

/** By name; those that may be shown. */
export function showApps(state: StoreState, mayShow: (app: AppName) => boolean = () => true): AppAnswer[] {
  const apps: AppRecord[] = [];
  const versionCounts = new Map<AppName, number>();
  for (const record of state.records.values()) {
    if (record.kind === "app" && mayShow(record.name)) apps.push(record);
    if (record.kind === "version") versionCounts.set(record.app, (versionCounts.get(record.app) ?? 0) + 1);
  }
  apps.sort((a, b) => (a.name < b.name ? -1 : 1));
  return apps.map((app) => showApp(state, app, versionCounts.get(app.name) ?? 0));
}

/** Holds every change that was answered: see the catalog's I2. */
export function showFeed({ epoch, seq }: StoreState): FeedAnswer {
  return { epoch, seq };
}

/** By host and path; those that may be shown. */
export function showRoutes(state: StoreState, mayShow: (app: AppName) => boolean = () => true): Route[] {
  const routes: Route[] = [];
  for (const [, record] of [...state.records].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (record.kind === "route" && mayShow(record.app))
      routes.push({ host: record.host, path: record.path, app: record.app });
  }
  return routes;
}
