/**
 * Port of the build queue.
 *
 * I1 A job is taken by one builder at a time; one whose builder is lost is given to another, at most `MAX_ATTEMPTS` times.
 * I2 Every job ends in exactly one `built` or `failed` event, which the registry turns into the build record.
 */
import type { VersionId } from "@nano/protocol/brands";
import type { BuildEvent, BuildJob } from "@nano/protocol/records";

export type BuildOutcome = Extract<BuildEvent, { type: "built" | "failed" }>;

export function isOutcome(event: BuildEvent): event is BuildOutcome {
  return event.type === "built" || event.type === "failed";
}

export interface BuildQueue {
  /**
   * Idempotent by version: a version that is queued or building is not queued twice; nor is one whose job says `queuedAt` and has
   * ended, as long as that is remembered.
   */
  enqueue(job: BuildJob): Promise<void>;
  /** Takes jobs one by one, for as long as `signal` allows, and runs each. What `run` throws ends as `failed`. */
  takeJobs(
    run: (job: BuildJob, report: (event: BuildEvent) => void) => Promise<BuildOutcome>,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * The events of a version's build from its beginning (the last bounded many) until its outcome. Ends without one
   * where the queue does not know the version.
   */
  followBuild(version: VersionId, signal: AbortSignal): AsyncIterable<BuildEvent>;
  close(): Promise<void>;
}
