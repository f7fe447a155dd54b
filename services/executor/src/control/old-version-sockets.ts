/**
 * Connections stay on the version that they began with. Those of one that no new connection is for are closed when that was so for too long:
 * its isolates, files and secrets would stay for as long as a client likes.
 */
import type { VersionId } from "@nano/protocol/brands";
import type { WorkerProcess } from "./worker-process.ts";

export interface OldVersionSocketsOptions {
  readonly maxAgeMs: number;
  readonly spreadMs: number;
  /** Versions that a worker has although no new connection is for them. */
  oldVersionsOf(worker: WorkerProcess): Iterable<VersionId>;
  /** In ms. @default a clock that is never set */
  now?(): number;
}

export class OldVersionSockets {
  readonly #options: OldVersionSocketsOptions;
  /** Since when each version is old, or when its connections were told to close. */
  readonly #sinceMs = new WeakMap<WorkerProcess, ReadonlyMap<VersionId, number>>();

  constructor(options: OldVersionSocketsOptions) {
    this.#options = options;
  }

  /** To be called again and again: what is due is sent. */
  check(worker: WorkerProcess): void {
    const { maxAgeMs, spreadMs, oldVersionsOf, now = () => performance.now() } = this.#options;
    const nowMs = now();
    const before = this.#sinceMs.get(worker);
    const sinceMs = new Map<VersionId, number>();
    for (const versionId of oldVersionsOf(worker)) {
      const oldSinceMs = before?.get(versionId) ?? nowMs;
      const isDue = nowMs - oldSinceMs >= maxAgeMs;
      if (isDue) worker.send({ type: "close_sockets", spreadMs, reason: "old_version", versionId });
      // One whose connections do not all end is told again.
      sinceMs.set(versionId, isDue ? nowMs + spreadMs : oldSinceMs);
    }
    this.#sinceMs.set(worker, sinceMs);
  }
}
