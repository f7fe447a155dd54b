/** Bodies of 64 KiB and 1 MiB, streamed up and down through router and worker, in turns with workerd on the same handler. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BodiesJob } from "./bodies-generator.ts";
import { startNanoWith } from "./nano-server.ts";
import { type LoadResult, loadBy, type Server } from "./processes.ts";
import { type BenchOptions, type Effort, type RecordRow, ratiosOf, reportName } from "./record.ts";
import { report } from "./report.ts";
import { formatCount, formatMs, formatRatio, summarize } from "./table.ts";
import { inTurns } from "./turns.ts";
import { startWorkerd } from "./workerd-server.ts";

const EFFORTS: Readonly<Record<Effort, { rounds: number; warmUpMs: number; durationMs: number }>> = {
  full: { rounds: 5, warmUpMs: 1_000, durationMs: 3_000 },
  quick: { rounds: 3, warmUpMs: 200, durationMs: 500 },
  small: { rounds: 1, warmUpMs: 100, durationMs: 150 },
};
const CONNECTIONS = 16;
const MIB = 1024 * 1024;
const MB = 1_000_000;
const CASES = [
  { name: "64k-up", what: "64 KiB up", direction: "up", bodyBytes: MIB / 16 },
  { name: "64k-down", what: "64 KiB down", direction: "down", bodyBytes: MIB / 16 },
  { name: "1m-up", what: "1 MiB up", direction: "up", bodyBytes: MIB },
  { name: "1m-down", what: "1 MiB down", direction: "down", bodyBytes: MIB },
] as const;
const HANDLER = fileURLToPath(new URL("bodies-handler.js", import.meta.url));
/** The machine may be loaded, and then an entry takes long without taking CPU. */
const LIMITS = { cpu_time_ms: 5_000 };

export async function benchBodies({ effort }: BenchOptions): Promise<readonly RecordRow[]> {
  const { rounds, ...times } = EFFORTS[effort];
  const directory = mkdtempSync(join(tmpdir(), "nano-bench-"));
  const servers: Server[] = [];
  try {
    const apps = [{ hostname: "app.localhost", entrypoint: HANDLER, isolation: "app", limits: LIMITS }];
    const nano = await startNanoWith(directory, apps);
    servers.push(nano);
    const workerd = await startWorkerd(directory, HANDLER);
    servers.push(workerd);
    const rows: RecordRow[] = [];
    const cells: string[][] = [];
    const data: Record<string, unknown> = {};
    const how = `closed loop, ${CONNECTIONS} keep-alive connections, one generator process in Node, ${rounds} rounds in turns; NANO in app mode: router and worker, two processes over a Unix socket; workerd: one process; the app reads and makes bodies chunk by chunk`;
    for (const { name, what, ...body } of CASES) {
      process.stderr.write(`${what}\n`);
      const job = { connections: CONNECTIONS, ...body, ...times };
      const by = (server: Server, host: string) => () =>
        loadBy("bodies-generator.ts", server, { job: { ...job, host } satisfies Omit<BodiesJob, "port"> });
      const runs = await inTurns(rounds, { nano: by(nano, "app.localhost"), workerd: by(workerd, "localhost") });
      const mbPerSecond = (run: LoadResult): number => (run.requestsPerSecond * body.bodyBytes) / MB;
      const mbPerCpuSecond = (run: LoadResult): number => (run.requestsPerCpuSecond * body.bodyBytes) / MB;
      const ratios = (value: (run: LoadResult) => number): number[] =>
        ratiosOf(runs.nano.map(value), runs.workerd.map(value));
      const median = (contender: keyof typeof runs, value: (run: LoadResult) => number): number =>
        summarize(runs[contender].map(value)).median;
      data[name] = runs;
      rows.push({
        name: `bodies-${name}`,
        what: `bodies of ${what}, streamed, MB/s`,
        peer: "workerd",
        unit: "×",
        better: "higher",
        atLeast: 1,
        aim: 2,
        rounds: ratios(mbPerSecond),
        how,
        figures: {
          nanoMbPerSecond: median("nano", mbPerSecond),
          workerdMbPerSecond: median("workerd", mbPerSecond),
          nanoMbPerCpuSecond: median("nano", mbPerCpuSecond),
          workerdMbPerCpuSecond: median("workerd", mbPerCpuSecond),
        },
      });
      cells.push([
        what,
        formatCount(median("nano", mbPerSecond)),
        formatCount(median("workerd", mbPerSecond)),
        formatRatio(summarize(ratios(mbPerSecond)).median),
        formatRatio(summarize(ratios(mbPerCpuSecond)).median),
        `${formatMs(median("nano", (run) => run.p50Ms))} / ${formatMs(median("nano", (run) => run.p99Ms))}`,
        `${formatMs(median("workerd", (run) => run.p50Ms))} / ${formatMs(median("workerd", (run) => run.p99Ms))}`,
      ]);
    }
    report(reportName("bodies", effort), {
      title: `bodies: ${how}; medians`,
      head: [
        "body",
        "NANO MB/s",
        "workerd MB/s",
        "× workerd",
        "× workerd per CPU-s",
        "NANO p50 / p99",
        "workerd p50 / p99",
      ],
      rows: cells,
      data,
    });
    return rows;
  } finally {
    await Promise.all(servers.map((server) => server.close()));
    rmSync(directory, { recursive: true, force: true });
  }
}
