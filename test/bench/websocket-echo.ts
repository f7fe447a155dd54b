/**
 * Round trips of an echo: connections that each send as soon as they are answered, beside workerd with the same handler, in turns.
 * Wanted: at least workerd's at 100 connections on a shared thread.
 */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Server } from "./processes.ts";
import type { Report } from "./report.ts";
import { formatCount, formatMs, formatRatio, summarize } from "./table.ts";
import { countFor, startWebSocketClient } from "./websocket-client.ts";
import type { MessageKind } from "./websocket-message.ts";
import { cpuOf, hostOfThread, socketProcessesOf, startSocketNano, startSocketWorkerd } from "./websocket-servers.ts";

const EFFORT = { rounds: 5, warmUpMs: 1_000, durationMs: 3_000, scale: 1 };
const SMALL_EFFORT = { rounds: 1, warmUpMs: 50, durationMs: 200, scale: 0.1 };
const MAX_CONNECTIONS = 2_000;

type Contender = "shared" | "dedicated" | "workerd";
const COUNTS: readonly { readonly count: number; readonly contenders: readonly Contender[] }[] = [
  { count: 1, contenders: ["shared", "dedicated", "workerd"] },
  { count: 50, contenders: ["dedicated", "workerd"] },
  { count: 100, contenders: ["shared", "workerd"] },
  { count: 1_000, contenders: ["shared", "workerd"] },
];
const MESSAGES: readonly { readonly name: string; readonly kind: MessageKind; readonly payloadBytes: number }[] = [
  { name: "16 B text", kind: "text", payloadBytes: 16 },
  { name: "64 KiB binary", kind: "binary", payloadBytes: 64 * 1024 },
];

interface EchoJob {
  readonly count: number;
  readonly kind: MessageKind;
  readonly payloadBytes: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
}

export interface EchoFigures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU of one round trip. */
  readonly routerMs: number;
  readonly workerMs: number;
  readonly serverMs: number;
  readonly clientMs: number;
}

/** One run against one host, from a client process of its own. */
export async function measureEcho(server: Server, host: string, job: EchoJob): Promise<EchoFigures> {
  const { count: connections, kind, payloadBytes } = job;
  const client = startWebSocketClient();
  try {
    await client.ask("open", { port: server.port, host, path: "/", count: connections, kind, payloadBytes });
    const processes = socketProcessesOf(server);
    await client.ask("roundTrips");
    await delay(job.warmUpMs);
    const before = cpuOf(processes);
    const { count, seconds, cpuSeconds, ...latencies } = await countFor(client, job.durationMs);
    const after = cpuOf(processes);
    await client.ask("stop");
    await client.ask("closeAll");
    const msEach = (of: keyof typeof before): number => ((after[of] - before[of]) * 1000) / count;
    return {
      ...latencies,
      perSecond: count / seconds,
      routerMs: msEach("router"),
      workerMs: msEach("worker"),
      serverMs: msEach("all"),
      clientMs: (cpuSeconds * 1000) / count,
    };
  } finally {
    await client.close();
  }
}

interface Case {
  readonly name: string;
  readonly count: number;
  readonly runs: Map<Contender, EchoFigures[]>;
}

export async function measureWebSocketEcho(directory: string, { isSmall }: { isSmall: boolean }): Promise<Report> {
  const { rounds, scale, ...times } = isSmall ? SMALL_EFFORT : EFFORT;
  const nano = await startSocketNano(join(directory, "nano"), {
    threads: ["shared", "dedicated"],
    maxConnections: MAX_CONNECTIONS,
  });
  const servers: Server[] = [nano];
  const cases: Case[] = [];
  try {
    const workerd = await startSocketWorkerd(directory);
    servers.push(workerd);
    const targetOf = (contender: Contender): { server: Server; host: string } =>
      contender === "workerd"
        ? { server: workerd, host: "localhost" }
        : { server: nano, host: hostOfThread(contender) };
    for (let round = 0; round < rounds; round++) {
      process.stderr.write(`round ${round + 1} of ${rounds}\n`);
      for (const { name, ...message } of MESSAGES) {
        for (const { count: fullCount, contenders } of COUNTS) {
          const count = Math.ceil(fullCount * scale);
          const known = cases.find((each) => each.name === name && each.count === count);
          const each = known ?? { name, count, runs: new Map() };
          if (known === undefined) cases.push(each);
          for (const contender of contenders) {
            const { server, host } = targetOf(contender);
            const figures = await measureEcho(server, host, { ...message, ...times, count });
            each.runs.set(contender, [...(each.runs.get(contender) ?? []), figures]);
          }
        }
      }
    }
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
  return describe(cases, rounds);
}

function describe(cases: readonly Case[], rounds: number): Report {
  const rows = cases.flatMap(({ name, count, runs }) => {
    const peer = runs.get("workerd") ?? [];
    return [...runs].map(([contender, figures]) => {
      const median = (key: keyof EchoFigures): number => summarize(figures.map((each) => each[key])).median;
      const ratio = (key: keyof EchoFigures): number =>
        summarize(figures.map((each, round) => each[key] / (peer[round]?.[key] ?? Number.NaN))).median;
      const isPeer = contender === "workerd";
      return [
        name,
        formatCount(count),
        isPeer ? "workerd" : `NANO, ${contender}`,
        formatCount(median("perSecond")),
        formatRatio(ratio("perSecond")),
        formatMs(median("p50Ms")),
        formatMs(median("p99Ms")),
        formatRatio(ratio("p99Ms")),
        isPeer ? "–" : formatMs(median("routerMs")),
        formatMs(median("workerMs")),
        formatMs(median("serverMs")),
        formatMs(median("clientMs")),
      ];
    });
  });
  return {
    title: `websocket, echo: one message in flight on each connection, one client process in Node, medians of ${rounds} rounds in turns`,
    head: [
      "message",
      "connections",
      "",
      "round trips/s",
      "× workerd",
      "p50",
      "p99",
      "× workerd",
      "CPU/round trip: router",
      "worker",
      "all of the server",
      "client",
    ],
    rows,
    data: cases.map((each) => ({ ...each, runs: Object.fromEntries(each.runs) })),
  };
}
