/**
 * Which version an app serves, when several deploys of it are under way.
 *
 * I1 Asks are numbered in the order in which they came. A version becomes active only by an ask with a higher number
 *    than the one that made the active version active: builds may end in any order, the app never goes back.
 * I2 An ask whose build fails is forgotten: what served before serves on.
 */
import type { VersionId } from "@nano/protocol/brands";
import type { AppActivation, AppRecord } from "@nano/protocol/records";

const NONE: AppActivation = { activeOrder: 0, lastOrder: 0, pending: [] };

/** The app after someone asked it to serve a version, at once where that is built. */
export function askActivation(app: AppRecord, version: VersionId, isBuilt: boolean): AppRecord {
  const now = app.activation ?? NONE;
  const order = now.lastOrder + 1;
  if (isBuilt) {
    return { ...app, activeVersion: version, activation: { activeOrder: order, lastOrder: order, pending: [] } };
  }
  const others = now.pending.filter((ask) => ask.version !== version);
  return { ...app, activation: { ...now, lastOrder: order, pending: [...others, { version, order }] } };
}

/** The app after the build of a version ended. */
export function settleActivation(app: AppRecord, version: VersionId, isBuilt: boolean): AppRecord {
  const now = app.activation ?? NONE;
  const ask = now.pending.find((pending) => pending.version === version);
  if (ask === undefined) return app;
  if (!isBuilt) {
    return { ...app, activation: { ...now, pending: now.pending.filter((pending) => pending !== ask) } };
  }
  const pending = now.pending.filter((other) => other.order > ask.order);
  if (ask.order <= now.activeOrder) return { ...app, activation: { ...now, pending } };
  return { ...app, activeVersion: version, activation: { ...now, activeOrder: ask.order, pending } };
}
