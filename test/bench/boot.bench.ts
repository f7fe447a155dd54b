/** The one-machine mode from its exec to its first answer, with six apps that an earlier run has built. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { NANOCTL } from "./nano-server.ts";
import { endProcess, freePort } from "./processes.ts";
import { type BenchOptions, type Effort, type RecordRow, reportName } from "./record.ts";
import { report } from "./report.ts";
import { formatMs, summarize } from "./table.ts";

const EFFORTS: Readonly<Record<Effort, { boots: number; apps: readonly string[] }>> = {
  full: {
    boots: 15,
    apps: ["hello", "hono-api", "react-ssr", "markdown-blog", "slow-init", "zod-schema"],
  },
  quick: { boots: 3, apps: ["hello", "hono-api"] },
  small: { boots: 1, apps: ["hello"] },
};
/** Between looks whether it answers: a look that is refused costs what boots next to nothing. */
const LOOK_MS = 2;
const TIMEOUT_MS = 120_000;
const KEPT_OUTPUT_CHARS = 8_192;
const FIRST_APP = "hello";
const EXPECT = "Hello, World!\n";
const APPS_DIRECTORY = fileURLToPath(new URL("../apps/", import.meta.url));

interface Boot {
  readonly firstMs: number;
  /** Every app has answered. */
  readonly allMs: number;
}

export async function benchBoot({ effort }: BenchOptions): Promise<readonly RecordRow[]> {
  const { boots, apps } = EFFORTS[effort];
  const directory = mkdtempSync(join(tmpdir(), "nano-bench-"));
  try {
    const port = await freePort();
    const server = { port, admin_port: await freePort() };
    const entries = apps.map((app) => ({ hostname: hostOf(app), entrypoint: join(APPS_DIRECTORY, app) }));
    const config = join(directory, "nano.json");
    writeFileSync(config, JSON.stringify({ server, apps: entries }));
    const command = ["run", "--config", config, "--data-dir", join(directory, "data")];
    const built = await boot(command, { port, apps });
    const measured: Boot[] = [];
    for (let i = 0; i < boots; i++) measured.push(await boot(command, { port, apps }));
    const first = summarize(measured.map(({ firstMs }) => firstMs));
    const all = summarize(measured.map(({ allMs }) => allMs));
    const how = `${apps.length} apps, built by a run before (${formatMs(built.firstMs)} to its first answer), \`nanoctl run\` with its data directory, ${boots} boots in a row, looked at every ${LOOK_MS} ms`;
    report(reportName("boot", effort), {
      title: `boot: ${how}`,
      head: ["from exec until", "p50", "p99", "least"],
      rows: [
        [`${FIRST_APP} answers`, formatMs(first.median), formatMs(first.p99), formatMs(first.min)],
        ["every app has answered", formatMs(all.median), formatMs(all.p99), formatMs(all.min)],
      ],
      data: measured,
    });
    return [
      {
        name: "boot",
        what: `boot of the one-machine mode with ${apps.length} apps already built, from exec to the first answer`,
        peer: null,
        unit: "ms",
        better: "lower",
        atLeast: 1_000,
        aim: 500,
        rounds: measured.map(({ firstMs }) => firstMs),
        how,
        figures: { firstP50Ms: first.median, firstP99Ms: first.p99, allP50Ms: all.median },
      },
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function boot(
  command: readonly string[],
  { port, apps }: { readonly port: number; readonly apps: readonly string[] },
): Promise<Boot> {
  const startMs = performance.now();
  const child = spawn(NANOCTL, command, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const keep = (text: Buffer): void => {
    output = (output + text.toString()).slice(-KEPT_OUTPUT_CHARS);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  try {
    const since = async (app: string): Promise<number> => {
      await untilAnswer({ port, app, child, output: () => output });
      return performance.now() - startMs;
    };
    const firstMs = await since(FIRST_APP);
    let allMs = firstMs;
    for (const app of apps) allMs = await since(app);
    return { firstMs, allMs };
  } finally {
    await endProcess(child);
  }
}

interface Look {
  readonly port: number;
  readonly app: string;
  readonly child: ChildProcess;
  output(): string;
}

/** @throws where it ends, or takes too long */
async function untilAnswer({ port, app, child, output }: Look): Promise<void> {
  const deadlineMs = performance.now() + TIMEOUT_MS;
  for (;;) {
    const answer = await look(port, app);
    if (answer !== null) {
      if (app === FIRST_APP && answer !== EXPECT) throw new Error(`${app} answered ${answer.slice(0, 200)}`);
      return;
    }
    if (child.exitCode !== null || performance.now() > deadlineMs) throw new Error(`NANO did not boot:\n${output()}`);
    await delay(LOOK_MS);
  }
}

/** The text of an answer that is 200, or null. */
function look(port: number, app: string): Promise<string | null> {
  return new Promise((resolve) => {
    const place = { host: "127.0.0.1", port, path: "/", headers: { host: hostOf(app) }, agent: false };
    const req = request(place, (res) => {
      let text = "";
      res.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      res.on("end", () => resolve(res.statusCode === 200 ? text : null));
    });
    req.on("error", () => resolve(null));
    req.end();
  });
}

function hostOf(app: string): string {
  return `${app}.localhost`;
}
