/** Builds of `hono-api` by a builder that is warm: from the upload of a bundle to the registry until its sliver is published. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleApp } from "@nano/bundle/bundle-app";
import { createRegistryClient, type RegistryClient } from "@nano/cli/registry/registry-client";
import type { AppName } from "@nano/protocol/brands";
import type { BuildEvent } from "@nano/protocol/records";
import { startNanoWith } from "./nano-server.ts";
import type { Server } from "./processes.ts";
import { type BenchOptions, type Effort, type RecordRow, reportName } from "./record.ts";
import { report } from "./report.ts";
import { formatMs, summarize } from "./table.ts";

const EFFORTS: Readonly<Record<Effort, { warmUps: number; builds: number }>> = {
  full: { warmUps: 3, builds: 20 },
  quick: { warmUps: 2, builds: 8 },
  small: { warmUps: 0, builds: 2 },
};
/** So that a builder prepares for the next build, as one does that is not always busy. */
const PAUSE_MS = 500;
const HONO_API = fileURLToPath(new URL("../apps/hono-api/", import.meta.url));
const HELLO = fileURLToPath(new URL("../apps/hello/", import.meta.url));
const TIMEOUT_MS = 600_000;
const SOCKET = "registry.sock";

interface Build {
  readonly ms: number;
  /** What the builder says of itself: from its taking the job. */
  readonly builderMs: number;
}

export async function benchBuild({ effort }: BenchOptions): Promise<readonly RecordRow[]> {
  const { warmUps, builds } = EFFORTS[effort];
  const directory = mkdtempSync(join(tmpdir(), "nano-bench-"));
  const sockets = join(directory, "run");
  mkdirSync(sockets);
  let nano: Server | null = null;
  try {
    const apps = [{ hostname: "hello.localhost", entrypoint: HELLO }];
    nano = await startNanoWith(directory, apps, { XDG_RUNTIME_DIR: sockets });
    const registry = createRegistryClient(findSocket(sockets), AbortSignal.timeout(TIMEOUT_MS));
    const app = "hono-api-bench" as AppName;
    await registry.createApp(app);
    const bundled = await bundleApp({ dir: HONO_API });
    const measured: Build[] = [];
    for (let number = -warmUps; number < builds; number++) {
      const build = await measureBuild(registry, app, { bundled, number });
      if (number >= 0) measured.push(build);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    const ms = summarize(measured.map((build) => build.ms));
    const builderMs = summarize(measured.map((build) => build.builderMs));
    const how = `hono-api, one at a time, ${builds} builds of bundles that differ, after ${warmUps} uncounted, one-machine mode over the registry's Unix socket; from the first byte of the upload until the event that it is built`;
    report(reportName("build", effort), {
      title: `build: ${how}`,
      head: ["", "p50", "p99", "least"],
      rows: [
        ["upload to published", formatMs(ms.median), formatMs(ms.p99), formatMs(ms.min)],
        ["of it the builder's", formatMs(builderMs.median), formatMs(builderMs.p99), formatMs(builderMs.min)],
      ],
      data: measured,
    });
    return [
      {
        name: "build-hono-api",
        what: "build of a sliver for `hono-api`, from upload to published, warm builder, p50",
        peer: null,
        unit: "ms",
        better: "lower",
        atLeast: 1_000,
        aim: 300,
        rounds: measured.map((build) => build.ms),
        how,
        figures: { p50Ms: ms.median, p99Ms: ms.p99, builderP50Ms: builderMs.median },
      },
    ];
  } finally {
    await nano?.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measureBuild(
  registry: RegistryClient,
  app: AppName,
  { bundled, number }: { readonly bundled: Awaited<ReturnType<typeof bundleApp>>; readonly number: number },
): Promise<Build> {
  const { artifact, manifest } = bundled;
  if (artifact === null) throw new Error("hono-api has no script");
  // The same code, and bytes that no builder has seen.
  const bytes = Buffer.from(JSON.stringify({ ...artifact, script: `${artifact.script}\n// ${number}\n` }));
  const startMs = performance.now();
  const bundle = await registry.storeArtifact(bytes);
  const { version } = await registry.deploy(app, { manifest, bundle, activate: true });
  const events: BuildEvent[] = [];
  await registry.followBuild(app, version, (event) => events.push(event));
  const ms = performance.now() - startMs;
  const built = events.find((event) => event.type === "built");
  if (built === undefined || built.rung !== "heap") {
    throw new Error(`Build ${number} did not end well: ${JSON.stringify(events.at(-1))}`);
  }
  return { ms, builderMs: built.elapsedMs };
}

/** In the directory of the only run below. */
function findSocket(directory: string): string {
  for (const name of readdirSync(directory)) {
    if (readdirSync(join(directory, name)).includes(SOCKET)) return join(directory, name, SOCKET);
  }
  throw new Error(`No ${SOCKET} below ${directory}`);
}
