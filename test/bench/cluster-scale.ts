/**
 * 10,000 apps, 20,000 routes and 100 executors with 200 workers in one cell: what Redis holds and moves, what a router holds, and how
 * long a change takes to reach every router. Executors are simulated, routers and Redis are real, each router in a process.
 */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ControlStore } from "@nano/control-store/control-store";
import { openControlStore } from "@nano/control-store/open-control-store";
import type { StoreChange } from "@nano/protocol/records";
import { RedisServer } from "@nano/test-kit/redis-server";
import { type BenchChild, sharedClockMs } from "./bench-child.ts";
import { type ExecutorsCommands, startExecutors } from "./cluster-executors.ts";
import { appRecord, ROUTES_PER_APP, routeRecord, toChanges, versionRecords } from "./cluster-records.ts";
import { type LookupFigures, type RouterCommands, type RouterMemory, startRouterProcess } from "./cluster-router.ts";
import { fillCell } from "./fill-cell.ts";
import { freePort } from "./processes.ts";
import { difference, RedisMeter, type RedisReading } from "./redis-meter.ts";
import type { Report } from "./report.ts";
import { formatBytes, formatCount, formatMs, summarize } from "./table.ts";

const CELL = "bench";
const APPEND_ONLY = [
  "--save",
  "",
  "--appendonly",
  "yes",
  "--appendfsync",
  "everysec",
  "--auto-aof-rewrite-percentage",
  "0",
];
/** The executor's default. */
const LEASE_MS = 6_000;
const WORKERS_PER_NODE = 2;
const WORKER_CAPACITY_COUNT = 64;

interface Effort {
  readonly appCount: number;
  readonly nodeCount: number;
  readonly routerCount: number;
  readonly changeCount: number;
  readonly windowMs: number;
  readonly lookupRounds: number;
}
const EFFORT: Effort = {
  appCount: 10_000,
  nodeCount: 100,
  routerCount: 5,
  changeCount: 30,
  windowMs: 6_000,
  lookupRounds: 400,
};
const SMALL_EFFORT: Effort = {
  appCount: 100,
  nodeCount: 3,
  routerCount: 2,
  changeCount: 3,
  windowMs: 300,
  lookupRounds: 3,
};
/** Between two changes whose way is timed. */
const CHANGE_PAUSE_MS = 50;

/** What a deploy writes, what an activation, and what a new route. */
const CHANGES: Readonly<Record<string, (index: number) => readonly StoreChange[]>> = {
  deploy: (index) => toChanges(versionRecords(index, 1)),
  activate: (index) => toChanges([appRecord(index, 1)]),
  route: (index) => toChanges([routeRecord(`late-${index}.bench.localhost`, "/", index)]),
};

interface Window {
  /** Milliseconds of CPU per second, of each router. */
  readonly routerCpu: readonly number[];
  readonly redis: RedisReading;
  readonly seconds: number;
}

/** Milliseconds from before a commit is sent until the last, and until each, of the routers serves by it. */
interface Spread {
  readonly acknowledgedMs: number[];
  readonly lastMs: number[];
  readonly eachMs: number[];
}

interface Scale {
  readonly fillSeconds: number;
  readonly memoryBytes: {
    readonly empty: number;
    readonly filled: number;
    readonly byKey: Readonly<Record<string, number>>;
  };
  readonly perChange: Readonly<Record<string, RedisReading & { readonly count: number }>>;
  readonly loadedMs: readonly number[];
  readonly loadedTogetherMs: readonly number[];
  readonly routerEmpty: RouterMemory;
  readonly routerFilled: RouterMemory;
  readonly routerLinked: RouterMemory;
  readonly lookups: LookupFigures;
  readonly quiet: Window;
  readonly steady: Window;
  readonly varying: Window;
  readonly changes: { readonly steady: Spread; readonly varying: Spread };
}

type Router = BenchChild<RouterCommands>;

export async function measureClusterScale(directory: string, { isSmall }: { isSmall: boolean }): Promise<Report> {
  const effort = isSmall ? SMALL_EFFORT : EFFORT;
  const redis = await new RedisServer({
    directory: join(directory, "redis"),
    port: await freePort(),
    args: APPEND_ONLY,
  }).start();
  const meter = new RedisMeter(redis.socketPath);
  const store = await openControlStore({ redis: { urls: [redis.url], cell: CELL } });
  const executors = startExecutors();
  const routers = Array.from({ length: effort.routerCount }, startRouterProcess);
  try {
    const figures = await measure({ effort, url: redis.url, meter, store, executors, routers });
    return describe(effort, figures);
  } finally {
    await Promise.all(routers.map((router) => router.close()));
    await executors.close();
    await store.close();
    meter.close();
    await redis.stop();
  }
}

interface Lab {
  readonly effort: Effort;
  readonly url: string;
  readonly meter: RedisMeter;
  readonly store: ControlStore;
  readonly executors: BenchChild<ExecutorsCommands>;
  readonly routers: readonly Router[];
}

async function measure(lab: Lab): Promise<Scale> {
  const { effort, url, meter, store, executors, routers } = lab;
  const [first, ...others] = routers;
  if (first === undefined) throw new Error("A router is needed");
  const empty = (await meter.read()).memoryBytes;
  const fillSeconds = await fillCell(store, effort.appCount);
  const filled = (await meter.read()).memoryBytes;
  const byKey = await meter.memoryByKey(CELL);
  const perChange = await measureChanges(lab);

  const job = { redisUrl: url, cell: CELL };
  const routerEmpty = await first.ask("memory");
  const loadedMs = [(await first.ask("start", job)).loadedMs];
  const routerFilled = await first.ask("memory");
  const loadedTogether = await Promise.all(others.map((router) => router.ask("start", job)));
  const lookups = await first.ask("lookups", {
    rounds: effort.lookupRounds,
    workerCount: effort.nodeCount * WORKERS_PER_NODE,
  });
  const quiet = await watch(lab);

  await executors.ask("open", {
    redisUrl: url,
    cell: CELL,
    workersPerNode: WORKERS_PER_NODE,
    leaseMs: LEASE_MS,
    capacityCount: WORKER_CAPACITY_COUNT,
    serviceMs: 1,
  });
  await executors.ask("join", effort.nodeCount);
  await Promise.all(routers.map((router) => router.ask("linked", effort.nodeCount * WORKERS_PER_NODE)));
  const routerLinked = await (others[0] ?? first).ask("memory");
  const steady = await watch(lab);
  const steadyChanges = await timeChanges(lab, effort.appCount / 2);
  await executors.ask("vary", true);
  // Until each has renewed by then.
  await delay(Math.min(LEASE_MS / 3, effort.windowMs));
  const varying = await watch(lab);
  const varyingChanges = await timeChanges(lab, 0);
  await executors.ask("close");
  return {
    fillSeconds,
    memoryBytes: { empty, filled, byKey },
    perChange,
    loadedMs,
    loadedTogetherMs: loadedTogether.map((start) => start.loadedMs),
    routerEmpty,
    routerFilled,
    routerLinked,
    lookups,
    quiet,
    steady,
    varying,
    changes: { steady: steadyChanges, varying: varyingChanges },
  };
}

/** What one change costs the server, with nobody there to read it. */
async function measureChanges({ effort, meter, store }: Lab): Promise<Scale["perChange"]> {
  const figures: Record<string, RedisReading & { count: number }> = {};
  // The first of a kind has the server compile a script.
  await store.commit(toChanges([appRecord(0)]));
  for (const [kind, changes] of Object.entries(CHANGES)) {
    const before = await meter.read();
    for (let index = 0; index < effort.changeCount; index++) await store.commit(changes(index));
    figures[kind] = { ...difference(before, await meter.read()), count: effort.changeCount };
  }
  return figures;
}

async function watch({ effort, meter, routers }: Lab): Promise<Window> {
  const startMs = performance.now();
  const before = await meter.read();
  const cpuBefore = await Promise.all(routers.map((router) => router.ask("cpuMs")));
  await delay(effort.windowMs);
  const cpuAfter = await Promise.all(routers.map((router) => router.ask("cpuMs")));
  const redis = difference(before, await meter.read());
  const seconds = (performance.now() - startMs) / 1000;
  return { routerCpu: cpuAfter.map((after, index) => (after - (cpuBefore[index] ?? 0)) / seconds), redis, seconds };
}

/** Commits one after the other, of each kind in turn, with a pause between them. */
async function timeChanges({ effort, store, routers }: Lab, from: number): Promise<Spread> {
  const spread: Spread = { acknowledgedMs: [], lastMs: [], eachMs: [] };
  for (let count = 0; count < effort.changeCount; count++) {
    for (const changes of Object.values(CHANGES)) {
      const sentMs = sharedClockMs();
      const position = await store.commit(changes(from + count));
      spread.acknowledgedMs.push(sharedClockMs() - sentMs);
      const seenMs = await Promise.all(routers.map((router) => router.ask("seen", position)));
      const latenciesMs = seenMs.map((ms) => ms - sentMs);
      spread.eachMs.push(...latenciesMs);
      spread.lastMs.push(Math.max(...latenciesMs));
      await delay(CHANGE_PAUSE_MS);
    }
  }
  return spread;
}

function formatUs(us: number): string {
  return `${us.toFixed(2)} µs`;
}

function describe(effort: Effort, figures: Scale): Report {
  const { appCount, nodeCount, routerCount, changeCount } = effort;
  const { memoryBytes, perChange, routerEmpty, routerFilled, routerLinked, lookups } = figures;
  const range = (values: readonly number[], format: (value: number) => string): string => {
    const { median, p99, max } = summarize(values);
    return `${format(median)} / ${format(p99)} / ${format(max)}`;
  };
  const perSecond = ({ redis, seconds, routerCpu }: Window): string[] => [
    `${formatCount(redis.commandCount / seconds)} commands/s, in ${formatBytes(redis.receivedBytes / seconds)}/s, out ${formatBytes(redis.sentBytes / seconds)}/s, to its file ${formatBytes(redis.appendedBytes / seconds)}/s, CPU ${(redis.cpuMs / seconds / 10).toFixed(1)} %`,
    `${(summarize(routerCpu).median / 10).toFixed(1)} %`,
  ];
  const [quietRedis = "", quietRouter = ""] = perSecond(figures.quiet);
  const [steadyRedis = "", steadyRouter = ""] = perSecond(figures.steady);
  const [varyingRedis = "", varyingRouter = ""] = perSecond(figures.varying);
  const renewals = `${nodeCount} executors renew`;
  return {
    title: `cluster, scale: ${formatCount(appCount)} apps, ${formatCount(appCount * ROUTES_PER_APP)} routes, ${nodeCount} simulated executors, ${formatCount(nodeCount * WORKERS_PER_NODE)} workers, ${routerCount} routers; of several values: median / p99 / max`,
    head: ["what", "figure"],
    rows: [
      [
        "Redis: memory of all apps",
        `${formatBytes(memoryBytes.filled - memoryBytes.empty)}, of it records ${formatBytes(memoryBytes.byKey.records ?? 0)}, feed ${formatBytes(memoryBytes.byKey.feed ?? 0)}`,
      ],
      ...Object.entries(perChange).map(([kind, change]) => [
        `Redis: one ${kind}`,
        `in ${formatBytes(change.receivedBytes / change.count)}, memory ${formatBytes(change.memoryBytes / change.count)}, to its file and each replica ${formatBytes(change.appendedBytes / change.count)}, CPU ${formatMs(change.cpuMs / change.count)}`,
      ]),
      ["Redis: nobody renews", quietRedis],
      [`Redis: ${renewals}, nothing new`, steadyRedis],
      [`Redis: ${renewals}, another load each time`, varyingRedis],
      ["router: first state, one at a time", range(figures.loadedMs, formatMs)],
      [`router: first state, ${routerCount - 1} at once`, range(figures.loadedTogetherMs, formatMs)],
      [
        "router: resident before / with all apps / with links",
        [routerEmpty, routerFilled, routerLinked].map(({ residentBytes }) => formatBytes(residentBytes)).join(" / "),
      ],
      [
        "router: heap before / with all apps / with links",
        [routerEmpty, routerFilled, routerLinked].map(({ heapBytes }) => formatBytes(heapBytes)).join(" / "),
      ],
      ["router: request to its app, URL included", range(lookups.appUs, formatUs)],
      ["router: app to its worker, asked before", range(lookups.workerUs, formatUs)],
      ["router: app to its worker, the first time", range(lookups.firstWorkerUs, formatUs)],
      ["router: table of all routes", formatMs(lookups.tableMs)],
      ["router: change of a route or an app in it", range(lookups.changeUs, formatUs)],
      ["router: CPU, nobody renews", quietRouter],
      [`router: CPU, ${renewals}, nothing new`, steadyRouter],
      [`router: CPU, ${renewals}, another load each time`, varyingRouter],
      [
        `commit to acknowledgement (${3 * changeCount} commits)`,
        range(figures.changes.steady.acknowledgedMs, formatMs),
      ],
      ["commit to a router that serves by it", range(figures.changes.steady.eachMs, formatMs)],
      [`commit to all ${routerCount} routers`, range(figures.changes.steady.lastMs, formatMs)],
      [`commit to all ${routerCount} routers, another load each time`, range(figures.changes.varying.lastMs, formatMs)],
    ],
    data: figures,
  };
}
