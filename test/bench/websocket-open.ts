/**
 * Openings: connect, upgrade, the first message, which the app sends by itself, close. In NANO each gets an isolate of its own, restored from the
 * sliver; in workerd all have the same one.
 */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Server } from "./processes.ts";
import type { Report } from "./report.ts";
import { formatCount, formatMs, formatRatio, summarize } from "./table.ts";
import { countFor, startWebSocketClient } from "./websocket-client.ts";
import { cpuOf, hostOfThread, socketProcessesOf, startSocketNano, startSocketWorkerd } from "./websocket-servers.ts";

const EFFORT = { rounds: 5, warmUpMs: 1_000, durationMs: 3_000 };
const SMALL_EFFORT = { rounds: 1, warmUpMs: 300, durationMs: 300 };
const MAX_CONNECTIONS = 1_000;
const AT_ONCE = [1, 16] as const;

interface OpeningFigures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU of one opening. */
  readonly routerMs: number;
  readonly workerMs: number;
  readonly serverMs: number;
}

interface Contender {
  readonly name: string;
  readonly server: Server;
  readonly host: string;
  readonly runs: Map<number, OpeningFigures[]>;
}

export async function measureWebSocketOpen(directory: string, { isSmall }: { isSmall: boolean }): Promise<Report> {
  const { rounds, ...times } = isSmall ? SMALL_EFFORT : EFFORT;
  const nano = await startSocketNano(join(directory, "nano"), {
    threads: ["shared", "dedicated"],
    maxConnections: MAX_CONNECTIONS,
  });
  const servers: Server[] = [nano];
  try {
    const workerd = await startSocketWorkerd(directory);
    servers.push(workerd);
    const contenders: Contender[] = [
      { name: "NANO, shared", server: nano, host: hostOfThread("shared"), runs: new Map() },
      { name: "NANO, dedicated", server: nano, host: hostOfThread("dedicated"), runs: new Map() },
      { name: "workerd", server: workerd, host: "localhost", runs: new Map() },
    ];
    for (let round = 0; round < rounds; round++) {
      process.stderr.write(`round ${round + 1} of ${rounds}\n`);
      for (const atOnce of AT_ONCE) {
        for (const { server, host, runs } of contenders) {
          const figures = await measureOpenings(server, { host, atOnce, ...times });
          runs.set(atOnce, [...(runs.get(atOnce) ?? []), figures]);
        }
      }
    }
    return describe(contenders, rounds);
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
}

async function measureOpenings(
  server: Server,
  job: { readonly host: string; readonly atOnce: number; readonly warmUpMs: number; readonly durationMs: number },
): Promise<OpeningFigures> {
  const { host, atOnce } = job;
  const client = startWebSocketClient();
  try {
    await client.ask("openings", { port: server.port, host, path: "/greet", atOnce });
    await delay(job.warmUpMs);
    const processes = socketProcessesOf(server);
    const before = cpuOf(processes);
    const { count, seconds, p50Ms, p99Ms } = await countFor(client, job.durationMs);
    const after = cpuOf(processes);
    await client.ask("stop");
    const msEach = (of: keyof typeof before): number => ((after[of] - before[of]) * 1000) / count;
    return {
      perSecond: count / seconds,
      p50Ms,
      p99Ms,
      routerMs: msEach("router"),
      workerMs: msEach("worker"),
      serverMs: msEach("all"),
    };
  } finally {
    await client.close();
  }
}

function describe(contenders: readonly Contender[], rounds: number): Report {
  const peer = contenders.find(({ name }) => name === "workerd");
  const rows = AT_ONCE.flatMap((atOnce) =>
    contenders.map(({ name, runs }) => {
      const figures = runs.get(atOnce) ?? [];
      const median = (key: keyof OpeningFigures): number => summarize(figures.map((each) => each[key])).median;
      const ratio = (key: keyof OpeningFigures): number =>
        summarize(figures.map((each, round) => each[key] / (peer?.runs.get(atOnce)?.[round]?.[key] ?? Number.NaN)))
          .median;
      return [
        formatCount(atOnce),
        name,
        formatCount(median("perSecond")),
        formatRatio(ratio("perSecond")),
        formatMs(median("p50Ms")),
        formatMs(median("p99Ms")),
        name === "workerd" ? "–" : formatMs(median("routerMs")),
        formatMs(median("workerMs")),
        formatMs(median("serverMs")),
      ];
    }),
  );
  return {
    title: `websocket, open: connect, upgrade, first message, close; first message: from connecting to the message that the app sends by itself; medians of ${rounds} rounds in turns`,
    head: [
      "at once",
      "",
      "connections/s",
      "× workerd",
      "first message p50",
      "p99",
      "CPU/connection: router",
      "worker",
      "all of the server",
    ],
    rows,
    data: contenders.map(({ name, runs }) => ({ name, runs: Object.fromEntries(runs) })),
  };
}
