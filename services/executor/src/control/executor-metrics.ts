/** Metrics of an executor: sums over its workers, which report once a second. */
import type { WorkerId } from "@nano/protocol/brands";
import type { Rung } from "@nano/protocol/records";
import { DurationBuckets } from "@nano/service-kit/duration-buckets";
import type { Metrics } from "@nano/service-kit/metrics";
import type { CacheCounts } from "../cache/cache-counters.ts";
import { LIMIT_ENDS, LIMIT_REFUSALS } from "../limit-reasons.ts";
import type { FallReason, WorkerKind, WorkerStats } from "../worker-messages.ts";
import type { CacheProcess } from "./cache-process.ts";
import type { EgressProcess } from "./egress-process.ts";
import type { EntranceRefusal } from "./entrance.ts";

/** In place of a name that a worker made up. */
const OTHER = "other";

type Countable =
  | "requests"
  | "refusedFull"
  | "coldStarts"
  | "evictions"
  | "cryptoJobs"
  | "cryptoRefused"
  | "droppedLogLines";

const COUNTERS: readonly (readonly [Countable, string, string])[] = [
  ["requests", "requests_total", "Requests that entered an isolate"],
  ["refusedFull", "queue_full_total", "Requests answered queue_full"],
  ["coldStarts", "isolate_restores_total", "Isolates restored from slivers"],
  ["evictions", "isolate_evictions_total", "Isolates that left the cache for others"],
  ["cryptoJobs", "crypto_jobs_total", "Work on keys of apps that left its thread"],
  ["cryptoRefused", "crypto_jobs_refused_total", "Work on keys that found too much of its app's waiting for a thread"],
  ["droppedLogLines", "log_lines_dropped_total", "Lines of apps over their output quota"],
];

const GAUGES: readonly (readonly [keyof WorkerStats, string, string])[] = [
  ["isolates", "isolates_count", "Live isolates"],
  [
    "liveIsolates",
    "isolates_live_count",
    "Isolates that have not ended: more than the others when nothing runs is a leak",
  ],
  ["isolateBytes", "isolates_bytes", "Memory of live isolates"],
  ["blobBytes", "snapshot_blobs_bytes", "Snapshots in memory"],
  ["queued", "queued_requests_count", "Requests that wait"],
  ["cryptoQueued", "crypto_jobs_queued_count", "Work on keys that waits for a thread"],
  ["running", "running_requests_count", "Requests in isolates"],
  ["residentBytes", "workers_resident_bytes", "Resident memory of workers"],
];

const CACHE_GAUGES: readonly (readonly [Exclude<keyof CacheCounts, "operationsByOutcome">, string, string])[] = [
  ["bytes", "cache_api_bytes", "What responses that apps cache take on disk"],
  ["entryCount", "cache_api_entries_count", "Responses that apps cache"],
  ["evictionsTotal", "cache_api_evictions_count", "Those that left for others since the cache process started"],
  ["damagedTotal", "cache_api_damaged_count", "Those that were found damaged, and removed, since then"],
  ["runningCount", "cache_api_running_count", "Operations of apps on their caches that run"],
  ["waitingCount", "cache_api_waiting_count", "Operations of apps on their caches that wait for others"],
];

/** What is asked for at each scrape. */
export interface ExecutorFigures {
  egress(): EgressProcess;
  cacheApi(): CacheProcess;
  greetingCount(): number;
  stateAgeMs(): number;
  hasRival(): boolean;
}

export class ExecutorMetrics {
  /** Of all workers since the start, those that are gone included. */
  readonly #queueWait = new DurationBuckets();
  readonly #countSkipped: (recordCount: number) => void;
  readonly #countAhead: (outcome: "given" | "over_limit") => void;
  readonly #countDrained: (outcome: "finished" | "cut", delta: number) => void;
  readonly #countRefusedConnection: (cause: EntranceRefusal) => void;
  readonly #byWorker = new Map<WorkerId, WorkerStats>();
  readonly #count: (name: Countable, delta: number) => void;
  readonly #countLimit: (reason: string, delta: number) => void;
  readonly #countRefusal: (limit: string, delta: number) => void;
  readonly #countDeath: (cause: string, kind: WorkerKind) => void;
  readonly #countFall: (from: Rung, to: Rung, reason: FallReason) => void;

  constructor(metrics: Metrics, figures: ExecutorFigures) {
    const counters = new Map(COUNTERS.map(([key, name, help]) => [key, metrics.counter({ name, help })]));
    this.#count = (name, delta) => counters.get(name)?.inc(delta);
    const limits = metrics.counter({
      name: "limit_ends_total",
      help: "Requests, responses, isolates and work after answers that a limit of their app ended",
      labels: ["reason"],
    });
    this.#countLimit = (reason, delta) => limits.inc({ reason }, delta);
    const refusals = metrics.counter({
      name: "limit_refusals_total",
      help: "What apps asked for and a limit of theirs refused, which ends nothing",
      labels: ["limit"],
    });
    this.#countRefusal = (limit, delta) => refusals.inc({ limit }, delta);
    const deaths = metrics.counter({
      name: "workers_lost_total",
      help: "Workers that died, hung, or outgrew their memory",
      labels: ["cause", "kind"],
    });
    this.#countDeath = (cause, kind) => deaths.inc({ cause, kind });
    const falls = metrics.counter({
      name: "rung_fallbacks_total",
      help: "Slivers that a worker serves from a lower rung than they have",
      labels: ["from", "to", "reason"],
    });
    this.#countFall = (from, to, reason) => falls.inc({ from, to, reason });
    for (const [key, name, help] of GAUGES) {
      metrics.gauge({ name, help, collect: (gauge) => gauge.set(this.#sum(key)) });
    }
    metrics.countedDuration({
      name: "queue_wait_seconds",
      help: "From a request that could begin to its turn",
      read: () => this.#queueWait,
    });
    metrics.gauge({
      name: "state_age_seconds",
      help: "How long it is unknown whether what this executor knows of apps is current: 0 with the control store",
      collect: (gauge) => gauge.set(figures.stateAgeMs() / 1000),
    });
    metrics.gauge({
      name: "node_rivals_count",
      help: "Whether another executor runs under this node's name, where each overwrites the other's record: 0 or 1",
      collect: (gauge) => gauge.set(figures.hasRival() ? 1 : 0),
    });
    const skipped = metrics.counter({
      name: "records_skipped_total",
      help: "Records of the control store that did not parse: the last good ones are used",
    });
    this.#countSkipped = (recordCount) => skipped.inc(recordCount);
    const ahead = metrics.counter({
      name: "versions_ahead_total",
      help: "Versions that routers will ask a worker for first: given to it ahead, or over the limit of those",
      labels: ["outcome"],
    });
    this.#countAhead = (outcome) => ahead.inc({ outcome });
    const drained = metrics.counter({
      name: "drained_requests_total",
      help: "Requests in flight when this executor was told to end: finished, or cut off when their time was over",
      labels: ["outcome"],
    });
    this.#countDrained = (outcome, delta) => drained.inc({ outcome }, delta);
    const refused = metrics.counter({
      name: "refused_connections_total",
      help: "Connections closed before they said whom they are for",
      labels: ["cause"],
    });
    this.#countRefusedConnection = (cause) => refused.inc({ cause });
    metrics.gauge({
      name: "greeting_connections_count",
      help: "Connections that have not said whom they are for",
      collect: (gauge) => gauge.set(figures.greetingCount()),
    });
    metrics.gauge({
      name: "egress_fetches_count",
      help: "Fetches of apps since the egress process started, by outcome",
      labels: ["outcome"],
      collect: (gauge) => {
        for (const [outcome, count] of Object.entries(figures.egress().counts?.fetchesByOutcome ?? {}))
          gauge.set({ outcome }, count);
      },
    });
    metrics.gauge({
      name: "cache_api_operations_count",
      help: "Operations of apps on their caches since the cache process started, by outcome",
      labels: ["outcome"],
      collect: (gauge) => {
        for (const [outcome, count] of Object.entries(figures.cacheApi().counts?.operationsByOutcome ?? {}))
          gauge.set({ outcome }, count);
      },
    });
    for (const [key, name, help] of CACHE_GAUGES) {
      metrics.gauge({ name, help, collect: (gauge) => gauge.set(figures.cacheApi().counts?.[key] ?? 0) });
    }
    metrics.gauge({
      name: "egress_websockets_count",
      help: "WebSockets that apps have to other servers",
      collect: (gauge) => gauge.set(figures.egress().counts?.webSocketCount ?? 0),
    });
    metrics.gauge({
      name: "egress_websocket_held_bytes",
      help: "What messages of WebSockets to other servers hold in the egress process",
      collect: (gauge) => gauge.set(figures.egress().counts?.webSocketHeldBytes ?? 0),
    });
    metrics.gauge({
      name: "egress_websocket_bytes",
      help: "Payloads of WebSockets to other servers since the egress process started: of servers (in) and of apps (out)",
      labels: ["direction"],
      collect: (gauge) => {
        for (const [direction, bytes] of Object.entries(figures.egress().counts?.webSocketBytesTotal ?? {}))
          gauge.set({ direction }, bytes);
      },
    });
  }

  /** Takes a worker's report; counters grow by what is new in it. */
  report(id: WorkerId, stats: WorkerStats): void {
    const before = this.#byWorker.get(id);
    this.#byWorker.set(id, stats);
    for (const [key] of COUNTERS) this.#count(key, stats[key] - (before?.[key] ?? 0));
    this.#queueWait.addSince(stats.queueWait, before?.queueWait ?? null);
    for (const [reason, count] of Object.entries(stats.limitEnds)) {
      this.#countLimit(LIMIT_ENDS.has(reason) ? reason : OTHER, count - (before?.limitEnds[reason] ?? 0));
    }
    for (const [limit, count] of Object.entries(stats.limitRefusals)) {
      this.#countRefusal(LIMIT_REFUSALS.has(limit) ? limit : OTHER, count - (before?.limitRefusals[limit] ?? 0));
    }
  }

  connectionRefused(cause: EntranceRefusal): void {
    this.#countRefusedConnection(cause);
  }

  /** The control store held records that do not parse. */
  recordsSkipped(recordCount: number): void {
    this.#countSkipped(recordCount);
  }

  givenAhead(outcome: "given" | "over_limit"): void {
    this.#countAhead(outcome);
  }

  /** A worker has drained. */
  drained(finishedCount: number, cutCount: number): void {
    this.#countDrained("finished", finishedCount);
    this.#countDrained("cut", cutCount);
  }

  workerLost(id: WorkerId, cause: string, kind: WorkerKind): void {
    this.workerEnded(id);
    this.#countDeath(cause, kind);
  }

  /** A worker ended because nobody needed it. */
  workerEnded(id: WorkerId): void {
    this.#byWorker.delete(id);
  }

  fell(from: Rung, to: Rung, reason: FallReason): void {
    this.#countFall(from, to, reason);
  }

  #sum(key: keyof WorkerStats): number {
    let sum = 0;
    for (const stats of this.#byWorker.values()) sum += Number(stats[key]);
    return sum;
  }
}
