/** The build queue as the registry serves it over its Unix socket. */
import { setTimeout as delay } from "node:timers/promises";
import type { VersionId } from "@nano/protocol/brands";
import { parseBuildEvent, parseBuildJob } from "@nano/protocol/record-schema";
import type { BuildEvent, BuildJob } from "@nano/protocol/records";
import { createBackoff } from "./backoff.ts";
import type { BuildOutcome, BuildQueue } from "./build-queue.ts";
import { errors, hasCode } from "./errors.ts";
import type { JobClaim, JobLedger, NumberedBuildEvent, TakenJob } from "./job-ledger.ts";
import { ownIdentity } from "./process-identity.ts";
import { type RunJob, runJobs } from "./run-jobs.ts";
import { SocketHttp } from "./socket-http.ts";
import { storePaths } from "./store-paths.ts";

export class EmbeddedBuildQueue implements BuildQueue, JobLedger {
  readonly #http: SocketHttp;
  readonly #closed = new AbortController();

  constructor(socketPath: string) {
    this.#http = new SocketHttp(socketPath);
  }

  async enqueue(job: BuildJob): Promise<void> {
    await this.#http.request({ method: "POST", path: storePaths.jobs, body: { job } });
  }

  takeJobs(run: RunJob, signal: AbortSignal): Promise<void> {
    return runJobs(this, run, AbortSignal.any([signal, this.#closed.signal]));
  }

  async *followBuild(version: VersionId, signal: AbortSignal): AsyncIterable<BuildEvent> {
    for await (const { event } of this.followEvents({ version, afterSeq: 0 }, signal)) yield event;
  }

  async *followEvents(
    from: { readonly version: VersionId; readonly afterSeq: number },
    signal: AbortSignal,
  ): AsyncIterable<NumberedBuildEvent> {
    const ended = AbortSignal.any([signal, this.#closed.signal]);
    const backoff = createBackoff();
    let afterSeq = from.afterSeq;
    while (!ended.aborted) {
      try {
        const path = storePaths.buildAfter(from.version, afterSeq);
        for await (const line of this.#http.stream({ method: "GET", path, signal: ended })) {
          backoff.reset();
          const { seq, event } = line as NumberedBuildEvent;
          afterSeq = seq;
          yield { seq, event: parseBuildEvent(event) };
        }
        return;
      } catch (error) {
        if (ended.aborted) return;
        if (!hasCode(error, errors.LOST)) throw error;
      }
      await delay(backoff.nextMs(), undefined, { signal: ended }).catch(() => undefined);
    }
  }

  async takeJob(signal: AbortSignal, holder: string | null = ownIdentity()): Promise<TakenJob | null> {
    const request = { method: "POST", path: storePaths.takeJob, body: { holder }, signal } as const;
    const answer = (await this.#http.request(request)) as TakenJob | null;
    return answer === null ? null : { ...answer, job: parseBuildJob(answer.job) };
  }

  async reportJob(claim: JobClaim, events: readonly BuildEvent[]): Promise<void> {
    await this.#http.request({ method: "POST", path: storePaths.reportJob, body: { claim, events } });
  }

  async finishJob(claim: JobClaim, outcome: BuildOutcome): Promise<void> {
    await this.#http.request({ method: "POST", path: storePaths.finishJob, body: { claim, outcome } });
  }

  async releaseJob(claim: JobClaim): Promise<void> {
    await this.#http.request({ method: "POST", path: storePaths.releaseJob, body: { claim } });
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#http.close();
  }
}
