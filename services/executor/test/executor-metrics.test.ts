import type { WorkerId } from "@nano/protocol/brands";
import { DurationBuckets } from "@nano/service-kit/duration-buckets";
import { Metrics } from "@nano/service-kit/metrics";
import { expect, test } from "vitest";
import { ExecutorMetrics } from "../src/control/executor-metrics.ts";
import type { WorkerStats } from "../src/worker-messages.ts";

const [W1, W2] = ["w1", "w2"] as [WorkerId, WorkerId];

/** Of a worker in which nothing has happened, but for this. */
function stats(more: Partial<WorkerStats>): WorkerStats {
  const nothing = {
    sockets: null,
    queueWait: new DurationBuckets(),
    rollouts: {},
    threadUse: { elapsedMs: 0, busyMsByApp: {}, activeAppCount: 0 },
    limitEnds: {},
    limitRefusals: {},
  };
  const zeros = new Proxy({}, { get: (_, key) => Reflect.get({ ...nothing, ...more }, key) ?? 0 });
  return zeros as WorkerStats;
}

test("limits of apps are counted by name, those of a fixed set, over all workers", async () => {
  const metrics = new Metrics("executor");
  const none = () => ({ counts: null }) as never;
  const figures = { egress: none, cacheApi: none, greetingCount: () => 0, stateAgeMs: () => 0, hasRival: () => false };
  const executor = new ExecutorMetrics(metrics, figures);
  executor.report(W1, stats({ limitEnds: { cpu_limit: 2, wait_until: 1 }, limitRefusals: { timers: 5 } }));
  executor.report(W1, stats({ limitEnds: { cpu_limit: 3, wait_until: 1, 'x"}': 4 }, limitRefusals: { timers: 5 } }));
  executor.report(W2, stats({ limitEnds: { cpu_limit: 1 }, limitRefusals: { subrequests: 7, cpu_limit: 1 } }));
  const text = await metrics.registry.metrics();
  expect(
    text
      .split("\n")
      .filter((line) => line.startsWith("executor_limit_"))
      .toSorted(),
  ).toEqual([
    'executor_limit_ends_total{reason="cpu_limit"} 4',
    'executor_limit_ends_total{reason="other"} 4',
    'executor_limit_ends_total{reason="wait_until"} 1',
    'executor_limit_refusals_total{limit="other"} 1',
    'executor_limit_refusals_total{limit="subrequests"} 7',
    'executor_limit_refusals_total{limit="timers"} 5',
  ]);
});
