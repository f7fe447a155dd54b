/** The servers whose WebSockets are measured, each with the same handler, and what they take of the machine. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually } from "@nano/test-kit/eventually";
import { type NanoServer, startNanoWith } from "./nano-server.ts";
import { cpuSecondsOf, findProcesses, type Server } from "./processes.ts";
import { BenchConnection } from "./websocket-connection.ts";
import { startWorkerd } from "./workerd-server.ts";

const HANDLER = fileURLToPath(new URL("websocket-handler.js", import.meta.url));
/** Of its source, or of what was built of it. */
const ROUTER_MAIN = "services/router/";
/** Workers are told what for by their argument. */
const WEBSOCKET_WORKERS = ["worker.main.ts websocket", "worker.main.js websocket"];
const KIB = 1024;
const IDLE_TIMEOUT_MS = 3_600_000;
/** The machine may be loaded, and then an entry takes long without taking CPU. */
const LIMITS = { cpu_time_ms: 5_000 };
/** A worker for WebSockets is started by the first connection. */
const FIRST_CONNECTION_MS = 60_000;

export type SocketThread = "shared" | "dedicated";

/** Its host on that server. */
export function hostOfThread(thread: SocketThread): string {
  return `${thread}.localhost`;
}

/** NANO on one machine with an app for each of these, each of which has had a connection. */
export async function startSocketNano(
  directory: string,
  { threads, maxConnections }: { threads: readonly SocketThread[]; maxConnections: number },
): Promise<NanoServer> {
  mkdirSync(directory, { recursive: true });
  const apps = threads.map((thread) => ({
    hostname: hostOfThread(thread),
    entrypoint: HANDLER,
    limits: LIMITS,
    websocket: { thread, ws_max_connections: maxConnections, ws_idle_timeout_ms: IDLE_TIMEOUT_MS },
  }));
  const nano = await startNanoWith(directory, apps);
  try {
    for (const { hostname } of apps) {
      await eventually(() => greets({ port: nano.port, host: hostname }), { timeoutMs: FIRST_CONNECTION_MS });
    }
  } catch (error) {
    await nano.close();
    throw error;
  }
  return nano;
}

/** Whether a connection gets its first message. */
function greets(place: { readonly port: number; readonly host: string }): Promise<boolean> {
  return new Promise((resolve) => {
    let isGreeted = false;
    new BenchConnection({ ...place, path: "/greet", index: 0 }, null, {
      onOpen: () => undefined,
      onMessage: (connection) => {
        isGreeted = true;
        connection.close();
      },
      onEnd: () => resolve(isGreeted),
    });
  });
}

export async function startSocketWorkerd(directory: string): Promise<Server> {
  const own = join(directory, "workerd");
  mkdirSync(own);
  return await startWorkerd(own, HANDLER);
}

/** Processes of a server by what they do for connections; a NANO has a worker from its first connection on. */
export interface SocketProcesses {
  /** Of workerd: none. */
  readonly router: readonly number[];
  /** Of workerd: its only process. */
  readonly worker: readonly number[];
  readonly all: readonly number[];
}

export function socketProcessesOf({ name, pids }: Server): SocketProcesses {
  const find = (part: string): number[] => pids.flatMap((pid) => findProcesses(pid, part));
  const all = find("");
  if (name === "workerd") return { router: [], worker: all, all };
  return { router: find(ROUTER_MAIN), worker: WEBSOCKET_WORKERS.flatMap(find), all };
}

/** CPU seconds so far, by those. */
export function cpuOf(processes: SocketProcesses): Record<keyof SocketProcesses, number> {
  const { router, worker, all } = processes;
  return { router: cpuSecondsOf(router), worker: cpuSecondsOf(worker), all: cpuSecondsOf(all) };
}

/** Memory of processes, each page that several share divided among them. */
export function residentBytesOf(pids: readonly number[]): number {
  let bytes = 0;
  for (const pid of pids) {
    try {
      const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
      bytes += Number(/^Pss: +(\d+) kB$/m.exec(text)?.[1] ?? 0) * KIB;
    } catch {
      // The process ended meanwhile.
    }
  }
  return bytes;
}

export function threadCountOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + readdirSync(`/proc/${pid}/task`).length, 0);
}

export function descriptorCountOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + readdirSync(`/proc/${pid}/fd`).length, 0);
}

/** Lets this process and what it starts have so many descriptors open. @returns what it did, for the table; empty: nothing was needed */
export function raiseDescriptors(count: number): string {
  const hard = Number(/^Max open files +\S+ +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? Infinity);
  if (hard >= count) return "";
  const raised = spawnSync("prlimit", ["--pid", String(process.pid), `--nofile=${count}:${count}`]);
  if (raised.status !== 0) throw new Error(`${count} open files are needed, ${hard} may be: raise \`ulimit -n\``);
  return `open files raised from ${hard} to ${count}`;
}
