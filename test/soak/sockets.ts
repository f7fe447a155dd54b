/** Opens and closes WebSocket connections of a NANO, a fixed number alive, and compares what it holds afterwards with what it held before. */
import { setTimeout as delay } from "node:timers/promises";
import type { NanoServer } from "../bench/nano-server.ts";
import {
  descriptorCountOf,
  hostOfThread,
  residentBytesOf,
  type SocketThread,
  socketProcessesOf,
  threadCountOf,
} from "../bench/websocket-servers.ts";
import { sumMetric } from "../support/metric-text.ts";
import { type ResidentSample, slopeRatioPerTenMinutes } from "./resident-slope.ts";
import { liveSocket, SOCKET_ENDS, type SocketEnd } from "./socket-life.ts";

/** Connections before the first look, in as many as are alive later: what is made once is there then. */
const WARM_UP_ROUNDS = 8;
/** One in so many has a thread of its own. */
const DEDICATED_EVERY = 10;
const MAX_MESSAGES = 4;
const SAMPLE_EVERY_MS = 2_000;
const PROGRESS_EVERY_MS = 15_000;
const MAX_WRONG_KEPT = 20;
/** Workers report once a second, and end what is idle after a while. */
const SETTLE_MS = 60_000;
const LOOK_EVERY_MS = 250;
/** Of the time that the connections of one place take, that they are alive. */
const ALIVE_SHARE = 0.8;

export interface SocketSoakOptions {
  readonly connectionCount: number;
  readonly aliveCount: number;
  /** The openings are spread over it; 0: as fast as it goes. */
  readonly durationMs: number;
  onProgress(line: string): void;
}

/** What a NANO holds. */
export interface Holdings {
  readonly connections: number;
  readonly routerConnections: number;
  readonly isolates: number;
  readonly routerDescriptors: number;
  readonly routerThreads: number;
  readonly workerDescriptors: number;
  readonly workerThreads: number;
  readonly otherDescriptors: number;
  readonly otherThreads: number;
  readonly workerPids: readonly number[];
  readonly workerBytes: number;
}

export interface SocketSoakResult {
  readonly elapsedMs: number;
  readonly counts: Readonly<Record<SocketEnd, number>>;
  readonly dedicatedCount: number;
  /** The first ones of `wrongCount`. */
  readonly wrong: readonly string[];
  readonly wrongCount: number;
  readonly before: Holdings;
  readonly after: Holdings;
  /** Of the WebSocket worker's resident memory, over the last half. */
  readonly slopeRatioPerTenMinutes: number;
}

export async function soakSockets(nano: NanoServer, options: SocketSoakOptions): Promise<SocketSoakResult> {
  const { connectionCount, aliveCount, durationMs } = options;
  const counts = Object.fromEntries(SOCKET_ENDS.map((end) => [end, 0])) as Record<SocketEnd, number>;
  const wrong: string[] = [];
  const samples: ResidentSample[] = [];
  let wrongCount = 0;
  let index = 0;

  const liveNext = async (quietMs: number, wanted?: SocketThread): Promise<SocketEnd> => {
    index += 1;
    const end = SOCKET_ENDS[index % SOCKET_ENDS.length] ?? SOCKET_ENDS[0];
    const thread = wanted ?? threadOf(index);
    const place = { port: nano.port, host: hostOfThread(thread), index };
    const what = await liveSocket({ place, end, quietMs, messageCount: 1 + (index % MAX_MESSAGES) });
    if (what === null) return end;
    wrongCount += 1;
    if (wrong.length < MAX_WRONG_KEPT) wrong.push(`${thread}, ${end}: ${what}`);
    return end;
  };
  const eachAlive = (work: () => Promise<void>): Promise<unknown> =>
    Promise.all(Array.from({ length: aliveCount }, work));

  await eachAlive(async () => {
    // Threads are kept for later connections: as many as there can be.
    await liveNext(0, "dedicated");
    for (let round = 1; round < WARM_UP_ROUNDS; round++) await liveNext(0);
  });
  const before = await settle(nano);
  const startIndex = index;
  const startMs = performance.now();
  const { worker } = socketProcessesOf(nano);
  const sampling = setInterval(() => {
    samples.push({ elapsedMs: performance.now() - startMs, residentBytes: residentBytesOf(worker) });
  }, SAMPLE_EVERY_MS);
  const reporting = setInterval(() => {
    const bytes = samples.at(-1)?.residentBytes ?? 0;
    const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
    const done = index - startIndex;
    options.onProgress(
      `${seconds} s: ${done} of ${connectionCount} connections, worker ${(bytes / 2 ** 20).toFixed(1)} MB`,
    );
  }, PROGRESS_EVERY_MS);
  const everyMs = durationMs / connectionCount;
  await eachAlive(async () => {
    while (index - startIndex < connectionCount) {
      const dueMs = startMs + everyMs * (index - startIndex);
      await delay(Math.max(0, dueMs - performance.now()));
      if (index - startIndex >= connectionCount) return;
      counts[await liveNext(everyMs * aliveCount * ALIVE_SHARE)] += 1;
    }
  });
  clearInterval(sampling);
  clearInterval(reporting);
  const elapsedMs = performance.now() - startMs;
  const after = await settle(nano, before);
  let dedicatedCount = 0;
  for (let each = startIndex + 1; each <= index; each++) if (threadOf(each) === "dedicated") dedicatedCount += 1;
  const slope = slopeRatioPerTenMinutes(samples);
  return { elapsedMs, counts, dedicatedCount, wrong, wrongCount, before, after, slopeRatioPerTenMinutes: slope };
}

/** All ends have both. */
function threadOf(index: number): SocketThread {
  return Math.floor(index / SOCKET_ENDS.length) % DEDICATED_EVERY === 0 ? "dedicated" : "shared";
}

/** What must not have grown. */
export const HELD_KEYS = [
  "connections",
  "routerConnections",
  "isolates",
  "routerDescriptors",
  "routerThreads",
  "workerDescriptors",
  "workerThreads",
  "otherDescriptors",
  "otherThreads",
] as const satisfies readonly (keyof Holdings)[];

/** Which have grown. */
export function findGrown(before: Holdings, after: Holdings): (typeof HELD_KEYS)[number][] {
  return HELD_KEYS.filter((key) => after[key] > before[key]);
}

/** Once no connection is left and, where it is compared, nothing has grown; or what there is after `SETTLE_MS`. */
async function settle(nano: NanoServer, before?: Holdings): Promise<Holdings> {
  const deadlineMs = performance.now() + SETTLE_MS;
  for (;;) {
    const held = await look(nano);
    const isSettled = held.connections === 0 && held.routerConnections === 0;
    const isSame = before === undefined || findGrown(before, held).length === 0;
    if ((isSettled && isSame) || performance.now() > deadlineMs) return held;
    await delay(LOOK_EVERY_MS);
  }
}

async function look(nano: NanoServer): Promise<Holdings> {
  const answer = await fetch(`http://127.0.0.1:${nano.adminPort}/metrics`, { headers: { connection: "close" } });
  const text = await answer.text();
  const metric = (name: string): number => {
    if (!text.includes(`\n${name}`)) throw new Error(`There is no metric ${name}`);
    return sumMetric(text, name);
  };
  const { router, worker, all } = socketProcessesOf(nano);
  const other = all.filter((pid) => !router.includes(pid) && !worker.includes(pid));
  return {
    connections: metric("executor_websocket_connections_count"),
    routerConnections: metric("router_websocket_connections_count"),
    isolates: metric("executor_isolates_count"),
    routerDescriptors: descriptorCountOf(router),
    routerThreads: threadCountOf(router),
    workerDescriptors: descriptorCountOf(worker),
    workerThreads: threadCountOf(worker),
    otherDescriptors: descriptorCountOf(other),
    otherThreads: threadCountOf(other),
    workerPids: worker,
    workerBytes: residentBytesOf(worker),
  };
}
