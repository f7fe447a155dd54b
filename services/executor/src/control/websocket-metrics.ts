/** Metrics of WebSocket connections: sums over the workers that have them, which report once a second. */
import type { WorkerId } from "@nano/protocol/brands";
import type { Metrics } from "@nano/service-kit/metrics";
import type { SocketStats } from "../worker-messages.ts";

type Gauged = "connections" | "threads" | "bufferedBytes";

const GAUGES: readonly (readonly [Gauged, string, string])[] = [
  ["connections", "websocket_connections_count", "WebSocket connections, those that are being upgraded included"],
  ["threads", "websocket_threads_count", "Threads of connections"],
  ["bufferedBytes", "websocket_buffered_bytes", "What connections hold in messages"],
];

/** Reasons that are labels of their own; workers run apps, so what they say is not taken for one as it is. */
const REASONS: ReadonlySet<string> = new Set([
  "app",
  "bad_upgrade",
  "client",
  "client_gone",
  "client_lost",
  "cpu_limit",
  "declined",
  "drain_cut",
  "draining",
  "handler_threw",
  "internal",
  "lost",
  "memory_limit",
  "no_response",
  "old_version",
  "queue_full",
  "wall_limit",
  "websocket_full",
  "websocket_held_back",
  "worker_lost",
  "worker_moved",
  "ws_buffer_bytes",
  "ws_close_late",
  "ws_max_connections",
  "ws_max_message_bytes",
  "ws_outbound_buffer",
  "ws_worker_full",
]);
const OTHER = "other";

export interface WebSocketFigures {
  workerCount(): number;
  readonly threadsLimitCount: number;
}

export class WebSocketMetrics {
  readonly #byWorker = new Map<WorkerId, SocketStats>();
  readonly #countOpened: (delta: number) => void;
  readonly #countWithoutThread: (delta: number) => void;
  readonly #countRefused: (reason: string, delta: number) => void;
  readonly #countClosed: (reason: string, delta: number) => void;

  constructor(metrics: Metrics, figures: WebSocketFigures) {
    for (const [key, name, help] of GAUGES) {
      metrics.gauge({ name, help, collect: (gauge) => gauge.set(this.#sum(key)) });
    }
    metrics.gauge({
      name: "websocket_threads_limit_count",
      help: "Threads of connections that this node may have",
      collect: (gauge) => gauge.set(figures.threadsLimitCount),
    });
    metrics.gauge({
      name: "websocket_workers_count",
      help: "Processes for WebSocket connections",
      collect: (gauge) => gauge.set(figures.workerCount()),
    });
    const opened = metrics.counter({ name: "websocket_opened_total", help: "Upgrades that apps answered with 101" });
    this.#countOpened = (delta) => opened.inc(delta);
    const withoutThread = metrics.counter({
      name: "websocket_without_thread_total",
      help: "Connections that wanted a thread of their own and share one: the node has no more",
    });
    this.#countWithoutThread = (delta) => withoutThread.inc(delta);
    const refused = metrics.counter({
      name: "websocket_refused_total",
      help: "Upgrades that were not answered with 101",
      labels: ["reason"],
    });
    this.#countRefused = (reason, delta) => refused.inc({ reason }, delta);
    const closed = metrics.counter({
      name: "websocket_closed_total",
      help: "WebSocket connections that ended, by who or what ended them",
      labels: ["reason"],
    });
    this.#countClosed = (reason, delta) => closed.inc({ reason }, delta);
  }

  /** Takes a worker's report; counters grow by what is new in it. */
  report(id: WorkerId, stats: SocketStats): void {
    const before = this.#byWorker.get(id);
    this.#byWorker.set(id, stats);
    this.#countOpened(grown(stats.opened, before?.opened));
    this.#countWithoutThread(grown(stats.withoutThread, before?.withoutThread));
    countReasons(stats.refused, before?.refused, this.#countRefused);
    countReasons(stats.closed, before?.closed, this.#countClosed);
  }

  /** Before any worker was asked. */
  refused(reason: string): void {
    this.#countRefused(reasonLabel(reason), 1);
  }

  /** It ended with the connections of its last report, if there were any. */
  forget(id: WorkerId): void {
    const lostCount = this.#byWorker.get(id)?.connections ?? 0;
    this.#byWorker.delete(id);
    if (lostCount > 0) this.#countClosed("worker_lost", lostCount);
  }

  #sum(key: Gauged): number {
    let sum = 0;
    for (const stats of this.#byWorker.values()) sum += stats[key];
    return sum;
  }
}

function countReasons(
  counts: Readonly<Record<string, number>>,
  before: Readonly<Record<string, number>> | undefined,
  count: (reason: string, delta: number) => void,
): void {
  for (const [reason, total] of Object.entries(counts)) {
    const delta = grown(total, before?.[reason]);
    if (delta > 0) count(reasonLabel(reason), delta);
  }
}

function reasonLabel(reason: string): string {
  return REASONS.has(reason) ? reason : OTHER;
}

/** A counter never falls, whatever a worker says. */
function grown(total: number, before = 0): number {
  return Math.max(0, total - before);
}
