import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { describePlans, describeSockets } from "./capacity.bench.ts";
import {
  appsAtRouterBytes,
  DEMAND,
  LAYOUT,
  lruMissRatio,
  nodesAtRedisUsage,
  planCapacity,
  planSockets,
  redisUsageRatioOf,
} from "./capacity.ts";
import { simulatePhases } from "./capacity-check.ts";
import { type Figures, measuredFigures } from "./capacity-figures.ts";
import { describeLimits } from "./capacity-limits.ts";
import { PerfectLru } from "./perfect-lru.ts";
import { Zipf } from "./zipf.ts";

const MIB = 1024 ** 2;
const measured = measuredFigures();

/** Round figures, so that what comes of them can be told by heart. */
const figures: Figures = {
  ...measured,
  routerRequestUs: 50,
  appModeRequestUs: 100,
  requestModeRequestUs: 1_000,
  coldStartUs: 10_000,
  idleAppBytes: 2 * MIB,
  routerIdleCellUs: 0,
  routerNodeUs: 0,
  routerChangeUs: 0,
};
const layout = { ...LAYOUT, executorUsageRatio: 0.5, routerUsageRatio: 0.5, roomRatio: 1, leastExecutorsPerCell: 1 };
const demand = { ...DEMAND, appCount: 10_000, requestsPerSecond: 10_000, connectionCount: 0 };

test("workers are as many as CPU or memory asks for, whichever is more", () => {
  const request = planCapacity(figures, demand, layout);
  // 10,000 × 1 ms at half a core each; 10,000 × 2 MiB in 2 GiB each.
  expect(request.worker).toMatchObject({ forCpuCount: 20, forMemoryCount: 10, count: 20 });
  expect(request.executor).toMatchObject({ perCellCount: 5, count: 5 });
  const app = planCapacity(figures, { ...demand, requestModeRatio: 0 }, layout);
  expect(app.worker).toMatchObject({ forCpuCount: 2, forMemoryCount: 10, count: 12 });
});

test("apps that there is no memory for cost CPU: each request that waits takes a cold start more", () => {
  const half = planCapacity(figures, demand, { ...layout, residentRatio: 0.5 });
  expect(half.worker.forMemoryCount).toBe(5);
  expect(half.missRatio).toBeGreaterThan(0.05);
  expect(half.worker.usPerRequest).toBeCloseTo(1_000 + half.missRatio * 10_000);
  expect(half.coldStartsPerSecond).toBeCloseTo(half.missRatio * 10_000);
});

test("every version that is kept is in the memory of whoever follows its cell, and is read at a start", () => {
  const one = planCapacity(figures, { ...demand, versionsPerApp: 1 }, layout);
  const many = planCapacity(
    { ...figures, stateVersionHeapBytes: 1_000, stateVersionReadUs: 10 },
    { ...demand, versionsPerApp: 21 },
    layout,
  );
  // 10,000 apps with twenty more each.
  expect(many.router.heapBytes - one.router.heapBytes).toBeCloseTo(200e6);
  expect(many.router.bytes - one.router.bytes).toBeCloseTo(200e6);
  expect(many.stateHeapBytes - one.stateHeapBytes).toBeCloseTo(200e6);
  expect(many.router.firstStateSeconds - one.router.firstStateSeconds).toBeCloseTo(2);
});

test("routers are as many as requests or connections ask for, in groups of so many cells", () => {
  // 10,000 × 50 µs at half a core.
  expect(planCapacity(figures, { ...demand, requestsPerSecond: 100_000 }, layout).router).toMatchObject({
    groupCount: 1,
    count: 10,
  });
  const many = planCapacity(figures, { ...demand, appCount: 1_000_000, connectionCount: 1_500_000 }, layout);
  expect(many.cellCount).toBe(100);
  expect(many.router).toMatchObject({ groupCount: 20, perGroupCount: 5 });
  expect(many.linkCount).toBe(many.router.count * 5 * many.executor.perCellCount * layout.workersPerExecutor);
});

test("what a router's cells take of its core is made up for by more routers", () => {
  const busy = { ...figures, routerIdleCellUs: 250_000 };
  expect(planCapacity(busy, { ...demand, requestsPerSecond: 100_000 }, layout).router.count).toBe(20);
});

test("a cell of 100 executors that tell of their load every second takes of Redis what was measured", () => {
  const load = { nodeCount: 100, routerCount: 5, deploysPerSecond: 0 };
  expect(redisUsageRatioOf(measured, { ...load, loadChangesPerSecond: 1 })).toBeCloseTo(0.972, 2);
  expect(redisUsageRatioOf(measured, { ...load, loadChangesPerSecond: 0 })).toBeCloseTo(0.09, 2);
});

test("Redis is full of changes at so many executors, and at fewer the more routers read", () => {
  const load = { loadChangesPerSecond: 1, deploysPerSecond: 0 };
  const most = nodesAtRedisUsage(measured, { ...load, routerCount: 5, usageRatio: 1 });
  expect(redisUsageRatioOf(measured, { ...load, routerCount: 5, nodeCount: most })).toBeLessThanOrEqual(1);
  expect(redisUsageRatioOf(measured, { ...load, routerCount: 5, nodeCount: most + 1 })).toBeGreaterThan(1);
  expect(nodesAtRedisUsage(measured, { ...load, routerCount: 100, usageRatio: 1 })).toBeLessThan(most);
});

test("a router with 10,000 apps has the memory that was measured", () => {
  expect(appsAtRouterBytes(measured, { bytes: 224.6 * MIB, versionsPerApp: 1 })).toBeCloseTo(10_000, -1);
  expect(appsAtRouterBytes(measured, { bytes: 224.6 * MIB, versionsPerApp: 20 })).toBeLessThan(4_000);
  expect(appsAtRouterBytes(measured, { bytes: 0, versionsPerApp: 1 })).toBe(0);
});

test("a million WebSocket connections are bounded by memory, and back after as long as their isolates take", () => {
  const plan = planSockets(
    { ...measured, socketBytes: 2 * MIB, socketOpenUs: 3_000, socketWorkerMessageUs: 65 },
    {
      connectionCount: 1_000_000,
      messagesPerSecond: 100_000,
    },
  );
  expect(plan.executorBytes).toBe(2_000_000 * MIB);
  expect(plan.routerCount).toBe(100);
  // 6.5 s of CPU a second at 65 % are ten cores.
  expect(plan.workerCoreCount).toBeCloseTo(10);
  expect(plan.reopenSeconds).toBeCloseTo(300);
});

test("the reckoned misses of an LRU are those of one that is asked", () => {
  const [appCount, placeCount, requestCount] = [2_000, 400, 40_000];
  const lru = new PerfectLru(placeCount);
  const zipf = new Zipf(appCount);
  let missed = 0;
  for (let count = -requestCount; count < requestCount; count++) {
    const wasThere = lru.use(zipf.next());
    if (count >= 0 && !wasThere) missed += 1;
  }
  expect(lruMissRatio(appCount, placeCount)).toBeCloseTo(missed / requestCount, 2);
  expect(lruMissRatio(appCount, appCount)).toBe(0);
  expect(lruMissRatio(appCount, 0)).toBe(1);
  expect(lruMissRatio(1_000_000, 10_000)).toBeLessThan(lruMissRatio(1_000_000, 1_000));
});

test("placement comes out, simulated, at what was measured of real routers", () => {
  for (const { measured: real, simulated } of simulatePhases()) {
    // Hashes and weights are the same, so this one is exact but for its rounding.
    expect(simulated.unspilledRatio).toBeCloseTo(real.unspilledRatio, 2);
    expect(Math.abs(simulated.busiestToMean / real.busiestToMean - 1)).toBeLessThan(0.05);
    expect(Math.abs(simulated.knownRatio - real.knownRatio)).toBeLessThan(0.01);
  }
});

test("CAPACITY.md has the tables that npm run bench -- capacity prints", () => {
  const page = readFileSync(new URL("../../CAPACITY.md", import.meta.url), "utf8");
  const lines = new Set(page.split("\n").map((line) => line.replaceAll(/ +/g, " ")));
  for (const { head, rows } of [describePlans(), describeLimits(measured), describeSockets()]) {
    for (const cells of [head, ...rows]) expect(lines).toContain(`| ${cells.join(" | ")} |`.replaceAll(/ +/g, " "));
  }
});
