/**
 * Where a Zipf load over many apps goes, before, while and after an executor joins, and one leaves: how many requests find the app's
 * isolate warm, and how evenly workers are loaded. A real router over Redis places; executors are simulated, their links are real.
 */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { openControlStore } from "@nano/control-store/open-control-store";
import { RedisServer } from "@nano/test-kit/redis-server";
import { parseAnswer, startExecutors } from "./cluster-executors.ts";
import { hostOf } from "./cluster-records.ts";
import { startRouterProcess } from "./cluster-router.ts";
import { fillCell } from "./fill-cell.ts";
import { getRequest, KeepAliveConnection } from "./keep-alive-connection.ts";
import { freePort } from "./processes.ts";
import type { Report } from "./report.ts";
import { formatCount, formatRatio } from "./table.ts";
import { Zipf } from "./zipf.ts";

const CELL = "bench";
const IN_MEMORY = ["--save", "", "--appendonly", "no"];
const LEASE_MS = 6_000;
const WORKERS_PER_NODE = 2;
const CAPACITY_COUNT = 16;
/** Of what all workers can take at once: the load that is kept up. */
const USAGE_RATIO = 0.5;
const SERVICE_MS = 40;
/** A look at where each app is when nothing is loaded. */
const PROBE_CONNECTIONS = 16;
/** Until executors have told that they are idle again: they may say so once in a second. */
const CALM_MS = 2_500;

interface Effort {
  readonly appCount: number;
  readonly nodeCount: number;
  /** Requests of a phase, and those counted as while executors change. */
  readonly requestCount: number;
  readonly changeRequestCount: number;
}
const EFFORT: Effort = { appCount: 10_000, nodeCount: 10, requestCount: 20_000, changeRequestCount: 5_000 };
const SMALL_EFFORT: Effort = { appCount: 100, nodeCount: 3, requestCount: 300, changeRequestCount: 100 };

/** Requests of one phase. */
interface Phase {
  readonly name: string;
  readonly requests: number;
  readonly warm: number;
  readonly byWorker: Readonly<Record<string, number>>;
  /** Apps whose first worker is another than before; in phases that begin with a change. */
  readonly movedRatio: number | null;
  /** The least that can move, as workers come and go. */
  readonly leastMovedRatio: number | null;
  /** The highest load of a worker over the mean, where every request went to its app's first worker. */
  readonly unspilledRatio: number;
}

/** The first worker of each app. */
type Places = readonly string[];

export async function measureClusterPlacement(directory: string, { isSmall }: { isSmall: boolean }): Promise<Report> {
  const effort = isSmall ? SMALL_EFFORT : EFFORT;
  const port = await freePort();
  const redis = await new RedisServer({ directory: join(directory, "redis"), port, args: IN_MEMORY }).start();
  const store = await openControlStore({ redis: { urls: [redis.url], cell: CELL } });
  const executors = startExecutors();
  const router = startRouterProcess();
  try {
    await fillCell(store, effort.appCount);
    await executors.ask("open", {
      redisUrl: redis.url,
      cell: CELL,
      workersPerNode: WORKERS_PER_NODE,
      leaseMs: LEASE_MS,
      capacityCount: CAPACITY_COUNT,
      serviceMs: 1,
    });
    const nodes = [...(await executors.ask("join", effort.nodeCount))];
    const { port: routerPort } = await router.ask("start", { redisUrl: redis.url, cell: CELL });
    await router.ask("linked", nodes.length * WORKERS_PER_NODE);
    const zipf = new Zipf(effort.appCount);
    const phases: Phase[] = [];

    const probe = async (): Promise<Places> => {
      await executors.ask("pace", 1);
      await delay(CALM_MS);
      const places: string[] = [];
      let asked = 0;
      const take = (app: number, worker: string): void => {
        places[app] = worker;
      };
      const next = (): number | null => (asked < effort.appCount ? asked++ : null);
      await run({ port: routerPort, connections: PROBE_CONNECTIONS, next, take });
      await executors.ask("pace", SERVICE_MS);
      return places;
    };
    let places = await probe();
    const connections = Math.round(effort.nodeCount * WORKERS_PER_NODE * CAPACITY_COUNT * USAGE_RATIO);
    /** @param change begins with the phase. @param leastMovedRatio null: it changes nothing */
    const load = async (
      name: string,
      requestCount: number,
      change: { run(): Promise<unknown>; leastMovedRatio: number } | null = null,
    ): Promise<void> => {
      const byWorker: Record<string, number> = {};
      let warm = 0;
      let asked = 0;
      const changing = change?.run();
      const next = (): number | null => {
        asked += 1;
        return asked <= requestCount ? zipf.next() : null;
      };
      const take = (_app: number, worker: string, isWarm: boolean): void => {
        byWorker[worker] = (byWorker[worker] ?? 0) + 1;
        if (isWarm) warm += 1;
      };
      await run({ port: routerPort, connections, next, take });
      await changing;
      const unspilledRatio = maxToMean(weightByWorker(places, zipf), nodes.length * WORKERS_PER_NODE);
      const leastMovedRatio = change?.leastMovedRatio ?? null;
      phases.push({ name, requests: requestCount, warm, byWorker, movedRatio: null, leastMovedRatio, unspilledRatio });
    };
    /** Looks at where apps are now, and notes with the last two phases what their change has moved. */
    const settle = async (): Promise<void> => {
      await router.ask("linked", nodes.length * WORKERS_PER_NODE);
      const now = await probe();
      const movedRatio = now.filter((worker, app) => worker !== places[app]).length / effort.appCount;
      places = now;
      const changed = phases.pop();
      const unspilledRatio = maxToMean(weightByWorker(places, zipf), nodes.length * WORKERS_PER_NODE);
      if (changed !== undefined) phases.push({ ...changed, movedRatio, unspilledRatio });
    };

    await load("warming up", effort.changeRequestCount);
    phases.pop();
    await load(`${nodes.length} executors`, effort.requestCount);
    const joined = executors.ask("join", 1).then((names) => nodes.push(...names));
    await load("one joins", effort.changeRequestCount, {
      run: () => joined,
      leastMovedRatio: 1 / (effort.nodeCount + 1),
    });
    await settle();
    await load(`${nodes.length} executors`, effort.requestCount);
    const leaving = nodes.shift() ?? "";
    await load("one leaves", effort.changeRequestCount, {
      run: () => executors.ask("leave", leaving),
      leastMovedRatio: 1 / (effort.nodeCount + 1),
    });
    await settle();
    await load(`${nodes.length} executors`, effort.requestCount);
    await executors.ask("close");
    return describe(effort, connections, phases);
  } finally {
    await router.close();
    await executors.close();
    await store.close();
    await redis.stop();
  }
}

interface Run {
  readonly port: number;
  readonly connections: number;
  /** The next app to ask; null: enough. */
  next(): number | null;
  take(app: number, worker: string, isWarm: boolean): void;
}

/** A closed loop of so many connections. @throws at the first wrong answer */
async function run({ port, connections, next, take }: Run): Promise<void> {
  await Promise.all(
    Array.from({ length: connections }, () => {
      let app = 0;
      return new Promise<void>((resolve, reject) => {
        const connection = new KeepAliveConnection(port, {
          next() {
            const asked = next();
            if (asked === null) {
              resolve();
              return null;
            }
            app = asked;
            return getRequest(hostOf(app), "/");
          },
          take({ isOk, body }) {
            const answer = parseAnswer(body);
            if (isOk && answer.host === hostOf(app)) take(app, answer.worker, answer.isWarm);
            else {
              connection.close();
              reject(new Error(`${hostOf(app)} answered ${body.slice(0, 300)}`));
            }
          },
          onError: reject,
        });
      });
    }),
  );
}

function weightByWorker(places: Places, zipf: Zipf): Readonly<Record<string, number>> {
  const weights: Record<string, number> = {};
  places.forEach((worker, app) => {
    weights[worker] = (weights[worker] ?? 0) + zipf.weightOf(app);
  });
  return weights;
}

function maxToMean(loads: Readonly<Record<string, number>>, workerCount: number): number {
  const values = Object.values(loads);
  const sum = values.reduce((total, load) => total + load, 0);
  return (Math.max(...values) * workerCount) / sum;
}

function describe({ appCount }: Effort, connections: number, phases: readonly Phase[]): Report {
  const percent = (ratio: number): string => `${(ratio * 100).toFixed(2)} %`;
  return {
    title: `cluster, placement: a Zipf load (s = 1) over ${formatCount(appCount)} apps, ${WORKERS_PER_NODE} workers per executor, ${connections} requests in flight, ${CAPACITY_COUNT} at once load a worker`,
    head: [
      "phase",
      "requests",
      "found the app warm",
      "apps moved",
      "least possible",
      "busiest worker ÷ mean",
      "without spilling",
      "workers used",
    ],
    rows: phases.map(({ name, requests, warm, byWorker, movedRatio, leastMovedRatio, unspilledRatio }) => [
      name,
      formatCount(requests),
      percent(warm / requests),
      movedRatio === null ? "–" : percent(movedRatio),
      leastMovedRatio === null ? "–" : percent(leastMovedRatio),
      formatRatio(maxToMean(byWorker, Object.keys(byWorker).length)),
      formatRatio(unspilledRatio),
      formatCount(Object.keys(byWorker).length),
    ]),
    data: phases,
  };
}
