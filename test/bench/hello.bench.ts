/**
 * `hello` through router and worker (two processes over a Unix socket) in turns with workerd on the same handler, workerd as two processes
 * behind one port, and `node:http` that answers by itself: what a request takes that nobody forwards.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startNano } from "./nano-server.ts";
import { findProcesses, freePort, type LoadResult, load, type Server, startServer } from "./processes.ts";
import { type BenchOptions, type Effort, type RecordRow, ratiosOf, reportName } from "./record.ts";
import { report } from "./report.ts";
import { formatCount, formatMs, formatRatio, summarize } from "./table.ts";
import { inTurns } from "./turns.ts";
import { startWorkerd, startWorkerdPair } from "./workerd-server.ts";

const EFFORTS: Readonly<Record<Effort, { rounds: number; warmUpMs: number; durationMs: number }>> = {
  full: { rounds: 5, warmUpMs: 1_500, durationMs: 4_000 },
  quick: { rounds: 5, warmUpMs: 300, durationMs: 800 },
  small: { rounds: 1, warmUpMs: 100, durationMs: 200 },
};
const CONNECTIONS = 64;
const EXPECT = "Hello from the bench\n";
const HANDLER = fileURLToPath(new URL("hello-handler.js", import.meta.url));
const NODE_MAIN = fileURLToPath(new URL("hello-node.main.ts", import.meta.url));
const ROUTER_MAIN = "services/router/";

const APP = "NANO, app mode";
const REQUEST = "NANO, request mode";
const WORKERD = "workerd";
const WORKERD_PAIR = "workerd, two processes behind one port";
const NODE = "node:http";

export async function benchHello({ effort }: BenchOptions): Promise<readonly RecordRow[]> {
  const { rounds, ...times } = EFFORTS[effort];
  const directory = mkdtempSync(join(tmpdir(), "nano-bench-"));
  const servers: Server[] = [];
  const keep = (server: Server): Server => {
    servers.push(server);
    return server;
  };
  try {
    const nano = keep(await startNano(directory, HANDLER));
    const workerd = keep(await startWorkerd(directory, HANDLER));
    const node = keep(await startNode());
    const router = nano.pids.flatMap((pid) => findProcesses(pid, ROUTER_MAIN));
    const job = { path: "/", connections: CONNECTIONS, expect: EXPECT, ...times };
    const contenders: Record<string, () => Promise<LoadResult>> = {
      [APP]: () => load(nano, { ...job, host: "app.localhost" }, { router }),
      [WORKERD]: () => load(workerd, { ...job, host: "localhost" }),
      [NODE]: () => load(node, { ...job, host: "localhost" }),
    };
    if (effort !== "quick") {
      const pair = keep(await startWorkerdPair(directory, HANDLER));
      contenders[WORKERD_PAIR] = () => load(pair, { ...job, host: "localhost" });
      contenders[REQUEST] = () => load(nano, { ...job, host: "request.localhost" });
    }
    const results = await inTurns(rounds, contenders);
    print(results, { rounds, effort });
    return rowsOf(results, rounds);
  } finally {
    await Promise.all(servers.map((server) => server.close()));
    rmSync(directory, { recursive: true, force: true });
  }
}

type Results = Readonly<Record<string, readonly LoadResult[]>>;

function rowsOf(results: Results, rounds: number): RecordRow[] {
  const of = (name: string, value: (run: LoadResult) => number): number[] => (results[name] ?? []).map(value);
  const median = (name: string, value: (run: LoadResult) => number): number => summarize(of(name, value)).median;
  const perSecond = (run: LoadResult): number => run.requestsPerSecond;
  const perCpuSecond = (run: LoadResult): number => run.requestsPerCpuSecond;
  const routerMs = (run: LoadResult): number => run.cpuMsPerRequest.router ?? Number.NaN;
  const cpuMs = (run: LoadResult): number => 1000 / run.requestsPerCpuSecond;
  const how =
    `closed loop, ${CONNECTIONS} keep-alive connections, one generator process in Node, ${rounds} rounds in turns; ` +
    "NANO in app mode: router and worker, two processes over a Unix socket; workerd: one process";
  const rows: RecordRow[] = [
    {
      name: "hello-throughput",
      what: "`hello` through router and worker, `app` mode, requests/s",
      peer: "workerd",
      unit: "×",
      better: "higher",
      atLeast: 1.5,
      aim: 2,
      rounds: ratiosOf(of(APP, perSecond), of(WORKERD, perSecond)),
      how,
      figures: {
        nanoPerSecond: median(APP, perSecond),
        workerdPerSecond: median(WORKERD, perSecond),
        nanoP50Ms: median(APP, (run) => run.p50Ms),
        nanoP99Ms: median(APP, (run) => run.p99Ms),
        workerdP50Ms: median(WORKERD, (run) => run.p50Ms),
        workerdP99Ms: median(WORKERD, (run) => run.p99Ms),
      },
    },
    {
      name: "hello-cpu",
      what: "the same per CPU-second of the server's processes",
      peer: "workerd",
      unit: "×",
      better: "higher",
      atLeast: 1,
      aim: 1.3,
      rounds: ratiosOf(of(APP, perCpuSecond), of(WORKERD, perCpuSecond)),
      how,
      figures: { nanoPerCpuSecond: median(APP, perCpuSecond), workerdPerCpuSecond: median(WORKERD, perCpuSecond) },
    },
    {
      name: "router-cpu",
      what: "CPU of the router per request that it forwards",
      peer: "`node:http` answering by itself",
      unit: "×",
      better: "lower",
      atLeast: 1.6,
      aim: 1.3,
      rounds: ratiosOf(of(APP, routerMs), of(NODE, cpuMs)),
      how: `${how}; node:http: one process that answers the same bytes`,
      figures: { routerCpuMs: median(APP, routerMs), nodeCpuMs: median(NODE, cpuMs) },
    },
  ];
  if (results[WORKERD_PAIR] === undefined) return rows;
  return rows.toSpliced(1, 0, {
    name: "hello-throughput-pair",
    what: "beside it: the same",
    peer: "workerd as two processes behind one port",
    unit: "×",
    better: "higher",
    atLeast: null,
    aim: null,
    rounds: ratiosOf(of(APP, perSecond), of(WORKERD_PAIR, perSecond)),
    how,
    figures: { pairPerSecond: median(WORKERD_PAIR, perSecond) },
  });
}

function print(results: Results, { rounds, effort }: { rounds: number; effort: Effort }): void {
  const peer = results[WORKERD] ?? [];
  const ratio = (runs: readonly LoadResult[], key: "requestsPerSecond" | "requestsPerCpuSecond"): number =>
    summarize(runs.map((run, round) => run[key] / (peer[round]?.[key] ?? Number.NaN))).median;
  report(reportName("hello", effort), {
    title: `hello: ${CONNECTIONS} keep-alive connections, closed loop, one generator process in Node, ${rounds} rounds in turns, medians`,
    head: ["", "requests/s", "× workerd", "requests/CPU-s", "× workerd", "p50", "p99"],
    rows: Object.entries(results).map(([name, runs]) => {
      const median = (key: Exclude<keyof LoadResult, "cpuMsPerRequest">): number =>
        summarize(runs.map((run) => run[key])).median;
      return [
        name,
        formatCount(median("requestsPerSecond")),
        formatRatio(ratio(runs, "requestsPerSecond")),
        formatCount(median("requestsPerCpuSecond")),
        formatRatio(ratio(runs, "requestsPerCpuSecond")),
        formatMs(median("p50Ms")),
        formatMs(median("p99Ms")),
      ];
    }),
    data: results,
  });
}

async function startNode(): Promise<Server> {
  const port = await freePort();
  return await startServer(NODE, [process.execPath, NODE_MAIN, String(port)], { port, hosts: ["localhost"] });
}
