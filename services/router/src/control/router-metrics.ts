/** The router's figures, on the registry of its process. */
import type { Metrics } from "@nano/service-kit/metrics";
import type { RequestMetrics, RequestOutcome } from "../request/request-metrics.ts";
import type { WebSocketMetrics } from "../request/websockets.ts";
import type { StandbyOutcome } from "./standby.ts";

/** Of one cell. */
export interface CellGauges {
  readonly name: string;
  /** For how long nobody has known whether its routes are current; infinite without any. */
  readonly ageMs: number;
  readonly heldCount: number;
}

/** What is read at each scrape. */
export interface RouterGauges {
  inFlightCount(): number;
  openLinkCount(): number;
  routeCount(): number;
  /** Routes of a cell that another cell's is taken for. */
  routeConflictCount(): number;
  readonly cells: readonly CellGauges[];
  readonly webSockets: { readonly connectionCount: number; readonly pendingCount: number; readonly heldBytes: number };
  /** By the wall clock; null: no TLS here. */
  readonly certificateExpiryMs: (() => number) | null;
}

export interface RouterMetrics extends RequestMetrics {
  readonly webSockets: WebSocketMetrics;
  linkEnded(type: string): void;
  postmortem(verdict: "answered" | "unanswered"): void;
  /** Connections that ended before their first request. */
  connectionRefused(cause: "proxy_header" | "tls_handshake"): void;
  connectionStalled(): void;
  /** Requests that outlived the grace of the router's end. */
  drainCut(requestCount: number): void;
  routesKept(outcome: "saved" | "failed", bytes: number): void;
  certificatesLoaded(outcome: "loaded" | "failed"): void;
  standbyEnded(outcome: StandbyOutcome, elapsedMs: number): void;
}

interface Increment {
  inc(): void;
}

export function createRouterMetrics(metrics: Metrics, gauges: RouterGauges): RouterMetrics {
  const requests = metrics.counter({
    name: "requests_total",
    help: "Requests by how they ended and class of status",
    labels: ["outcome", "status_class"],
  });
  const duration = metrics.duration({
    name: "request_duration_seconds",
    help: "From the request's head to the end of its response",
  });
  const retries = metrics.counter({
    name: "retries_total",
    help: "Attempts after the first, by cause",
    labels: ["cause"],
  });
  const limitEnds = metrics.counter({
    name: "limit_ends_total",
    help: "Requests that a limit of the router, or one of their app that it sees to, ended or kept from beginning",
    labels: ["reason"],
  });
  const postmortems = metrics.counter({
    name: "postmortems_total",
    help: "Questions to supervisors, by verdict",
    labels: ["verdict"],
  });
  const linkEnds = metrics.counter({
    name: "link_ends_total",
    help: "Links to workers that ended or failed to open, by outcome",
    labels: ["outcome"],
  });
  const refusedConnections = metrics.counter({
    name: "refused_connections_total",
    help: "Connections that ended before their first request, by cause",
    labels: ["cause"],
  });
  const stalledConnections = metrics.counter({
    name: "stalled_connections_total",
    help: "Connections that ended because their client took nothing of an answer for listen.stallTimeoutMs",
  });
  const drainCuts = metrics.counter({
    name: "drain_cut_requests_total",
    help: "Requests that were cut because they outlived drain.graceMs",
  });
  const routesKept = metrics.counter({
    name: "routes_snapshots_total",
    help: "Writes of the routing state to disk, by outcome",
    labels: ["outcome"],
  });
  const keptBytes = metrics.gauge({ name: "routes_snapshot_bytes", help: "Size of the routing state on disk" });
  const certificateLoads = metrics.counter({
    name: "certificate_loads_total",
    help: "Changes of certificates that were taken, and pairs that could not be used",
    labels: ["outcome"],
  });
  metrics.gauge({
    name: "routes_age_seconds",
    help: "How long it is unknown whether the routes are current: 0 with the control store, +Inf without routes",
    labels: ["cell"],
    collect: (gauge) => {
      for (const { name, ageMs } of gauges.cells) gauge.set({ cell: name }, ageMs / 1000);
    },
  });
  metrics.gauge({
    name: "held_apps_count",
    help: "Apps whose clients wait for workers to hold their next version ready",
    collect: (gauge) => gauge.set(gauges.cells.reduce((sum, { heldCount }) => sum + heldCount, 0)),
  });
  metrics.gauge({
    name: "route_conflicts_count",
    help: "Routes that are not taken because a cell before theirs has the same host and path",
    collect: (gauge) => gauge.set(gauges.routeConflictCount()),
  });
  const standbyDuration = metrics.duration({
    name: "standby_preparation_duration_seconds",
    help: "How long clients were held back from a version for that",
  });
  const standbys = metrics.counter({
    name: "standby_preparations_total",
    help: "Changes of version for which workers were asked to hold it ready, by outcome",
    labels: ["outcome"],
  });
  const { certificateExpiryMs } = gauges;
  if (certificateExpiryMs !== null) {
    metrics.gauge({
      name: "certificate_expiry_timestamp_seconds",
      help: "The earliest end of a certificate that clients are shown",
      collect: (gauge) => gauge.set(certificateExpiryMs() / 1000),
    });
  }
  metrics.gauge({
    name: "in_flight_requests_count",
    help: "Requests in flight",
    collect: (gauge) => gauge.set(gauges.inFlightCount()),
  });
  metrics.gauge({
    name: "links_count",
    help: "Open links to workers",
    collect: (gauge) => gauge.set(gauges.openLinkCount()),
  });
  metrics.gauge({
    name: "routes_count",
    help: "Routes in the table",
    collect: (gauge) => gauge.set(gauges.routeCount()),
  });

  // Looked up once for each pair: hashing labels costs more than the rest of a request's bookkeeping.
  const byOutcome = new Map<RequestOutcome, (Increment | undefined)[]>();
  return {
    webSockets: createWebSocketMetrics(metrics, gauges),
    finished(outcome, status, durationMs) {
      const statusClass = Math.floor(status / 100);
      let byClass = byOutcome.get(outcome);
      if (byClass === undefined) {
        byClass = [];
        byOutcome.set(outcome, byClass);
      }
      const counter = byClass[statusClass] ?? requests.labels({ outcome, status_class: `${statusClass}xx` });
      byClass[statusClass] = counter;
      counter.inc();
      duration.observeMs(durationMs);
    },
    retried: (cause) => retries.inc({ cause }),
    limitEnded: (reason) => limitEnds.inc({ reason }),
    postmortem: (verdict) => postmortems.inc({ verdict }),
    linkEnded: (type) => linkEnds.inc({ outcome: type }),
    connectionStalled: () => stalledConnections.inc(),
    connectionRefused: (cause) => refusedConnections.inc({ cause }),
    drainCut: (requestCount) => drainCuts.inc(requestCount),
    routesKept(outcome, bytes) {
      routesKept.inc({ outcome });
      if (outcome === "saved") keptBytes.set(bytes);
    },
    standbyEnded(outcome, elapsedMs) {
      standbys.inc({ outcome });
      standbyDuration.observeMs(elapsedMs);
    },
    certificatesLoaded: (outcome) => certificateLoads.inc({ outcome }),
  };
}

function createWebSocketMetrics(metrics: Metrics, { webSockets }: RouterGauges): WebSocketMetrics {
  metrics.gauge({
    name: "websocket_connections_count",
    help: "Open WebSocket connections",
    collect: (gauge) => gauge.set(webSockets.connectionCount),
  });
  metrics.gauge({
    name: "websocket_pending_upgrades_count",
    help: "Upgrades that wait for their app's answer",
    collect: (gauge) => gauge.set(webSockets.pendingCount),
  });
  metrics.gauge({
    name: "websocket_buffered_bytes",
    help: "Of messages that have not come whole, or wait for a worker or a client; bounded by websocket.bufferBytes",
    collect: (gauge) => gauge.set(webSockets.heldBytes),
  });
  const upgrades = metrics.counter({
    name: "websocket_upgrades_total",
    help: "Upgrades that were forwarded, by how they ended",
    labels: ["outcome"],
  });
  const closed = metrics.counter({
    name: "websocket_closed_total",
    help: "WebSocket connections that ended, by close code",
    labels: ["code"],
  });
  const messages = metrics.counter({
    name: "websocket_messages_total",
    help: "Messages from clients (in) and to them (out)",
    labels: ["direction"],
  });
  const bytes = metrics.counter({
    name: "websocket_bytes_total",
    help: "Payload of messages from clients (in) and to them (out), before compression",
    labels: ["direction"],
  });
  return {
    upgraded: (outcome) => upgrades.inc({ outcome }),
    closed: (code) => closed.inc({ code }),
    moved(direction, messageCount, byteCount) {
      messages.inc({ direction }, messageCount);
      bytes.inc({ direction }, byteCount);
    },
  };
}
