/**
 * `hello` through router and worker (two processes over a Unix socket) beside workerd on the same handler, in turns.
 * Wanted: at least 1.2 times workerd's requests per second in `app` mode.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startNano } from "./nano-server.ts";
import { type LoadResult, load, type Server } from "./processes.ts";
import { report } from "./report.ts";
import { formatCount, formatMs, formatRatio, summarize } from "./table.ts";
import { startWorkerd } from "./workerd-server.ts";

const ROUNDS = 5;
const CONNECTIONS = 64;
const JOB = {
  path: "/",
  connections: CONNECTIONS,
  warmUpMs: 1_500,
  durationMs: 4_000,
  expect: "Hello from the bench\n",
};

const HANDLER = fileURLToPath(new URL("hello-handler.js", import.meta.url));

export async function benchHello(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "nano-bench-"));
  const servers: Server[] = [];
  try {
    const nano = await startNano(directory, HANDLER);
    servers.push(nano);
    const workerd = await startWorkerd(directory, HANDLER);
    servers.push(workerd);
    const contenders = [
      { name: "NANO, app mode", server: nano, host: "app.localhost" },
      { name: "workerd", server: workerd, host: "localhost" },
      { name: "NANO, request mode", server: nano, host: "request.localhost" },
    ];
    const results = new Map<string, LoadResult[]>(contenders.map(({ name }) => [name, []]));
    for (let round = 1; round <= ROUNDS; round++) {
      process.stderr.write(`round ${round} of ${ROUNDS}\n`);
      for (const { name, server, host } of contenders) {
        results.get(name)?.push(await load(server, { ...JOB, host }));
      }
    }
    const peer = results.get("workerd") ?? [];
    const ratio = (runs: readonly LoadResult[], key: "requestsPerSecond" | "requestsPerCpuSecond"): number =>
      summarize(runs.map((run, round) => run[key] / (peer[round]?.[key] ?? Number.NaN))).median;
    report("hello", {
      title: `hello: ${CONNECTIONS} keep-alive connections, closed loop, one generator process in Node, ${ROUNDS} rounds in turns, medians`,
      head: ["", "requests/s", "× workerd", "requests/CPU-s", "× workerd", "p50", "p99"],
      rows: [...results].map(([name, runs]) => {
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
      data: Object.fromEntries(results),
    });
  } finally {
    await Promise.all(servers.map((server) => server.close()));
    rmSync(directory, { recursive: true, force: true });
  }
}
