/**
 * A builder's loop: take a job, keep its claim alive while it runs, report what it says, hand in its outcome.
 *
 * I1 A claim is renewed whether or not the job has something to say.
 * I2 While the queue is away, events wait (the last `MAX_WAITING_EVENTS`) and the outcome is handed in when it is back.
 * I3 A job whose claim was lost runs to its end and its outcome is dropped: another builder has it.
 */
import { setTimeout as delay } from "node:timers/promises";
import { toWireError } from "@nano/protocol/errors";
import type { BuildEvent, BuildJob } from "@nano/protocol/records";
import { createBackoff } from "./backoff.ts";
import type { BuildOutcome } from "./build-queue.ts";
import { errors, hasCode } from "./errors.ts";
import type { JobClaim, JobTaker, TakenJob } from "./job-ledger.ts";
import { WakeSignal } from "./wake-signal.ts";

/** Events that wait for the queue to come back; older ones leave first. */
export const MAX_WAITING_EVENTS = 1000;

export type RunJob = (job: BuildJob, report: (event: BuildEvent) => void) => Promise<BuildOutcome>;

/** Takes jobs one by one until `signal` aborts; see `BuildQueue.takeJobs`. */
export async function runJobs(ledger: JobTaker, run: RunJob, signal: AbortSignal): Promise<void> {
  const backoff = createBackoff();
  while (!signal.aborted) {
    try {
      const taken = await ledger.takeJob(signal);
      backoff.reset();
      if (taken !== null) await runOne(ledger, taken, run, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!hasCode(error, errors.LOST)) throw error;
      await delay(backoff.nextMs(), undefined, { signal }).catch(() => undefined);
    }
  }
}

type Ending = { readonly outcome: BuildOutcome } | "release";

async function runOne(ledger: JobTaker, taken: TakenJob, run: RunJob, signal: AbortSignal): Promise<void> {
  const claim: JobClaim = { version: taken.job.version, token: taken.token };
  const waiting: BuildEvent[] = [];
  const spoke = new WakeSignal();
  const report = (event: BuildEvent): void => {
    if (waiting.length >= MAX_WAITING_EVENTS) waiting.shift();
    waiting.push(event);
    spoke.wake();
  };
  const ended = new AbortController();
  const reporting = keepReporting(ledger, claim, { waiting, spoke, everyMs: taken.renewEveryMs, ended: ended.signal });
  let ending: Ending;
  try {
    ending = { outcome: await run(taken.job, report) };
  } catch (error) {
    // A builder that is told to leave gives its job back; otherwise what it throws is the job's outcome.
    ending = signal.aborted ? "release" : { outcome: { type: "failed", error: toWireError(error) } };
  }
  ended.abort();
  const isOurs = await reporting;
  if (isOurs) await handIn(ledger, claim, ending, waiting, signal);
}

interface Reporting {
  readonly waiting: BuildEvent[];
  readonly spoke: WakeSignal;
  readonly everyMs: number;
  readonly ended: AbortSignal;
}

/** Reports until `ended`. False where the claim was lost. */
async function keepReporting(ledger: JobTaker, claim: JobClaim, options: Reporting): Promise<boolean> {
  const { waiting, spoke, everyMs, ended } = options;
  let isAway = false;
  while (!ended.aborted) {
    // While the queue is away, news do not hasten the next try.
    if (isAway) await delay(everyMs, undefined, { signal: ended }).catch(() => undefined);
    else if (waiting.length === 0) await spoke.wait(ended, everyMs);
    if (ended.aborted) break;
    const batch = waiting.splice(0);
    try {
      await ledger.reportJob(claim, batch);
      isAway = false;
    } catch (error) {
      if (hasCode(error, errors.JOB_LOST)) return false;
      // What the queue does not understand it will not understand later.
      if (!hasCode(error, errors.LOST)) continue;
      isAway = true;
      waiting.unshift(...batch.slice(Math.max(0, batch.length + waiting.length - MAX_WAITING_EVENTS)));
    }
  }
  return true;
}

/** Hands in how a job ended, for as long as the queue is away; a builder that leaves tries once. */
async function handIn(
  ledger: JobTaker,
  claim: JobClaim,
  ending: Ending,
  waiting: readonly BuildEvent[],
  signal: AbortSignal,
): Promise<void> {
  const backoff = createBackoff();
  for (;;) {
    try {
      if (ending === "release") return await ledger.releaseJob(claim);
      if (waiting.length > 0) await ledger.reportJob(claim, waiting);
      return await ledger.finishJob(claim, ending.outcome);
    } catch (error) {
      if (!hasCode(error, errors.LOST) || signal.aborted) return;
    }
    await delay(backoff.nextMs(), undefined, { signal }).catch(() => undefined);
  }
}
