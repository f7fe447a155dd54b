/**
 * What `request` mode costs: requests of one worker beside bare contexts of the same snapshot, made and released in a row; and, at a tenth of
 * that capacity, how much longer a request takes than in `app` mode.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BareContextsCommands } from "./bare-contexts.main.ts";
import { BenchChild } from "./bench-child.ts";
import { startNanoWith } from "./nano-server.ts";
import { type LoadResult, load, loadAtRate, type Server } from "./processes.ts";
import { type BenchOptions, type Effort, type RecordRow, ratiosOf, reportName } from "./record.ts";
import { report } from "./report.ts";
import { formatCount, formatMs, formatRatio, summarize } from "./table.ts";
import { inTurns } from "./turns.ts";

interface Times {
  readonly warmUpMs: number;
  readonly durationMs: number;
}
interface EffortFigures {
  readonly rounds: number;
  readonly contextCount: number;
  readonly closed: Times;
  /** Null: latencies are not measured. */
  readonly open: Times | null;
}
const EFFORTS: Readonly<Record<Effort, EffortFigures>> = {
  full: {
    rounds: 5,
    contextCount: 5_000,
    closed: { warmUpMs: 1_500, durationMs: 4_000 },
    open: { warmUpMs: 500, durationMs: 10_000 },
  },
  quick: { rounds: 5, contextCount: 1_000, closed: { warmUpMs: 300, durationMs: 1_000 }, open: null },
  small: {
    rounds: 1,
    contextCount: 50,
    closed: { warmUpMs: 100, durationMs: 200 },
    open: { warmUpMs: 200, durationMs: 300 },
  },
};
const CONNECTIONS = 64;
/** Of the capacity in `request` mode. */
const USAGE_RATIO = 0.1;
const APP_DIRECTORY = fileURLToPath(new URL("../apps/hello/", import.meta.url));
const CONTEXTS_MAIN = fileURLToPath(new URL("bare-contexts.main.ts", import.meta.url));
const JOB = { path: "/", connections: CONNECTIONS, expect: "Hello, World!\n" };

export async function benchRequestMode({ effort }: BenchOptions): Promise<readonly RecordRow[]> {
  const { rounds, contextCount, closed, open } = EFFORTS[effort];
  const directory = mkdtempSync(join(tmpdir(), "nano-bench-"));
  const contexts = new BenchChild<BareContextsCommands>(CONTEXTS_MAIN, ["--no-node-snapshot"]);
  let nano: Server | null = null;
  try {
    const modes = ["app", "request"].map((isolation) => ({ hostname: `${isolation}.localhost`, isolation }));
    const apps = modes.map((mode) => ({ ...mode, entrypoint: APP_DIRECTORY, limits: { workers: 1 } }));
    const server = await startNanoWith(directory, apps);
    nano = server;
    await contexts.ask("open", APP_DIRECTORY);
    const capacity = await inTurns(rounds, {
      request: async () => (await load(server, { ...JOB, ...closed, host: "request.localhost" })).requestsPerSecond,
      contexts: async () => (contextCount * 1000) / (await contexts.ask("makeAndRelease", contextCount)),
    });
    const rate = Math.max(1, summarize(capacity.request).median * USAGE_RATIO);
    const at = (host: string, times: Times): Promise<LoadResult> =>
      loadAtRate(server, { ...JOB, ...times, host, requestsPerSecond: rate });
    const latencies =
      open === null
        ? null
        : await inTurns(rounds, {
            app: () => at("app.localhost", open),
            request: () => at("request.localhost", open),
          });
    print({ capacity, latencies, rate }, effort);
    const how = `${CONNECTIONS} keep-alive connections, one generator process in Node, \`hello\` on one worker, router and worker over a Unix socket, ${rounds} rounds in turns`;
    const throughput: RecordRow = {
      name: "request-mode-throughput",
      what: "`request` mode, requests/s of one worker",
      peer: `contexts of the same snapshot, ${formatCount(contextCount)} in a row`,
      unit: "×",
      better: "higher",
      atLeast: 0.8,
      aim: 0.9,
      rounds: ratiosOf(capacity.request, capacity.contexts),
      how: `closed loop, ${how}; contexts: isolated-vm alone, made and released one after the other in a fresh isolate of a process of its own, garbage collection included`,
      figures: {
        requestsPerSecond: summarize(capacity.request).median,
        contextsPerSecond: summarize(capacity.contexts).median,
      },
    };
    if (latencies === null) return [throughput];
    const added = (key: "p50Ms" | "p99Ms"): number[] =>
      latencies.request.map((run, round) => run[key] - (latencies.app[round]?.[key] ?? Number.NaN));
    const addedRow = (key: "p50Ms" | "p99Ms", name: string, wanted: { atLeast: number; aim: number }): RecordRow => ({
      name: `request-mode-added-${name}`,
      what: `\`request\` mode, added ${name} at a tenth of its capacity`,
      peer: "`app` mode",
      unit: "added ms",
      better: "lower",
      ...wanted,
      rounds: added(key),
      how: `open loop at ${formatCount(rate)} requests/s, at most ${how}`,
      figures: {
        appMs: summarize(latencies.app.map((run) => run[key])).median,
        requestMs: summarize(latencies.request.map((run) => run[key])).median,
        requestsPerSecond: rate,
      },
    });
    return [
      throughput,
      addedRow("p50Ms", "p50", { atLeast: 0.05, aim: 0.02 }),
      addedRow("p99Ms", "p99", { atLeast: 5, aim: 2 }),
    ];
  } finally {
    await contexts.close();
    await nano?.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Measured {
  readonly capacity: { readonly request: readonly number[]; readonly contexts: readonly number[] };
  readonly latencies: { readonly app: readonly LoadResult[]; readonly request: readonly LoadResult[] } | null;
  readonly rate: number;
}

function print({ capacity, latencies, rate }: Measured, effort: Effort): void {
  const median = (values: readonly number[]): number => summarize(values).median;
  const latency = (runs: readonly LoadResult[] | undefined, key: "p50Ms" | "p99Ms"): string =>
    runs === undefined ? "–" : formatMs(median(runs.map((run) => run[key])));
  report(reportName("request-mode", effort), {
    title: `request mode: \`hello\` on one worker, medians of ${capacity.request.length} rounds in turns; capacity closed loop over ${CONNECTIONS} connections${latencies === null ? "" : `, latencies open loop at ${formatCount(rate)} requests/s`}`,
    head: ["", "per second", "÷ contexts", "p50 at a tenth", "p99 at a tenth"],
    rows: [
      [
        "requests, request mode",
        formatCount(median(capacity.request)),
        formatRatio(median(ratiosOf(capacity.request, capacity.contexts))),
        latency(latencies?.request, "p50Ms"),
        latency(latencies?.request, "p99Ms"),
      ],
      ["bare contexts made and released", formatCount(median(capacity.contexts)), formatRatio(1), "–", "–"],
      ["requests, app mode", "–", "–", latency(latencies?.app, "p50Ms"), latency(latencies?.app, "p99Ms")],
    ],
    data: { capacity, latencies, rate },
  });
}
