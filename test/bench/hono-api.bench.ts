/**
 * `hono-api`, an app of Hono and zod, given a JSON body that it validates and answers with: through router and worker in turns with workerd
 * on the same app, bundled as a module.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { startNanoWith } from "./nano-server.ts";
import { type LoadResult, load, type Server } from "./processes.ts";
import { type BenchOptions, type Effort, type RecordRow, ratiosOf, reportName } from "./record.ts";
import { report } from "./report.ts";
import { formatCount, formatMs, formatRatio, summarize } from "./table.ts";
import { inTurns } from "./turns.ts";
import { startWorkerd } from "./workerd-server.ts";

const EFFORTS: Readonly<Record<Effort, { rounds: number; warmUpMs: number; durationMs: number }>> = {
  full: { rounds: 5, warmUpMs: 1_500, durationMs: 4_000 },
  quick: { rounds: 5, warmUpMs: 300, durationMs: 800 },
  small: { rounds: 1, warmUpMs: 100, durationMs: 200 },
};
const CONNECTIONS = 64;
const APP_DIRECTORY = fileURLToPath(new URL("../apps/hono-api/", import.meta.url));
/** Replacing leaves the app as it is, however often. */
const BOOK = { title: "A Field Guide to Clouds", author: "Mira Sole", year: 1978, tags: ["nature", "second edition"] };
const JOB = {
  path: "/books/3",
  connections: CONNECTIONS,
  json: { method: "PUT", body: JSON.stringify(BOOK) },
  expect: JSON.stringify({ id: 3, ...BOOK }),
};

const APP = "NANO, app mode";
const WORKERD = "workerd";

export async function benchHonoApi({ effort }: BenchOptions): Promise<readonly RecordRow[]> {
  const { rounds, ...times } = EFFORTS[effort];
  const directory = mkdtempSync(join(tmpdir(), "nano-bench-"));
  const servers: Server[] = [];
  const keep = (server: Server): Server => {
    servers.push(server);
    return server;
  };
  try {
    const hosts = ["app", "request"].map((isolation) => ({ hostname: `${isolation}.localhost`, isolation }));
    const wanted = hosts.slice(0, effort === "quick" ? 1 : hosts.length);
    const nano = keep(
      await startNanoWith(
        directory,
        wanted.map((host) => ({ ...host, entrypoint: APP_DIRECTORY })),
      ),
    );
    const workerd = keep(await startWorkerd(directory, await bundleForWorkerd(directory)));
    const job = { ...JOB, ...times };
    const contenders: Record<string, () => Promise<LoadResult>> = {
      [APP]: () => load(nano, { ...job, host: "app.localhost" }),
      [WORKERD]: () => load(workerd, { ...job, host: "localhost" }),
    };
    if (wanted.length > 1) contenders["NANO, request mode"] = () => load(nano, { ...job, host: "request.localhost" });
    const results = await inTurns(rounds, contenders);
    const of = (name: string, value: (run: LoadResult) => number): number[] => (results[name] ?? []).map(value);
    const median = (name: string, value: (run: LoadResult) => number): number => summarize(of(name, value)).median;
    const ratios = (name: string, value: (run: LoadResult) => number): number[] =>
      ratiosOf(of(name, value), of(WORKERD, value));
    const perSecond = (run: LoadResult): number => run.requestsPerSecond;
    const perCpuSecond = (run: LoadResult): number => run.requestsPerCpuSecond;
    report(reportName("hono-api", effort), {
      title: `hono-api: PUT of a JSON body that is validated, ${CONNECTIONS} keep-alive connections, closed loop, one generator process in Node, ${rounds} rounds in turns, medians`,
      head: ["", "requests/s", "× workerd", "requests/CPU-s", "× workerd", "p50", "p99"],
      rows: Object.keys(results).map((name) => [
        name,
        formatCount(median(name, perSecond)),
        formatRatio(summarize(ratios(name, perSecond)).median),
        formatCount(median(name, perCpuSecond)),
        formatRatio(summarize(ratios(name, perCpuSecond)).median),
        formatMs(median(name, (run) => run.p50Ms)),
        formatMs(median(name, (run) => run.p99Ms)),
      ]),
      data: results,
    });
    return [
      {
        name: "hono-api-throughput",
        what: "`hono-api` with JSON bodies and validation, `app` mode, requests/s",
        peer: "workerd",
        unit: "×",
        better: "higher",
        atLeast: 1.2,
        aim: 1.5,
        rounds: ratios(APP, perSecond),
        how: `closed loop, ${CONNECTIONS} keep-alive connections, one generator process in Node, ${rounds} rounds in turns; NANO in app mode: router and worker, two processes over a Unix socket; workerd: one process`,
        figures: {
          nanoPerSecond: median(APP, perSecond),
          workerdPerSecond: median(WORKERD, perSecond),
          nanoPerCpuSecond: median(APP, perCpuSecond),
          workerdPerCpuSecond: median(WORKERD, perCpuSecond),
        },
      },
    ];
  } finally {
    await Promise.all(servers.map((server) => server.close()));
    rmSync(directory, { recursive: true, force: true });
  }
}

/** One module, by the conditions that NANO bundles with. */
async function bundleForWorkerd(directory: string): Promise<string> {
  const outfile = join(directory, "hono-api.js");
  await build({
    entryPoints: [join(APP_DIRECTORY, "src/index.ts")],
    outfile,
    bundle: true,
    minify: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "warning",
  });
  return outfile;
}
