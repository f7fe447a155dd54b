/**
 * What one thing more costs a NANO, where no other benchmark tells: an idle keep-alive connection the router, a deploy of `hono-api`
 * the registry, the builder and the disks, and a kept version whoever follows its cell.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { bundleApp } from "@nano/bundle/bundle-app";
import { createRegistryClient, type RegistryClient } from "@nano/cli/registry/registry-client";
import type { AppName } from "@nano/protocol/brands";
import type { BuildEvent } from "@nano/protocol/records";
import { getRequest } from "./keep-alive-connection.ts";
import { measureKeptVersions } from "./kept-versions.ts";
import { type NanoServer, startNanoWith } from "./nano-server.ts";
import { findProcesses } from "./processes.ts";
import type { BenchOptions } from "./record.ts";
import { report } from "./report.ts";
import { formatBytes, formatCount } from "./table.ts";
import { raiseDescriptors, residentBytesOf } from "./websocket-servers.ts";

const EFFORT = {
  appCount: 500,
  versionsPerApp: 20,
  warmUpConnections: 500,
  connections: 2_000,
  warmUpDeploys: 2,
  deploys: 8,
};
const SMALL_EFFORT = {
  appCount: 20,
  versionsPerApp: 5,
  warmUpConnections: 5,
  connections: 20,
  warmUpDeploys: 0,
  deploys: 1,
};
const HELLO = fileURLToPath(new URL("../apps/hello/", import.meta.url));
const HONO_API = fileURLToPath(new URL("../apps/hono-api/", import.meta.url));
const HOST = "hello.localhost";
const OTHER_DESCRIPTORS = 1_000;
const SOCKET = "registry.sock";
const TIMEOUT_MS = 600_000;
/** In which the builder gets ready for the next build: that is a part of what a build costs. */
const PAUSE_MS = 1_500;
const TICK_MS = 10;

/** Below the data directory. */
const STORES = { artifacts: "artifacts", cache: "cache" };
const SERVICES = {
  router: "services/router/",
  registry: "services/app-registry/",
  builder: "services/sliver-builder/",
};

interface DeployCost {
  readonly registryMs: number;
  /** Children included, those that have ended too. */
  readonly builderMs: number;
  /** Bundle and sliver in the artifact store, the unpacked sliver in the node's cache. */
  readonly diskBytes: Readonly<Record<keyof typeof STORES, number>>;
}

export async function benchUnitCosts({ isSmall }: BenchOptions): Promise<void> {
  const effort = isSmall ? SMALL_EFFORT : EFFORT;
  const kept = measureKeptVersions(effort);
  raiseDescriptors(effort.warmUpConnections + effort.connections + OTHER_DESCRIPTORS);
  const directory = mkdtempSync(join(tmpdir(), "nano-bench-"));
  const sockets = join(directory, "run");
  mkdirSync(sockets);
  let nano: NanoServer | null = null;
  try {
    nano = await startNanoWith(directory, [{ hostname: HOST, entrypoint: HELLO }], { XDG_RUNTIME_DIR: sockets });
    const connectionBytes = await measureConnections(nano, effort);
    const registry = createRegistryClient(findSocket(sockets), AbortSignal.timeout(TIMEOUT_MS));
    const cost = await measureDeploys({ nano, registry, data: join(directory, "data") }, effort);
    report(isSmall ? "unit-costs-small" : "unit-costs", {
      title: `unit costs: ${formatCount(effort.connections)} idle connections beyond ${formatCount(effort.warmUpConnections)}, each of which was answered once; ${effort.deploys} deploys of hono-api one at a time; one-machine mode`,
      head: ["what", "figure"],
      rows: [
        ["router: an idle keep-alive connection, Pss", formatBytes(connectionBytes)],
        ["registry: CPU of a deploy", `${cost.registryMs.toFixed(0)} ms`],
        ["builder and its children: CPU of a deploy", `${cost.builderMs.toFixed(0)} ms`],
        ["artifact store: bundle and sliver of a deploy", formatBytes(cost.diskBytes.artifacts)],
        ["node's disk cache: unpacked sliver of a deploy", formatBytes(cost.diskBytes.cache)],
        ["who follows a cell: heap of an app's records, two routes and one version", formatBytes(kept.appHeapBytes)],
        ["who follows a cell: heap of one more version", formatBytes(kept.heapBytes)],
        ["who follows a cell: CPU of reading that version", `${kept.readUs.toFixed(1)} µs`],
        ["the records of a version as text", formatBytes(kept.textBytes)],
      ],
      data: { connectionBytes, cost, kept },
    });
  } finally {
    await nano?.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measureConnections(
  { port, pids }: NanoServer,
  { warmUpConnections, connections }: typeof EFFORT,
): Promise<number> {
  const router = pids.flatMap((pid) => findProcesses(pid, SERVICES.router));
  const open: Socket[] = [];
  const openAll = async (count: number): Promise<number> => {
    for (let i = 0; i < count; i++) open.push(await answeredOnce(port));
    return residentBytesOf(router);
  };
  try {
    const before = await openAll(warmUpConnections);
    return ((await openAll(connections)) - before) / connections;
  } finally {
    for (const socket of open) socket.destroy();
  }
}

/** A connection that stays open after its first answer. */
function answeredOnce(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("error", reject);
    socket.once("data", (head) => {
      if (head.toString("latin1").startsWith("HTTP/1.1 200")) resolve(socket);
      else reject(new Error(`The answer was ${head.toString("latin1").slice(0, 300)}`));
    });
    socket.write(getRequest(HOST, "/"));
  });
}

interface DeployLab {
  readonly nano: NanoServer;
  readonly registry: RegistryClient;
  readonly data: string;
}

async function measureDeploys(
  { nano, registry, data }: DeployLab,
  { warmUpDeploys, deploys }: typeof EFFORT,
): Promise<DeployCost> {
  const app = "hono-api-bench" as AppName;
  await registry.createApp(app);
  const { artifact, manifest } = await bundleApp({ dir: HONO_API });
  if (artifact === null) throw new Error("hono-api has no script");
  const deploy = async (number: number): Promise<void> => {
    // The same code, and bytes that no builder has seen.
    const bytes = Buffer.from(JSON.stringify({ ...artifact, script: `${artifact.script}\n// ${number}\n` }));
    const bundle = await registry.storeArtifact(bytes);
    const { version } = await registry.deploy(app, { manifest, bundle, activate: true });
    const events: BuildEvent[] = [];
    await registry.followBuild(app, version, (event) => events.push(event));
    if (events.at(-1)?.type !== "built") throw new Error(`Build ${number} did not end well: ${JSON.stringify(events)}`);
    await delay(PAUSE_MS);
  };
  for (let number = 0; number < warmUpDeploys; number++) await deploy(-number - 1);
  const cpu = () => ({ registry: cpuMsOf(nano, SERVICES.registry), builder: cpuMsOf(nano, SERVICES.builder) });
  const [before, sizesBefore] = [cpu(), bytesIn(data)];
  for (let number = 0; number < deploys; number++) await deploy(number);
  const [after, sizesAfter] = [cpu(), bytesIn(data)];
  return {
    registryMs: (after.registry - before.registry) / deploys,
    builderMs: (after.builder - before.builder) / deploys,
    diskBytes: {
      artifacts: (sizesAfter.artifacts - sizesBefore.artifacts) / deploys,
      cache: (sizesAfter.cache - sizesBefore.cache) / deploys,
    },
  };
}

/** CPU of the service's processes with that of their children that have ended. */
function cpuMsOf({ pids }: NanoServer, part: string): number {
  let ticks = 0;
  for (const pid of pids.flatMap((root) => findProcesses(root, part))) {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    for (const field of [11, 12, 13, 14]) ticks += Number(fields[field]);
  }
  return ticks * TICK_MS;
}

function bytesIn(data: string): Record<keyof typeof STORES, number> {
  return { artifacts: bytesBelow(join(data, STORES.artifacts)), cache: bytesBelow(join(data, STORES.cache)) };
}

/** Bytes of all files, each once: what workers may read is linked into directories of theirs. */
function bytesBelow(directory: string): number {
  const sizes = new Map<number, number>();
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const file = entry.isFile() ? statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false }) : undefined;
    if (file !== undefined) sizes.set(file.ino, file.size);
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/** In the directory of the only run below. */
function findSocket(directory: string): string {
  for (const name of readdirSync(directory)) {
    if (readdirSync(join(directory, name)).includes(SOCKET)) return join(directory, name, SOCKET);
  }
  throw new Error(`No ${SOCKET} below ${directory}`);
}
