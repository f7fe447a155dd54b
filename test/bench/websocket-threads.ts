/** `dedicated` beside `shared`: what a thread of its own costs a connection, and what it saves a quiet one from while others are busy. */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Server } from "./processes.ts";
import type { Report } from "./report.ts";
import { formatBytes, formatMs, summarize } from "./table.ts";
import { type Counted, countFor, startWebSocketClient } from "./websocket-client.ts";
import { type EchoFigures, measureEcho } from "./websocket-echo.ts";
import {
  hostOfThread,
  residentBytesOf,
  type SocketThread,
  socketProcessesOf,
  startSocketNano,
  threadCountOf,
} from "./websocket-servers.ts";

const EFFORT = { rounds: 5, count: 48, warmUpMs: 1_000, durationMs: 4_000 };
const SMALL_EFFORT = { rounds: 1, count: 4, warmUpMs: 50, durationMs: 300 };
const MAX_CONNECTIONS = 100;
const QUIET_EVERY_MS = 10;
/** Busy connections, each with one message after another of 5 ms CPU. */
const BUSY_COUNTS = [0, 1, 4] as const;
const SMALL = { kind: "text", payloadBytes: 16 } as const;

interface Contender {
  readonly thread: SocketThread;
  readonly server: Server;
  readonly quiet: Map<number, Counted[]>;
  readonly echo: EchoFigures[];
  bytesEach: number;
  threadsEach: number;
}

export async function measureWebSocketThreads(directory: string, { isSmall }: { isSmall: boolean }): Promise<Report> {
  const { rounds, count, ...times } = isSmall ? SMALL_EFFORT : EFFORT;
  const contenders: Contender[] = [];
  try {
    for (const thread of ["shared", "dedicated"] as const) {
      // One each, so that memory of one is not the other's.
      const options = { threads: [thread], maxConnections: MAX_CONNECTIONS };
      const server = await startSocketNano(join(directory, thread), options);
      const contender = { thread, server, quiet: new Map(), echo: [], bytesEach: Number.NaN, threadsEach: Number.NaN };
      contenders.push(contender);
      Object.assign(contender, await measureEach(contender, count));
    }
    for (let round = 0; round < rounds; round++) {
      process.stderr.write(`round ${round + 1} of ${rounds}\n`);
      for (const { server, thread, echo } of contenders) {
        echo.push(await measureEcho(server, hostOfThread(thread), { ...SMALL, ...times, count }));
      }
      for (const busyCount of BUSY_COUNTS) {
        for (const { server, thread, quiet } of contenders) {
          const counted = await measureQuiet(server, { host: hostOfThread(thread), busyCount, ...times });
          quiet.set(busyCount, [...(quiet.get(busyCount) ?? []), counted]);
        }
      }
    }
  } finally {
    await Promise.all(contenders.map(({ server }) => server.close()));
  }
  return describe(contenders, { rounds, count });
}

/** What each further connection adds, once it has answered a message. */
async function measureEach(
  { server, thread }: Contender,
  count: number,
): Promise<Pick<Contender, "bytesEach" | "threadsEach">> {
  const client = startWebSocketClient();
  const place = { port: server.port, host: hostOfThread(thread), path: "/", ...SMALL };
  const measure = async (): Promise<{ bytes: number; threads: number }> => {
    await client.ask("askAll");
    const { worker, all } = socketProcessesOf(server);
    return { bytes: residentBytesOf(all), threads: threadCountOf(worker) };
  };
  try {
    await client.ask("open", { ...place, count: 1 });
    const one = await measure();
    await client.ask("open", { ...place, count: count - 1 });
    const all = await measure();
    await client.ask("closeAll");
    return {
      bytesEach: (all.bytes - one.bytes) / (count - 1),
      threadsEach: (all.threads - one.threads) / (count - 1),
    };
  } finally {
    await client.close();
  }
}

async function measureQuiet(
  server: Server,
  job: { readonly host: string; readonly busyCount: number; readonly warmUpMs: number; readonly durationMs: number },
): Promise<Counted> {
  const { busyCount, ...place } = { port: server.port, ...job };
  const clients = { busy: startWebSocketClient(), quiet: startWebSocketClient() };
  try {
    await clients.quiet.ask("open", { ...place, ...SMALL, path: "/", count: 1 });
    await clients.busy.ask("open", { ...place, ...SMALL, path: "/burn", count: busyCount });
    await clients.busy.ask("roundTrips");
    await clients.quiet.ask("pace", QUIET_EVERY_MS);
    await delay(job.warmUpMs);
    const counted = await countFor(clients.quiet, job.durationMs);
    await Promise.all([clients.quiet.ask("stop"), clients.busy.ask("stop")]);
    await Promise.all([clients.quiet.ask("closeAll"), clients.busy.ask("closeAll")]);
    return counted;
  } finally {
    await Promise.all([clients.quiet.close(), clients.busy.close()]);
  }
}

function describe(contenders: readonly Contender[], { rounds, count }: { rounds: number; count: number }): Report {
  const rows = contenders.map(({ thread, quiet, echo, bytesEach, threadsEach }) => {
    const median = (key: keyof EchoFigures): number => summarize(echo.map((each) => each[key])).median;
    const besides = BUSY_COUNTS.map((busyCount) => {
      const runs = quiet.get(busyCount) ?? [];
      const p50 = summarize(runs.map((each) => each.p50Ms)).median;
      const p99 = summarize(runs.map((each) => each.p99Ms)).median;
      return `${formatMs(p50)} / ${formatMs(p99)}`;
    });
    return [
      thread,
      formatBytes(bytesEach),
      threadsEach.toFixed(1),
      formatMs(median("workerMs")),
      formatMs(median("p99Ms")),
      ...besides,
    ];
  });
  return {
    title: `websocket, threads: each further of ${count} connections; a quiet one that sends every ${QUIET_EVERY_MS} ms beside busy ones, whose messages take 5 ms CPU each, one after another; medians of ${rounds} rounds in turns`,
    head: [
      "",
      "memory",
      "threads",
      `CPU/round trip of the worker, ${count} connections`,
      "their p99",
      ...BUSY_COUNTS.map((busy) => `quiet beside ${busy} busy: p50 / p99`),
    ],
    rows,
    data: contenders.map(({ server: _, quiet, ...each }) => ({ ...each, quiet: Object.fromEntries(quiet) })),
  };
}
