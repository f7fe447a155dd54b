/**
 * Operations of the Web API in a loop inside one request: NANO beside workerd and Node's own globals, the same handler, in turns. A request takes long
 * enough that its way there and back does not show.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { askHttp } from "../support/http-answer.ts";
import { startNanoWith } from "./nano-server.ts";
import { freePort, type Server, startServer } from "./processes.ts";
import { report } from "./report.ts";
import { formatCount, formatRatio, summarize } from "./table.ts";
import { startWorkerd } from "./workerd-server.ts";

const HANDLER = fileURLToPath(new URL("api-handler.js", import.meta.url));
const NODE_MAIN = fileURLToPath(new URL("api-node.main.ts", import.meta.url));
const OPERATIONS = [
  { path: "url", name: "parse a URL, read three parts" },
  { path: "headers", name: "Headers: make, append, set, iterate" },
  { path: "json", name: "JSON body of 1 KB: read and write" },
  { path: "sha256", name: "SHA-256 of 1 MiB" },
  { path: "decode", name: "TextDecoder of 1 MiB" },
  { path: "stream", name: "streamed body of 64 KiB, 16 chunks" },
] as const;
const EFFORT = { rounds: 5, durationMs: 400 };
const SMALL_EFFORT = { rounds: 1, durationMs: 20 };
/** As high as it may be: one request is the whole measurement. */
const LIMITS = { cpu_time_ms: 60_000 };

interface Contender {
  readonly name: string;
  readonly server: Server;
  readonly host: string;
}

export async function benchApi({ isSmall }: { readonly isSmall: boolean }): Promise<void> {
  const { rounds, durationMs } = isSmall ? SMALL_EFFORT : EFFORT;
  const directory = mkdtempSync(join(tmpdir(), "nano-bench-"));
  const servers: Server[] = [];
  const keep = (server: Server): Server => {
    servers.push(server);
    return server;
  };
  try {
    const app = { hostname: "app.localhost", entrypoint: HANDLER, isolation: "app", limits: LIMITS };
    const contenders: Contender[] = [
      { name: "NANO", server: keep(await startNanoWith(directory, [app])), host: "app.localhost" },
      { name: "Node", server: keep(await startNode()), host: "localhost" },
      { name: "workerd", server: keep(await startWorkerd(directory, HANDLER)), host: "localhost" },
    ];
    const rows: string[][] = [];
    const data: Record<string, Record<string, number[]>> = {};
    for (const { path, name } of OPERATIONS) {
      process.stderr.write(`${name}\n`);
      const perSecond = await measureOperation(contenders, path, { rounds, durationMs });
      data[path] = Object.fromEntries(perSecond);
      const [own = [], node = [], workerd = []] = [...perSecond.values()];
      const median = (values: readonly number[]): number => summarize(values).median;
      const ratio = (peer: readonly number[]): string =>
        formatRatio(median(own.map((value, round) => value / (peer[round] ?? Number.NaN))));
      rows.push([name, ...[own, node, workerd].map((each) => formatCount(median(each))), ratio(node), ratio(workerd)]);
    }
    report(isSmall ? "api-small" : "api", {
      title: `api: operations per second inside one request, medians of ${rounds} rounds in turns`,
      head: ["", "NANO", "Node", "workerd", "NANO ÷ Node", "NANO ÷ workerd"],
      rows,
      data,
    });
  } finally {
    await Promise.all(servers.map((server) => server.close()));
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Operations per second of each contender, round by round. @throws where their answers differ */
async function measureOperation(
  contenders: readonly Contender[],
  path: string,
  { rounds, durationMs }: { readonly rounds: number; readonly durationMs: number },
): Promise<Map<string, number[]>> {
  const perSecond = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  const counts = new Map<string, number>();
  for (const contender of contenders) counts.set(contender.name, await calibrate(contender, path, durationMs));
  const checked = await Promise.all(contenders.map((contender) => ask(contender, path, 3)));
  const answers = new Set(checked.map(({ answer }) => answer));
  if (answers.size !== 1) throw new Error(`${path}: the contenders answer ${[...answers].join(" and ")}`);
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) {
      const count = counts.get(contender.name) ?? 1;
      const { ms } = await ask(contender, path, count);
      perSecond.get(contender.name)?.push((count * 1000) / ms);
    }
  }
  return perSecond;
}

/** How many operations take about so long, once the code is hot. */
async function calibrate(contender: Contender, path: string, durationMs: number): Promise<number> {
  let count = 1;
  for (;;) {
    const { ms } = await ask(contender, path, count);
    if (ms >= durationMs / 2) return Math.max(1, Math.round((count * durationMs) / ms));
    count *= 2;
  }
}

async function ask({ server, host }: Contender, path: string, count: number): Promise<{ answer: string; ms: number }> {
  const startedMs = performance.now();
  const place = { host: "127.0.0.1", port: server.port, path: `/${path}?count=${count}` };
  const { status, text } = await askHttp(place, { headers: { host } });
  const ms = performance.now() - startedMs;
  if (status !== 200) throw new Error(`${server.name} answered ${path} with ${status}: ${text}`);
  return { answer: text, ms };
}

async function startNode(): Promise<Server> {
  const port = await freePort();
  return await startServer("Node", [process.execPath, NODE_MAIN, String(port)], { port, hosts: ["localhost"] });
}
