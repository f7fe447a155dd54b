/**
 * What a builder does with the queue, job by job. `BuildQueue.takeJobs` is a loop over this; the embedded queue
 * implements it in the registry's process, and its client over the socket.
 */
import type { VersionId } from "@nano/protocol/brands";
import type { BuildEvent, BuildJob } from "@nano/protocol/records";
import type { BuildOutcome } from "./build-queue.ts";

/** Proof that a job is this builder's. */
export interface JobClaim {
  readonly version: VersionId;
  readonly token: string;
}

export interface TakenJob {
  readonly job: BuildJob;
  readonly token: string;
  /** The claim ends unless it is reported on, if only with no events, this often. */
  readonly renewEveryMs: number;
}

/** An event of a build with its place among all events: a follower that reconnects goes on after it. */
export interface NumberedBuildEvent {
  readonly seq: number;
  readonly event: BuildEvent;
}

/** What a builder asks of a queue. */
export interface JobTaker {
  /**
   * The next job; null where there was none for a while, or `signal` aborted.
   * @param holder `ownIdentity` of the process that takes it, null: unknown. @default this one, where the queue can use it
   */
  takeJob(signal: AbortSignal, holder?: string | null): Promise<TakenJob | null>;
  /** Records events and renews the claim. @throws STORE_JOB_LOST */
  reportJob(claim: JobClaim, events: readonly BuildEvent[]): Promise<void>;
  /** Records the outcome and ends the claim. @throws STORE_JOB_LOST */
  finishJob(claim: JobClaim, outcome: BuildOutcome): Promise<void>;
  /** Gives the job back for another builder, as if it had not been taken. @throws STORE_JOB_LOST */
  releaseJob(claim: JobClaim): Promise<void>;
}

export interface JobLedger extends JobTaker {
  /** As `BuildQueue.followBuild`, beginning after an event; ends without one where the build is not known. */
  followEvents(
    from: { readonly version: VersionId; readonly afterSeq: number },
    signal: AbortSignal,
  ): AsyncIterable<NumberedBuildEvent>;
}
