/** `hello` through a cluster's router and worker, over TCP, beside the same on one machine, over a Unix socket, in turns. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ClusterServices, hostOfApp, startCluster } from "./cluster-services.ts";
import { startNano } from "./nano-server.ts";
import { findProcesses, type LoadResult, load, type Server, type ServerParts } from "./processes.ts";
import type { Report } from "./report.ts";
import { formatCount, formatMs, formatRatio, summarize } from "./table.ts";

const CONNECTIONS = 64;
const EXPECT = "Hello from the bench\n";
const EFFORT = { rounds: 5, warmUpMs: 1_000, durationMs: 3_000 };
const SMALL_EFFORT = { rounds: 1, warmUpMs: 200, durationMs: 300 };
const HANDLER = fileURLToPath(new URL("hello-handler.js", import.meta.url));
/** What their command lines hold, run from source or from what was built of it. */
const ROUTER_MAIN = "services/router/";
const WORKER_MAIN = "worker.main";

interface Contender {
  readonly name: string;
  readonly server: Server;
  readonly host: string;
  readonly parts: ServerParts;
  readonly runs: LoadResult[];
}

function partsOf(pids: readonly number[]): ServerParts {
  return {
    router: pids.flatMap((pid) => findProcesses(pid, ROUTER_MAIN)),
    worker: pids.flatMap((pid) => findProcesses(pid, WORKER_MAIN)),
  };
}

function asServer(name: string, cluster: ClusterServices): Server {
  return { name, port: cluster.routers[0]?.port ?? 0, pids: cluster.pids, close: () => cluster.close() };
}

export async function measureClusterHello(directory: string, { isSmall }: { isSmall: boolean }): Promise<Report> {
  const { rounds, ...times } = isSmall ? SMALL_EFFORT : EFFORT;
  const servers: Server[] = [];
  const contenders: Contender[] = [];
  const add = (name: string, server: Server, host: string): void => {
    servers.push(server);
    contenders.push({ name, server, host, parts: partsOf(server.pids), runs: [] });
  };
  try {
    const one = join(directory, "one");
    mkdirSync(one);
    add("one machine: embedded store, Unix socket", await startNano(one, HANDLER), "app.localhost");
    const apps = [{ name: "hello", entrypoint: HANDLER, manifest: { isolation: "app" as const } }];
    const cluster = await startCluster(join(directory, "many"), apps);
    add("cluster: Redis, TCP", asServer("cluster", cluster), hostOfApp("hello"));
    for (let round = 0; round < rounds; round++) {
      for (const { server, host, parts, runs } of contenders) {
        const job = { host, path: "/", connections: CONNECTIONS, expect: EXPECT, ...times };
        runs.push(await load(server, job, parts));
      }
    }
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
  const [first] = contenders;
  return {
    title: `cluster, hello: ${CONNECTIONS} keep-alive connections, closed loop, one generator process in Node, app mode, ${rounds} rounds in turns, medians`,
    head: ["", "requests/s", "× one machine", "CPU/request: router", "worker", "all processes", "p50", "p99"],
    rows: contenders.map(({ name, runs }) => {
      const median = (value: (run: LoadResult) => number): number => summarize(runs.map(value)).median;
      const cpu = (part: string): string => formatMs(median((run) => run.cpuMsPerRequest[part] ?? Number.NaN));
      const ratios = runs.map(
        ({ requestsPerSecond }, round) => requestsPerSecond / (first?.runs[round]?.requestsPerSecond ?? Number.NaN),
      );
      return [
        name,
        formatCount(median((run) => run.requestsPerSecond)),
        formatRatio(summarize(ratios).median),
        cpu("router"),
        cpu("worker"),
        formatMs(median((run) => 1000 / run.requestsPerCpuSecond)),
        formatMs(median((run) => run.p50Ms)),
        formatMs(median((run) => run.p99Ms)),
      ];
    }),
    data: Object.fromEntries(contenders.map(({ name, runs }) => [name, runs])),
  };
}
