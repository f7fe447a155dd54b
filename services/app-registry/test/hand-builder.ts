import type { JobClaim, JobTaker } from "@nano/control-store/job-ledger";
import type { ArtifactDigest, EngineFingerprint, VersionId } from "@nano/protocol/brands";
import type { SliverStore } from "@nano/sliver/sliver-store";
import { digestOf } from "./open-test-registry.ts";

export const ENGINE = "e".repeat(32) as EngineFingerprint;

/** What the builder says that it made. */
export function sliverOf(version: VersionId, engine = ENGINE): ArtifactDigest {
  return digestOf(contentOf(version, engine));
}

function contentOf(version: VersionId, engine: EngineFingerprint): string {
  return `sliver of ${version} for ${engine}`;
}

export interface HandBuilderParts {
  readonly queue: JobTaker;
  /** Shared with the registry. */
  readonly artifacts: Pick<SliverStore, "put">;
}

/** A builder whose builds end when a test says so, in the order that it likes. */
export class HandBuilder {
  readonly #queue: JobTaker;
  readonly #artifacts: HandBuilderParts["artifacts"];
  readonly #claims = new Map<VersionId, JobClaim>();

  constructor({ queue, artifacts }: HandBuilderParts) {
    this.#queue = queue;
    this.#artifacts = artifacts;
  }

  async takeUntil(version: VersionId): Promise<void> {
    while (!this.#claims.has(version)) {
      if ((await this.takeNext()) === null) throw new Error(`no job for ${version}`);
    }
  }

  /** Takes the next job, whichever it is. Null: none came in that time. */
  async takeNext(waitMs = 10_000): Promise<VersionId | null> {
    const signal = AbortSignal.timeout(waitMs);
    let taken: Awaited<ReturnType<JobTaker["takeJob"]>> = null;
    // Some queues answer that there was none sooner than they are asked to wait.
    while (taken === null && !signal.aborted) {
      taken = await this.#queue.takeJob(signal).catch((error: unknown) => {
        if (signal.aborted) return null;
        throw error;
      });
    }
    if (taken !== null) this.#claims.set(taken.job.version, { version: taken.job.version, token: taken.token });
    return taken?.job.version ?? null;
  }

  async report(version: VersionId, step: string): Promise<void> {
    await this.takeUntil(version);
    await this.#queue.reportJob(this.#claimOf(version), [{ type: "progress", step, elapsedMs: 1 }]);
  }

  /** Publishes a sliver of this content, and says so. */
  async finish(version: VersionId, engine = ENGINE, content = contentOf(version, engine)): Promise<void> {
    await this.takeUntil(version);
    const sliver = digestOf(content);
    await this.#artifacts.put(sliver, Buffer.from(content));
    await this.#queue.finishJob(this.#claimOf(version), {
      type: "built",
      fingerprint: engine,
      sliver,
      rung: "heap",
      elapsedMs: 5,
    });
    this.#claims.delete(version);
  }

  async fail(version: VersionId): Promise<void> {
    await this.takeUntil(version);
    const error = {
      code: "BUILD_INIT_THREW",
      message: "Init threw",
      fault: "tenant",
      retryable: false,
      httpStatus: 422,
      reason: "build_failed",
      details: { file: "index.ts", line: 3 },
    } as const;
    await this.#queue.finishJob(this.#claimOf(version), { type: "failed", error });
    this.#claims.delete(version);
  }

  #claimOf(version: VersionId): JobClaim {
    const claim = this.#claims.get(version);
    if (claim === undefined) throw new Error(`${version} was not taken`);
    return claim;
  }
}
