/**
 * What apps took of a worker's thread, for its supervisor. Only long entries count as use: turns share the rest out, and nobody waits for it.
 *
 * I1 An entry costs a comparison and a store.
 */
import type { AppName, VersionId } from "@nano/protocol/brands";
import type { ThreadUseReport } from "../worker-messages.ts";

/** Of CPU: what waits behind a shorter one does not notice. */
export const LONG_ENTRY_MS = 10;
/** Apps are told of that used at least so much of the time: there are never many of them. */
const MIN_BUSY_RATIO = 0.02;

/** Of one version. */
export interface VersionUse {
  readonly app: AppName;
  hasEntered: boolean;
  busyMs: number;
}

export class ThreadUse {
  readonly #versions = new Map<VersionId, VersionUse>();
  #sinceMs = performance.now();

  /** Begins to count for a version; to be told of each of its entries by `noteEntry`. */
  open(versionId: VersionId, app: AppName): VersionUse {
    const use: VersionUse = { app, hasEntered: false, busyMs: 0 };
    this.#versions.set(versionId, use);
    return use;
  }

  close(versionId: VersionId): void {
    this.#versions.delete(versionId);
  }

  /** Since the call before. */
  take(): ThreadUseReport {
    const nowMs = performance.now();
    const elapsedMs = nowMs - this.#sinceMs;
    this.#sinceMs = nowMs;
    const busyMsByApp: Record<AppName, number> = {};
    const active = new Set<AppName>();
    for (const use of this.#versions.values()) {
      if (!use.hasEntered) continue;
      active.add(use.app);
      if (use.busyMs > 0) busyMsByApp[use.app] = (busyMsByApp[use.app] ?? 0) + use.busyMs;
      use.hasEntered = false;
      use.busyMs = 0;
    }
    for (const app of Object.keys(busyMsByApp) as AppName[]) {
      if ((busyMsByApp[app] ?? 0) < elapsedMs * MIN_BUSY_RATIO) delete busyMsByApp[app];
    }
    return { elapsedMs, busyMsByApp, activeAppCount: active.size };
  }
}

export function noteEntry(use: VersionUse, cpuMs: number): void {
  use.hasEntered = true;
  if (cpuMs >= LONG_ENTRY_MS) use.busyMs += cpuMs;
}
