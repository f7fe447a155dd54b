/** The process of a client: see `websocket-client.ts`. */
import { serveCommands } from "./bench-child.ts";
import { LatencyHistogram } from "./latency-histogram.ts";
import type { OpeningJob, SocketsJob, WebSocketClientCommands } from "./websocket-client.ts";
import { BenchConnection, type ConnectionEnd, type ConnectionListener } from "./websocket-connection.ts";
import { BenchMessage, patternOf } from "./websocket-message.ts";

/** Upgrades at once while connections are opened to be kept. */
const OPENING_AT_ONCE = 32;
/** Nothing that is waited for takes this long. */
const PATIENCE_MS = 120_000;

const latencies = new LatencyHistogram();
const connections = new Set<BenchConnection>();
let mode: "quiet" | "round-trips" | "paced" | "openings" = "quiet";
let openingJob: OpeningJob | null = null;
let openedCount = 0;
let underWayCount = 0;
let pacer: NodeJS.Timeout | null = null;
let isClosingAll = false;
let failure: Error | null = null;
let waiting: { holds(): boolean; resolve(): void; reject(error: Error): void } | null = null;
let countedSinceMs = performance.now();
let cpuSince = process.cpuUsage();

function fail(what: string): void {
  failure ??= new Error(what);
  waiting?.reject(failure);
  waiting = null;
}

function checkWaiting(): void {
  if (waiting === null || !waiting.holds()) return;
  waiting.resolve();
  waiting = null;
}

/** @throws what went wrong meanwhile, or that it did not come */
async function until(holds: () => boolean): Promise<void> {
  if (failure !== null) throw failure;
  if (holds()) return;
  const timer = setTimeout(() => fail(`In ${PATIENCE_MS} ms it did not come that ${holds}`), PATIENCE_MS);
  await new Promise<void>((resolve, reject) => {
    waiting = { holds, resolve, reject };
  }).finally(() => clearTimeout(timer));
}

function send(connection: BenchConnection, dueMs?: number): void {
  underWayCount += 1;
  connection.send(dueMs);
}

const kept: ConnectionListener = {
  onOpen() {
    openedCount += 1;
    checkWaiting();
  },
  onMessage(connection, sentMs, isRight) {
    underWayCount -= 1;
    latencies.add(performance.now() - sentMs);
    if (!isRight) fail(`Connection ${connection.index} was answered with something else`);
    if (mode === "round-trips") send(connection);
    else checkWaiting();
  },
  onEnd(connection, end) {
    connections.delete(connection);
    if (isClosingAll) checkWaiting();
    else fail(`Connection ${connection.index} ended: ${describeEnd(end)}`);
  },
};

const opening: ConnectionListener = {
  onOpen() {},
  onMessage(connection, sentMs) {
    latencies.add(performance.now() - sentMs);
    connection.close();
  },
  onEnd(connection, end) {
    connections.delete(connection);
    if (end.code === null) fail(`Opening ${connection.index} failed: ${describeEnd(end)}`);
    else if (mode === "openings") openNext();
    checkWaiting();
  },
};

function describeEnd({ code, why }: ConnectionEnd): string {
  return `${code ?? ""} ${why}`.trim();
}

function openNext(): void {
  if (openingJob === null) return;
  openedCount += 1;
  connections.add(new BenchConnection({ ...openingJob, index: openedCount }, null, opening));
}

async function openKept({ count, kind, payloadBytes, ...place }: SocketsJob): Promise<void> {
  const pattern = patternOf(payloadBytes);
  const before = openedCount;
  for (let begun = 0; begun < count; begun++) {
    const index = before + begun;
    await until(() => index - openedCount < OPENING_AT_ONCE);
    connections.add(new BenchConnection({ ...place, index }, new BenchMessage(kind, pattern), kept));
  }
  await until(() => openedCount === before + count);
}

serveCommands<WebSocketClientCommands>({
  open: openKept,
  async askAll() {
    for (const connection of connections) send(connection);
    await until(() => underWayCount === 0);
  },
  roundTrips() {
    mode = "round-trips";
    for (const connection of connections) send(connection);
  },
  pace(everyMs) {
    mode = "paced";
    let dueMs = performance.now();
    pacer = setInterval(() => {
      for (; dueMs <= performance.now(); dueMs += everyMs)
        for (const connection of connections) send(connection, dueMs);
    }, 1);
  },
  openings(job) {
    mode = "openings";
    openingJob = job;
    for (let i = 0; i < job.atOnce; i++) openNext();
  },
  count() {
    latencies.clear();
    cpuSince = process.cpuUsage();
    countedSinceMs = performance.now();
  },
  counted() {
    if (failure !== null) throw failure;
    const { user, system } = process.cpuUsage(cpuSince);
    return {
      count: latencies.total,
      seconds: (performance.now() - countedSinceMs) / 1000,
      p50Ms: latencies.percentile(0.5),
      p99Ms: latencies.percentile(0.99),
      cpuSeconds: (user + system) / 1e6,
    };
  },
  async stop() {
    const isOpening = mode === "openings";
    mode = "quiet";
    if (pacer !== null) clearInterval(pacer);
    await until(() => (isOpening ? connections.size === 0 : underWayCount === 0));
  },
  async closeAll() {
    isClosingAll = true;
    for (const connection of connections) connection.close();
    await until(() => connections.size === 0);
    isClosingAll = false;
  },
});
