/**
 * What a million apps and a million requests a second would take: `capacity.ts` over the figures of `capacity-figures.ts`, and what of it a
 * simulation can check. Nothing is measured here.
 */
import { DEMAND, LAYOUT, type Plan, planCapacity, planSockets } from "./capacity.ts";
import { simulateCell, simulateMeasured } from "./capacity-check.ts";
import { MEASURED, measuredFigures } from "./capacity-figures.ts";
import { describeLimits } from "./capacity-limits.ts";
import type { BenchOptions } from "./record.ts";
import { type Report, report } from "./report.ts";
import { formatBytes, formatCount } from "./table.ts";

/** Apps that workers have memory for. */
const RESIDENT_RATIOS = [1, 0.5, 0.2, 0.05];
const SOCKETS = { connectionCount: 1_000_000, messagesPerSecond: 100_000 };

export async function benchCapacity({ isSmall }: BenchOptions): Promise<void> {
  const suffix = isSmall ? "-small" : "";
  report(`capacity${suffix}`, describePlans());
  report(`capacity-limits${suffix}`, describeLimits(measuredFigures()));
  report(`capacity-sockets${suffix}`, describeSockets());
  report(`capacity-check${suffix}`, simulateMeasured());
  report(`capacity-placement${suffix}`, simulateCell({ isSmall, residentRatios: RESIDENT_RATIOS }));
  report(`capacity-figures${suffix}`, {
    title: "capacity: what it was reckoned from",
    head: ["figure", "value", "npm run bench --", "row"],
    rows: Object.entries(MEASURED).map(([name, { value, what, bench, row }]) => [
      what,
      formatFigure(name, value),
      `\`${bench}\``,
      row,
    ]),
    data: measuredFigures(),
  });
}

function formatFigure(name: string, value: number): string {
  if (name.endsWith("Bytes")) return formatBytes(value);
  return value < 1_000 ? `${formatCount(value)} µs` : `${(value / 1_000).toFixed(value < 1e5 ? 2 : 0)} ms`;
}

function formatPercent(ratio: number): string {
  return `${(ratio * 100).toFixed(ratio < 0.1 ? 1 : 0)} %`;
}

function formatTib(bytes: number): string {
  return `${(bytes / 1024 ** 4).toFixed(1)} TiB`;
}

/** One column for each share of apps that there is memory for, and one for `app` mode. */
export function describePlans(): Report {
  const figures = measuredFigures();
  const columns: { name: string; plan: Plan }[] = RESIDENT_RATIOS.map((residentRatio) => ({
    name: `${formatPercent(residentRatio)} resident`,
    plan: planCapacity(figures, DEMAND, { ...LAYOUT, residentRatio }),
  }));
  columns.push({
    name: "`app` mode, 100 %",
    plan: planCapacity(figures, { ...DEMAND, requestModeRatio: 0 }, LAYOUT),
  });
  const row = (what: string, of: (plan: Plan) => string): string[] => [what, ...columns.map(({ plan }) => of(plan))];
  return {
    title: `capacity: ${formatCount(DEMAND.appCount)} apps as small as hello, ${formatCount(DEMAND.requestsPerSecond)} requests/s by Zipf's law, ${formatCount(DEMAND.connectionCount)} connections, request mode but for the last column; cells of ${formatCount(LAYOUT.cellAppCount)} apps`,
    head: ["", ...columns.map(({ name }) => name)],
    rows: [
      row("requests that wait for a restore", ({ missRatio }) => formatPercent(missRatio)),
      row("cold starts/s", ({ coldStartsPerSecond }) => formatCount(coldStartsPerSecond)),
      row("worker CPU/request", ({ worker }) => `${formatCount(worker.usPerRequest)} µs`),
      row("workers for CPU", ({ worker }) => formatCount(worker.forCpuCount)),
      row("workers for memory", ({ worker }) => formatCount(worker.forMemoryCount)),
      row("cells", ({ cellCount }) => formatCount(cellCount)),
      row("executors, of a cell", ({ executor }) => formatCount(executor.perCellCount)),
      row("executors", ({ executor }) => formatCount(executor.count)),
      row("workers, a core each", ({ worker }) => formatCount(worker.count)),
      row("`workers.isolateBytes` that is enough", ({ worker }) => formatBytes(worker.isolateBytes)),
      row("memory of all executors", ({ executor }) => formatTib(executor.bytes * executor.count)),
      row("heap of a supervisor for its cell's records", ({ stateHeapBytes }) => formatBytes(stateHeapBytes)),
      row("routers, a core each", ({ router }) => `${router.groupCount} groups of ${router.perGroupCount}`),
      row("memory of a router", ({ router }) => formatBytes(router.bytes)),
      row("of it heap for records, routes and links", ({ router }) => formatBytes(router.heapBytes)),
      row("CPU of a router for its cells", ({ router }) => formatPercent(router.controlRatio)),
      row("a router's start", ({ router }) => `${router.firstStateSeconds.toFixed(0)} s`),
      row("links of a router", ({ router }) => formatCount(router.linkCount)),
      row("links in all", ({ linkCount }) => formatCount(linkCount)),
      row("Redis: CPU of a cell", ({ redis }) => formatPercent(redis.usageRatio)),
      row("Redis: memory of a cell", ({ redis }) => formatBytes(redis.bytes)),
      row("Redis: out of a cell", ({ redis }) => `${formatBytes(redis.outBytesPerSecond)}/s`),
      row("Redis: the feed's reach", ({ redis }) => `${formatCount(redis.feedSeconds / 60)} min`),
      row("Redis servers, replicas aside", ({ redisServerCount }) => formatCount(redisServerCount)),
      row("deploys/s", ({ deploysPerSecond }) => deploysPerSecond.toFixed(1)),
      row("cores of builders, of registries", (plan) =>
        [plan.builderCoreCount, plan.registryCoreCount].map((count) => count.toFixed(1)).join(", "),
      ),
      row("artifact storage", ({ artifactBytes }) => formatTib(artifactBytes)),
      row("disk cache of an executor", ({ nodeCacheBytes }) => formatBytes(nodeCacheBytes)),
      row(
        "the app that is asked for most",
        ({ hottest }) => `${formatCount(hottest.requestsPerSecond)}/s, ${formatCount(hottest.workerCount)} workers`,
      ),
      row("executors of its cell", ({ hottest }) => formatCount(hottest.cellExecutorCount)),
      row("Redis: CPU of its cell", ({ hottest }) => formatPercent(hottest.cellRedisUsageRatio)),
    ],
    data: { demand: DEMAND, layout: LAYOUT, columns },
  };
}

export function describeSockets(): Report {
  const plan = planSockets(measuredFigures(), SOCKETS);
  return {
    title: `capacity, WebSocket: ${formatCount(SOCKETS.connectionCount)} connections of shared apps, ${formatCount(SOCKETS.messagesPerSecond)} echoes of 16 B a second`,
    head: ["what", "figure"],
    rows: [
      ["routers, by the connections that one takes", formatCount(plan.routerCount)],
      ["memory of all of them for connections", formatBytes(plan.routerBytes)],
      ["cores of routers for messages", formatCount(plan.routerCoreCount)],
      ["memory of executors", formatTib(plan.executorBytes)],
      ["cores of workers for messages", formatCount(plan.workerCoreCount)],
      ["until all are back after all were cut, on those", `${formatCount(plan.reopenSeconds)} s`],
    ],
    data: { demand: SOCKETS, plan },
  };
}
