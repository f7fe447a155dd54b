/** Keeps the number of versions of an app bounded. */
import type { VersionId } from "@nano/protocol/brands";
import type { AppRecord, VersionRecord } from "@nano/protocol/records";
import { pendingOf, previousOf, servedVersions } from "./activation.ts";
import type { Transaction } from "./transaction.ts";

export interface PruneOptions {
  readonly keptCount: number;
  /** Stays, however old: the version that this is about. */
  readonly subject: VersionId;
}

/**
 * Deletes the oldest versions beyond `keptCount`; one that serves, is to serve or is being built stays. So do those that a rollback leads
 * to, however old: as many as are kept beside the active one.
 */
export function pruneVersions(tx: Transaction, app: AppRecord, options: PruneOptions): void {
  const needed = new Set([
    ...pendingOf(app),
    ...servedVersions(app),
    ...previousOf(app).slice(0, options.keptCount - 1),
  ]);
  const isNeeded = (version: VersionRecord): boolean => {
    const state = tx.build(version.id)?.state;
    return version.id === options.subject || needed.has(version.id) || state === "queued" || state === "building";
  };
  for (const version of tx.versionsOf(app.name).slice(options.keptCount)) {
    if (!isNeeded(version)) deleteVersion(tx, version);
  }
}

export function deleteVersion(tx: Transaction, version: VersionRecord): void {
  const build = tx.build(version.id);
  if (build !== null) tx.delete(build);
  tx.delete(version);
}
