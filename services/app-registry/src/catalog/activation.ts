/**
 * Which version an app serves, when several deploys of it are under way.
 *
 * I1 `pending` holds the asks that came after the one by which the active version became active, in their order: a
 *    build that ends makes its version active and ends the asks before it. Builds may end in any order, the app never
 *    goes back.
 * I2 An ask whose build fails is forgotten: what served before serves on.
 * I3 A version that becomes active gets all clients: it ends a rollout, and the one before it heads `previous`.
 */
import type { VersionId } from "@nano/protocol/brands";
import { type AppRecord, MAX_PREVIOUS_VERSIONS } from "@nano/protocol/records";

export function pendingOf(app: AppRecord): readonly VersionId[] {
  return app.pending ?? [];
}

export function previousOf(app: AppRecord): readonly VersionId[] {
  return app.previous ?? [];
}

/** Versions that clients may be given. */
export function servedVersions(app: AppRecord): readonly VersionId[] {
  return [app.activeVersion, app.rollout?.version ?? null].filter((version) => version !== null);
}

/** The app after someone asked it to serve a version, at once where that is built. */
export function askActivation(app: AppRecord, version: VersionId, isBuilt: boolean): AppRecord {
  if (isBuilt) return withActive(app, version, []);
  return { ...app, pending: [...pendingOf(app).filter((other) => other !== version), version] };
}

/** The app after the build of a version ended. */
export function settleActivation(app: AppRecord, version: VersionId, isBuilt: boolean): AppRecord {
  const pending = pendingOf(app);
  const place = pending.indexOf(version);
  if (place === -1) return app;
  if (!isBuilt) return { ...app, pending: pending.filter((other) => other !== version) };
  return withActive(app, version, pending.slice(place + 1));
}

/**
 * The app after it went back. What it leaves is not kept in `previous`, nor what lies between: going back once more leads
 * further back, not to what was just found bad.
 */
export function goBack(app: AppRecord, version: VersionId): AppRecord {
  const previous = previousOf(app);
  const place = previous.indexOf(version);
  const older = place === -1 ? previous.filter((other) => other !== app.activeVersion) : previous.slice(place + 1);
  return { ...withoutHistory(app), activeVersion: version, pending: [], ...historyOf(older) };
}

function withActive(app: AppRecord, version: VersionId, pending: readonly VersionId[]): AppRecord {
  const before = app.activeVersion === null ? previousOf(app) : [app.activeVersion, ...previousOf(app)];
  const previous = [...new Set(before)].filter((other) => other !== version).slice(0, MAX_PREVIOUS_VERSIONS);
  return { ...withoutHistory(app), activeVersion: version, pending, ...historyOf(previous) };
}

function withoutHistory({ rollout: _ended, previous: _replaced, ...app }: AppRecord): AppRecord {
  return app;
}

function historyOf(previous: readonly VersionId[]): Pick<AppRecord, "previous"> {
  return previous.length === 0 ? {} : { previous };
}
