/** Takes builds from the queue until told to end, and counts and logs how they went. */
import type { BuildQueue } from "@nano/control-store/build-queue";
import type { BuildJob } from "@nano/protocol/records";
import type { Logger } from "@nano/service-kit/logger";
import type { Metrics } from "@nano/service-kit/metrics";
import type { SigningKey } from "@nano/sliver/signing-key";
import type { SliverStore } from "@nano/sliver/sliver-store";
import type { BuildChildren } from "../build/build-children.ts";
import type { BuildLimits } from "../build-sliver.ts";
import { type BuildOutcome, runBuildJob } from "./run-build-job.ts";

export interface TakeBuildsOptions {
  readonly queue: BuildQueue;
  readonly store: SliverStore;
  readonly children: BuildChildren;
  readonly signingKey: SigningKey;
  readonly limits: BuildLimits;
  readonly concurrencyCount: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Runs until the signal aborts; a build that runs then is given back to the queue. */
export async function takeBuilds(options: TakeBuildsOptions, signal: AbortSignal): Promise<void> {
  const { logger, metrics, queue, concurrencyCount } = options;
  const builds = metrics.counter({ name: "builds_total", help: "builds by how they ended", labels: ["outcome"] });
  const duration = metrics.duration({
    name: "build_duration_seconds",
    help: "from a job taken to its outcome",
    labels: ["outcome"],
  });
  let runningCount = 0;
  metrics.gauge({ name: "builds_running_count", help: "builds at this moment", collect: (g) => g.set(runningCount) });

  const run = async (job: BuildJob, report: Parameters<typeof runBuildJob>[1]["report"]): Promise<BuildOutcome> => {
    const startedMs = performance.now();
    runningCount += 1;
    let label = "cancelled";
    try {
      const outcome = await runBuildJob(job, { ...options, report, signal });
      label = outcome.type === "built" ? outcome.rung : outcome.error.code;
      logOutcome(logger, job, outcome);
      return outcome;
    } finally {
      runningCount -= 1;
      builds.inc({ outcome: label });
      duration.observeMs(performance.now() - startedMs, { outcome: label });
    }
  };
  await Promise.all(Array.from({ length: concurrencyCount }, () => queue.takeJobs(run, signal)));
}

function logOutcome(logger: Logger, job: BuildJob, outcome: BuildOutcome): void {
  const { app, version } = job;
  if (outcome.type === "built") {
    const { rung, elapsedMs, sliver } = outcome;
    logger.info("sliver built", { app, version, rung, elapsedMs, sliver });
    return;
  }
  const { code, message, fault } = outcome.error;
  // What an app's author has to mend is no event for an operator.
  const level = fault === "tenant" ? "info" : "error";
  logger[level]("build failed", { app, version, code, cause: message });
}
