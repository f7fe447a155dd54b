/** Real worker processes under a real pool, and a router's link to each. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { dialLink } from "@nano/link/dial-link";
import type { Link } from "@nano/link/link";
import type { AppLimits } from "@nano/protocol/app-limits";
import type { AppName, VersionId, WorkerId } from "@nano/protocol/brands";
import { type ManifestInput, resolveManifest } from "@nano/protocol/manifest";
import { createLogger, type LogFields } from "@nano/service-kit/logger";
import { onTestFinished } from "vitest";
import { OwnWorkers, type OwnWorkersOptions } from "../src/control/own-workers.ts";
import { WebSocketPool, type WebSocketPoolOptions } from "../src/control/websocket-pool.ts";
import { WorkerPool, type WorkerPoolOptions } from "../src/control/worker-pool.ts";
import { WorkerProcess, type WorkerProcessOptions } from "../src/control/worker-process.ts";
import type { RunningEntry } from "../src/flight-recorder.ts";
import type { FromWorker, WorkerBudgets } from "../src/worker-messages.ts";
import { nextVersionId, temporaryDirectory, writeSliverEntry } from "./sliver-fixture.ts";

export const silentLogger = createLogger({ service: "test", level: "silent" });
const BUDGETS: WorkerBudgets = { isolateCount: 10, isolateBytes: 2 ** 30, logBytesPerSecond: 64 * 1024 };
const STARTED = { startMs: 20_000, residentLimitBytes: 2 ** 32, descriptorCount: 4_096 };

type Message = Exclude<FromWorker, { type: "ready" | "took_socket" }>;

export interface NodeDirectories {
  readonly run: string;
  readonly recorders: string;
  readonly workers: string;
}

export function nodeDirectories(): NodeDirectories {
  const root = temporaryDirectory();
  const directories = { run: join(root, "run"), recorders: join(root, "rec"), workers: join(root, "w") };
  for (const directory of Object.values(directories)) mkdirSync(directory);
  return directories;
}

/** What a worker process said. */
export class Inbox {
  readonly messages: Message[] = [];
  readonly errors: string[] = [];

  of<T extends Message["type"]>(type: T): Extract<Message, { type: T }>[] {
    return this.messages.filter((message): message is Extract<Message, { type: T }> => message.type === type);
  }
}

export function workerOptions(id: WorkerId, directories: NodeDirectories, inbox: Inbox): WorkerProcessOptions {
  return {
    id,
    runDirectory: directories.run,
    recorderDirectory: directories.recorders,
    workersDirectory: directories.workers,
    budgets: BUDGETS,
    ...STARTED,
    onMessage: (message) => inbox.messages.push(message),
    onError: (line) => inbox.errors.push(line),
  };
}

let workerCount = 0;

/** One worker process; killed and buried when the test is over. */
export async function startWorker(directories = nodeDirectories()) {
  workerCount += 1;
  const inbox = new Inbox();
  const worker = await WorkerProcess.start(workerOptions(`w${workerCount}` as WorkerId, directories, inbox));
  onTestFinished(async () => {
    worker.kill();
    await worker.exited;
    worker.bury();
  });
  return { worker, inbox, directories };
}

export interface PoolEvents {
  readonly deaths: { id: string; cause: string; atMs: number }[];
  changeCount: number;
}

export async function openPool(count: number, overrides: Partial<WorkerPoolOptions> = {}) {
  const directories = nodeDirectories();
  const events: PoolEvents = { deaths: [], changeCount: 0 };
  const inbox = new Inbox();
  const logs: [string, LogFields | undefined][] = [];
  const note = (msg: string, fields?: LogFields): void => void logs.push([msg, fields]);
  const logger = { ...silentLogger, error: note, warn: note };
  const pool = new WorkerPool({
    count,
    logger: logger as typeof silentLogger,
    start: (id) => WorkerProcess.start(workerOptions(id, directories, inbox)),
    equip: async () => undefined,
    onChange: () => {
      events.changeCount += 1;
    },
    onDeath: (worker, cause) => events.deaths.push({ id: worker.id, cause, atMs: performance.now() }),
    ...overrides,
  });
  onTestFinished(() => pool.close(AbortSignal.abort()));
  await pool.open();
  return { pool, directories, events, inbox, logs };
}

export async function openSocketPool(overrides: Partial<WebSocketPoolOptions> = {}) {
  const directories = nodeDirectories();
  const inbox = new Inbox();
  const deaths: { worker: WorkerProcess; cause: string; running: readonly RunningEntry[] }[] = [];
  const ended: WorkerProcess[] = [];
  const started: WorkerProcess[] = [];
  const refused: string[] = [];
  const pool: WebSocketPool = new WebSocketPool({
    workerCount: 4,
    appsPerWorker: 8,
    dedicatedThreads: 4,
    bufferBytes: 2 ** 20,
    logger: silentLogger,
    start: (id) => {
      const options = workerOptions(id, directories, inbox);
      const onMessage = (message: Message): void => {
        options.onMessage(message);
        if (message.type === "stats" && message.stats.sockets !== null) pool.report(id, message.stats.sockets);
        if (message.type === "thread_wanted") pool.threadWanted(id);
      };
      return WorkerProcess.start({ ...options, kind: "websocket", onMessage });
    },
    equip: (worker) => void started.push(worker),
    onDeath: (worker, cause, running) => deaths.push({ worker, cause, running }),
    onEnd: (worker) => ended.push(worker),
    onRefused: (reason) => refused.push(reason),
    ...overrides,
  });
  onTestFinished(() => pool.close(AbortSignal.abort(), { graceMs: 0, spreadMs: 0, handshakeMs: 0 }));
  return { pool, directories, inbox, deaths, ended, started, refused };
}

export async function openOwnWorkers(overrides: Partial<OwnWorkersOptions> = {}) {
  const directories = nodeDirectories();
  const deaths: { versionId: VersionId; cause: string }[] = [];
  const ended: WorkerProcess[] = [];
  const equipped: VersionId[] = [];
  const refused: string[] = [];
  const workers = new OwnWorkers({
    limitCount: 2,
    logger: silentLogger,
    start: (id) => WorkerProcess.start(workerOptions(id, directories, new Inbox())),
    equip: (_, versionId) => void equipped.push(versionId),
    isQuarantined: () => true,
    pauseMs: () => 0,
    onDeath: (_, cause, versionId) => void deaths.push({ versionId, cause }),
    onEnd: (worker) => void ended.push(worker),
    onRefused: (cause) => void refused.push(cause),
    ...overrides,
  });
  onTestFinished(() => workers.close(AbortSignal.abort(), 0));
  return { workers, deaths, ended, equipped, refused };
}

/** Gives a worker a version of the script. */
export function assign(
  worker: WorkerProcess,
  script: string,
  options: { limits?: Partial<AppLimits>; manifest?: ManifestInput; versionId?: VersionId; app?: AppName } = {},
): VersionId {
  const versionId = options.versionId ?? nextVersionId();
  const resolved = resolveManifest(options.manifest ?? {});
  const limits = { ...resolved.limits, cpuTimeMs: 5_000, initTimeMs: 10_000, ...options.limits };
  const sliverPath = writeSliverEntry({ script }, worker.directory);
  const manifest = { ...resolved, limits };
  worker.send({
    type: "assign",
    assignment: { versionId, app: options.app ?? ("subject" as AppName), manifest, sliverPath, assetsPath: null },
  });
  return versionId;
}

export async function dialWorker(worker: WorkerProcess, peer = "router-1"): Promise<Link> {
  const { address, credential } = worker.endpoint;
  const dialed = await dialLink({ address, credential, peer });
  if (dialed.type === "ended") throw new Error(dialed.outcome.error.message);
  onTestFinished(() => dialed.link.close());
  return dialed.link;
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
