/** What of a cell breaks first as it grows, and where: each resource by itself, the others as large as need be. */
import { appsAtRouterBytes, FEED_EVENT_COUNT, LAYOUT, nodesAtRedisUsage, redisUsageRatioOf } from "./capacity.ts";
import type { Figures } from "./capacity-figures.ts";
import type { Report } from "./report.ts";
import { formatBytes, formatCount } from "./table.ts";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
/** Beside what requests may hold, by the rule of `infra/README.md`. */
const ROUTER_RULE_BYTES = 256 * MIB;
/** One, and about as many as a registry keeps by default. */
const VERSION_COUNTS = [1, 20];
const MEASURED_APPS = 10_000;
const ROUTER_COUNTS = [4, 20, 100];
const CACHE_BYTES = 2 * GIB;
/** Kernel's default of `vm.max_map_count`, and what a node is set to. */
const MAP_COUNTS = [65_530, 262_144];
const MAPS_PER_ISOLATE = 8;
const HALF = 0.5;
const MS = 1e3;

export function describeLimits(figures: Figures): Report {
  const redis = ROUTER_COUNTS.map((routerCount) => {
    const load = { routerCount, loadChangesPerSecond: 1, deploysPerSecond: 0 };
    const nodeCount = nodesAtRedisUsage(figures, { ...load, usageRatio: 1 });
    const calm = nodesAtRedisUsage(figures, { ...load, loadChangesPerSecond: 0.1, usageRatio: 1 });
    return { routerCount, nodeCount, calm };
  });
  const readers = { nodeCount: 20, routerCount: 20, loadChangesPerSecond: 1 };
  const without = redisUsageRatioOf(figures, { ...readers, deploysPerSecond: 0 });
  const deployUs = (redisUsageRatioOf(figures, { ...readers, deploysPerSecond: 1 }) - without) * 1e6;
  const perApp = `${formatBytes(figures.routerBytes)} + apps × (${formatBytes(figures.routerAppBytes)} + ${formatBytes(figures.stateVersionHeapBytes)} × further versions)`;
  const appsIn = (bytes: number): string =>
    `${VERSION_COUNTS.map((versionsPerApp) => `${formatCount(appsAtRouterBytes(figures, { bytes, versionsPerApp }))} apps with ${versionsPerApp}`).join(", ")} versions`;
  const startUs = (versionsPerApp: number): number =>
    figures.routerFirstStateUs + (versionsPerApp - 1) * figures.stateVersionReadUs;
  const rows: [string, string, string][] = [
    ["router memory, by infra's rule of 256 MiB beside requests", perApp, appsIn(ROUTER_RULE_BYTES)],
    [
      "the same, with 10,000 apps",
      `${formatBytes(figures.connectionBytes)} × keep-alive connections`,
      `${formatCount((ROUTER_RULE_BYTES - figures.routerBytes - MEASURED_APPS * figures.routerAppBytes) / figures.connectionBytes)} connections`,
    ],
    ...[1, 4].map((gib): [string, string, string] => [
      `router memory of ${gib} GiB beside requests`,
      perApp,
      appsIn(gib * GIB),
    ]),
    ...redis.map(({ routerCount, nodeCount, calm }): [string, string, string] => [
      `Redis CPU: loads told, ${routerCount} routers`,
      `executors × changes/s × (executors + routers) × ${formatCount(figures.redisReadUs)} µs, and the looks`,
      `${formatCount(nodeCount)} executors that tell every second, ${formatCount(calm)} every ten`,
    ]),
    [
      `Redis CPU: deploys, ${readers.nodeCount} executors and ${readers.routerCount} routers`,
      `${(deployUs / MS).toFixed(1)} ms a deploy`,
      `${formatCount(((1 - without) * 1e6) / deployUs)} deploys/s`,
    ],
    [
      "feed: a reader that was away",
      `${formatCount(FEED_EVENT_COUNT)} events ÷ changes/s`,
      `${formatCount(FEED_EVENT_COUNT / 100)} s at 100 changes/s, then it reads all`,
    ],
    [
      "router start: reading all records",
      `apps × (${formatCount(figures.routerFirstStateUs)} µs + ${formatCount(figures.stateVersionReadUs)} µs × further versions)`,
      `${VERSION_COUNTS.map((count) => `${formatCount((10 * 1e6) / startUs(count))} apps with ${count}`).join(", ")} versions in 10 s`,
    ],
    [
      "supervisor of an executor, registry: heap for the cell's records",
      `apps × (${formatBytes(figures.stateAppHeapBytes)} + ${formatBytes(figures.stateVersionHeapBytes)} × further versions)`,
      `${VERSION_COUNTS.map((count) => `${formatCount((256 * MIB) / (figures.stateAppHeapBytes + (count - 1) * figures.stateVersionHeapBytes))} apps with ${count}`).join(", ")} versions in 256 MB`,
    ],
    [
      "router CPU: its cells' changes",
      `${formatCount(figures.routerChangeUs)} µs × changes/s`,
      `${formatCount((HALF * 1e6) / figures.routerChangeUs)} changes/s take half a core`,
    ],
    [
      "worker: isolates in its memory",
      `${formatBytes(figures.idleAppBytes)} × apps`,
      `${formatCount(LAYOUT.isolateBytes / figures.idleAppBytes)} apps in ${formatBytes(LAYOUT.isolateBytes)}`,
    ],
    [
      "worker: memory mappings",
      `${MAPS_PER_ISOLATE} × isolates`,
      `${MAP_COUNTS.map((count) => formatCount(count / MAPS_PER_ISOLATE)).join(" isolates by the kernel's default, ")} with node-settings`,
    ],
    [
      "worker: cold starts",
      `${(figures.coldStartUs / MS).toFixed(2)} ms each`,
      `${formatCount(1e6 / figures.coldStartUs)}/s take a core`,
    ],
    [
      "executor: disk cache",
      `${formatBytes(figures.nodeCacheBytes)} × apps`,
      `${formatCount(CACHE_BYTES / figures.nodeCacheBytes)} apps in ${formatBytes(CACHE_BYTES)}`,
    ],
    [
      "builder: deploys",
      `${(figures.builderDeployUs / 1e6).toFixed(2)} s each`,
      `${(1e6 / figures.builderDeployUs).toFixed(2)} deploys/s take a core`,
    ],
  ];
  return {
    title: "capacity: where each resource of a cell ends, the others as large as need be",
    head: ["resource", "costs", "is full at"],
    rows,
    data: { redis, deployUs },
  };
}
