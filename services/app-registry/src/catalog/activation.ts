/**
 * Which version an app serves, when several deploys of it are under way.
 *
 * I1 `pending` holds the asks that came after the one by which the active version became active, in their order: a
 *    build that ends makes its version active and ends the asks before it. Builds may end in any order, the app never
 *    goes back.
 * I2 An ask whose build fails is forgotten: what served before serves on.
 */
import type { VersionId } from "@nano/protocol/brands";
import type { AppRecord } from "@nano/protocol/records";

export function pendingOf(app: AppRecord): readonly VersionId[] {
  return app.pending ?? [];
}

/** The app after someone asked it to serve a version, at once where that is built. */
export function askActivation(app: AppRecord, version: VersionId, isBuilt: boolean): AppRecord {
  if (isBuilt) return { ...app, activeVersion: version, pending: [] };
  return { ...app, pending: [...pendingOf(app).filter((other) => other !== version), version] };
}

/** The app after the build of a version ended. */
export function settleActivation(app: AppRecord, version: VersionId, isBuilt: boolean): AppRecord {
  const pending = pendingOf(app);
  const place = pending.indexOf(version);
  if (place === -1) return app;
  if (!isBuilt) return { ...app, pending: pending.filter((other) => other !== version) };
  return { ...app, activeVersion: version, pending: pending.slice(place + 1) };
}
