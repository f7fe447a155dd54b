/** `hello` at half of NANO's capacity in `app` mode, open loop: its latencies in turns with workerd's at the same rate. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startNanoWith } from "./nano-server.ts";
import { load, loadAtRate, type Server } from "./processes.ts";
import { type BenchOptions, type Effort, type RecordRow, ratiosOf, reportName } from "./record.ts";
import { report } from "./report.ts";
import { formatCount, formatMs, formatRatio, summarize } from "./table.ts";
import { inTurns } from "./turns.ts";
import { startWorkerd } from "./workerd-server.ts";

interface Times {
  readonly warmUpMs: number;
  readonly durationMs: number;
}
const EFFORTS: Readonly<Record<Effort, { readonly rounds: number; readonly closed: Times; readonly open: Times }>> = {
  full: {
    rounds: 7,
    closed: { warmUpMs: 1_500, durationMs: 4_000 },
    open: { warmUpMs: 1_000, durationMs: 6_000 },
  },
  quick: { rounds: 3, closed: { warmUpMs: 300, durationMs: 800 }, open: { warmUpMs: 300, durationMs: 1_500 } },
  small: { rounds: 1, closed: { warmUpMs: 100, durationMs: 200 }, open: { warmUpMs: 200, durationMs: 300 } },
};
/** Looks at the capacity; a machine that is slow for a while must not halve it. */
const CAPACITY_ROUNDS = 3;
const USAGE_RATIO = 0.5;
const CONNECTIONS = 64;
const HANDLER = fileURLToPath(new URL("hello-handler.js", import.meta.url));
const JOB = { path: "/", connections: CONNECTIONS, expect: "Hello from the bench\n" };

export async function benchLatency({ effort }: BenchOptions): Promise<readonly RecordRow[]> {
  const { rounds, closed, open } = EFFORTS[effort];
  const directory = mkdtempSync(join(tmpdir(), "nano-bench-"));
  const servers: Server[] = [];
  try {
    const apps = [{ hostname: "app.localhost", entrypoint: HANDLER, isolation: "app" }];
    const nano = await startNanoWith(directory, apps);
    servers.push(nano);
    const workerd = await startWorkerd(directory, HANDLER);
    servers.push(workerd);
    const capacities: number[] = [];
    for (let i = 0; i < CAPACITY_ROUNDS; i++) {
      capacities.push((await load(nano, { ...JOB, ...closed, host: "app.localhost" })).requestsPerSecond);
    }
    const capacity = summarize(capacities).median;
    const rate = capacity * USAGE_RATIO;
    const runs = await inTurns(rounds, {
      nano: () => loadAtRate(nano, { ...JOB, ...open, host: "app.localhost", requestsPerSecond: rate }),
      workerd: () => loadAtRate(workerd, { ...JOB, ...open, host: "localhost", requestsPerSecond: rate }),
    });
    const values = (name: keyof typeof runs, key: "p50Ms" | "p99Ms"): number[] => runs[name].map((run) => run[key]);
    const ratios = (key: "p50Ms" | "p99Ms"): number[] => ratiosOf(values("nano", key), values("workerd", key));
    const how = `open loop at ${formatCount(rate)} requests/s, half of what the closed loop had (${formatCount(capacity)}), at most ${CONNECTIONS} keep-alive connections, one generator process in Node, ${rounds} rounds in turns; NANO in app mode: router and worker, two processes over a Unix socket; workerd: one process`;
    report(reportName("latency", effort), {
      title: `latency: hello, ${how}`,
      head: ["", "p50", "p99"],
      rows: [
        ...(["nano", "workerd"] as const).map((name) => [
          name === "nano" ? "NANO, app mode" : "workerd",
          formatMs(summarize(values(name, "p50Ms")).median),
          formatMs(summarize(values(name, "p99Ms")).median),
        ]),
        [
          "NANO ÷ workerd",
          formatRatio(summarize(ratios("p50Ms")).median),
          formatRatio(summarize(ratios("p99Ms")).median),
        ],
      ],
      data: { capacity, rate, ...runs },
    });
    return [
      {
        name: "latency-half-capacity",
        what: "`app` mode, p99 at half capacity",
        peer: "workerd at the same rate",
        unit: "×",
        better: "lower",
        atLeast: 1,
        aim: 0.5,
        rounds: ratios("p99Ms"),
        how,
        figures: {
          requestsPerSecond: rate,
          nanoP50Ms: summarize(values("nano", "p50Ms")).median,
          nanoP99Ms: summarize(values("nano", "p99Ms")).median,
          workerdP50Ms: summarize(values("workerd", "p50Ms")).median,
          workerdP99Ms: summarize(values("workerd", "p99Ms")).median,
        },
      },
    ];
  } finally {
    await Promise.all(servers.map((server) => server.close()));
    rmSync(directory, { recursive: true, force: true });
  }
}
