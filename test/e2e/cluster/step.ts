/** One step of a scenario: load from before something happens until after it, and what the clients saw of it. */
import { setTimeout as delay } from "node:timers/promises";
import { createMix, STREAM_MS } from "../../support/load-mix.ts";
import { type LoadEnd, type LoadReport, runLoad } from "../../support/open-loop.ts";
import type { StepRow } from "../../support/step-table.ts";
import type { Cluster } from "./cluster.ts";
import type { ErrorLine } from "./service.ts";

const numberFrom = (name: string, fallback: number): number => Number(process.env[name] || fallback);

/** Half of what two cores carry with the whole cluster and the load on them. */
const REQUESTS_PER_SECOND = numberFrom("NANO_E2E_REQUESTS_PER_SECOND", 60);
/** Of a full run, `pnpm e2e:full`: 60 and more. */
const STEP_SECONDS = numberFrom("NANO_E2E_STEP_SECONDS", 4.5);
/** From when on a step is long enough for streams of their full length. */
const FULL_STEP_SECONDS = 30;
const SHORT_STREAM_MS = 3_000;
/** How long streams are: shorter in a short step, so that it does not wait for them. */
export const STEP_STREAM_MS = STEP_SECONDS < FULL_STEP_SECONDS ? SHORT_STREAM_MS : STREAM_MS;
/** One request in so many. */
const STREAM_EVERY = 25;
/** From the beginning of the load until something happens. */
const DISTURB_AFTER_MS = 1_500;
/** An answer that took longer was disturbed: far above p99 without, far below any timeout. */
const DISTURBED_MS = 1_000;

export interface ClusterStepRow extends StepRow {
  readonly errorLines: readonly ErrorLine[];
}

export interface StepOptions {
  readonly name: string;
  /** What happens; may resolve later than the cluster has recovered. */
  disturb(step: { recovered(): void }): Promise<void>;
  /** Streams are begun for as long as it happens, and not only before. @default false */
  readonly hasStreamsThroughout?: boolean;
  /** Lines at level `error` that are to be expected, by their message. @default none */
  readonly expectedErrors?: RegExp;
}

/** Runs the load, and what happens in its midst. Answers when both are over. */
export async function runStep(cluster: Cluster, options: StepOptions): Promise<ClusterStepRow> {
  const { name, disturb, hasStreamsThroughout = false, expectedErrors } = options;
  const { balancer } = cluster;
  const linesBefore = new Set(cluster.errorLines);
  const durationMs = STEP_SECONDS * 1000;
  const startMs = performance.now();
  let disturbedMs = 0;
  let recoveredMs = 0;
  let hasHappened = false;
  const happen = async (): Promise<void> => {
    await delay(DISTURB_AFTER_MS);
    disturbedMs = performance.now();
    const recovered = (): void => {
      recoveredMs = performance.now() - disturbedMs;
    };
    try {
      await disturb({ recovered });
    } finally {
      hasHappened = true;
    }
  };
  const streamsMs = Math.max(DISTURB_AFTER_MS + 1_000, durationMs - STEP_STREAM_MS);
  const shot = createMix({
    ask: (...request) => balancer.ask(...request),
    streamEvery: STREAM_EVERY,
    // So that the last stream ends soon after the step, and some are alive when it happens.
    streamsUntil: hasStreamsThroughout ? Number.POSITIVE_INFINITY : (REQUESTS_PER_SECOND * streamsMs) / 1000,
  });
  const load = {
    requestsPerSecond: REQUESTS_PER_SECOND,
    durationMs,
    shot,
    isOver: () => hasHappened,
    isExcused: (error: Error) => balancer.isExcused(error),
  };
  const [report] = await Promise.all([runLoad(load), happen()]);
  const servedMs = lastDisturbedMs(report, disturbedMs - startMs) - (disturbedMs - startMs);
  const lines = cluster.errorLines.filter((line) => !linesBefore.has(line) && expectedErrors?.test(line.msg) !== true);
  return {
    name,
    requests: report.requests,
    failed: report.failures,
    other: report.lost,
    p99Ms: report.p99Ms,
    maxMs: report.maxMs,
    recoveredMs: Math.max(recoveredMs, servedMs, 0),
    errorLines: lines,
  };
}

function lastDisturbedMs(report: LoadReport, fromMs: number): number {
  const isDisturbed = ({ intendedMs, endedMs, isLong, isRight }: LoadEnd): boolean =>
    endedMs > fromMs && (!isRight || (!isLong && endedMs - intendedMs > DISTURBED_MS));
  return Math.max(0, ...report.ends.filter(isDisturbed).map(({ endedMs }) => endedMs));
}
