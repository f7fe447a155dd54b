import { storeShape } from "@nano/control-store/store-settings";
import { MAX_REQUEST_HEADER_BYTES } from "@nano/protocol/app-limits";
import { type ConfigFor, defineConfig } from "@nano/service-kit/config";
import {
  type ConfigField,
  choice,
  durationMs,
  flag,
  integer,
  list,
  optional,
  readableDirectory,
  sizeBytes,
  text,
} from "@nano/service-kit/config-field";
import { executorTlsShape } from "@nano/service-kit/executor-tls";
import { type ForwardedHeaderName, forwardedHeaderNames } from "./request/forwarded-claims.ts";
import { parseTrustedRange } from "./request/trusted-proxies.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** A balancer that asks every 5 s and believes the third failure has noticed by then. */
const DRAIN_NOTICE_MS = 15_000;
const DRAIN_GRACE_MS = 30_000;
const MAX_FURTHER_CELLS = 32;
/** Clients that come back after losing their WebSocket arrive over this time, and not at once. */
const DRAIN_SPREAD_MS = 5_000;
/** What is left for leaving once all connections are gone. */
export const LEAVE_MS = 1_000;

/** Ranges of addresses, each as `parseTrustedRange` takes it. */
function addressRanges(doc: string): ConfigField<readonly string[]> {
  const field = list({ doc, maxCount: 256, default: [] });
  return {
    ...field,
    expected: "at most 256 addresses or ranges such as 10.0.0.0/8 or fd00::/8, separated by commas",
    parse: (raw) => {
      const ranges = field.parse(raw);
      return ranges?.every((range) => parseTrustedRange(range) !== null) === true ? ranges : undefined;
    },
  };
}

const LISTED_HEADERS = forwardedHeaderNames.filter((name) => name !== "forwarded");

/** Headers that proxies write: `forwarded` alone, or some of the others, so that no two of them can disagree. */
function forwardedHeaders(doc: string): ConfigField<readonly ForwardedHeaderName[]> {
  const field = list({ doc, maxCount: forwardedHeaderNames.length });
  return {
    ...field,
    isRequired: false,
    fallback: LISTED_HEADERS,
    expected: `forwarded, or some of ${LISTED_HEADERS.join(", ")}`,
    parse: (raw) => {
      const names = field.parse(raw)?.map((name) => forwardedHeaderNames.find((known) => known === name.toLowerCase()));
      if (names === undefined || names.includes(undefined)) return undefined;
      if (names.includes("forwarded") && names.length > 1) return undefined;
      return Object.freeze(names) as readonly ForwardedHeaderName[];
    },
  };
}

export const routerConfig = defineConfig("ROUTER", {
  listen: {
    host: text({ doc: "address that clients reach", default: "127.0.0.1" }),
    port: integer({
      doc: "port that clients reach, 0 for any free one",
      min: 0,
      max: 65_535,
      default: 8080,
      unit: "port",
    }),
    scheme: choice(["http", "https"], {
      doc: "what clients use, where neither TLS here nor a trusted proxy says; https where TLS ends in front of the router",
      default: "http",
    }),
    trustedProxies: addressRanges("peers whose word on a client's address, scheme and host is taken"),
    forwardedHeaders: forwardedHeaders(
      "headers that the trusted proxies write themselves, on every request; one that they pass on as it came must not be named",
    ),
    proxyProtocol: flag({
      doc: "trusted proxies begin each connection with a PROXY header, version 1 or 2; others must not",
      default: false,
    }),
    maxConnectionCount: integer({ doc: "connections of clients at once", min: 1, max: 1_000_000, default: 16_384 }),
    keepAliveTimeoutMs: durationMs({
      doc: "how long an idle connection is kept",
      min: 0,
      max: 3_600_000,
      default: 65_000,
    }),
    headersTimeoutMs: durationMs({
      doc: "until a request's headers are complete",
      min: 100,
      max: 3_600_000,
      default: 30_000,
    }),
    requestTimeoutMs: durationMs({
      doc: "until a request's body is complete",
      min: 100,
      max: 86_400_000,
      default: 300_000,
    }),
    stallTimeoutMs: durationMs({
      doc: "how long a client may take nothing of an answer that waits for it",
      min: 100,
      max: 3_600_000,
      default: 120_000,
    }),
    timeoutCheckMs: durationMs({
      doc: "how often the two timeouts are looked at",
      min: 10,
      max: 60_000,
      default: 5_000,
    }),
    maxHeaderBytes: sizeBytes({
      doc: "request line and headers of a request, all names and values",
      min: 4 * KIB,
      max: MAX_REQUEST_HEADER_BYTES,
      default: 32 * KIB,
    }),
  },
  tls: {
    directory: optional(
      readableDirectory({
        doc: "NAME.crt and NAME.key in it and in its folders are served by the names in them; unset: no TLS here",
      }),
    ),
    reloadIntervalMs: durationMs({
      doc: "how often the files are looked at",
      min: 10,
      max: 86_400_000,
      default: 10_000,
    }),
  },
  drain: {
    noticeMs: durationMs({
      doc: "from the signal to end until no further connection is accepted: longer than a balancer takes to see /readyz fail",
      min: 0,
      max: 300_000,
      default: DRAIN_NOTICE_MS,
    }),
    graceMs: durationMs({
      doc: "for requests in flight after that; what is longer is cut",
      min: 0,
      max: 3_600_000,
      default: DRAIN_GRACE_MS,
    }),
  },
  shutdown: {
    graceMs: durationMs({
      doc: "from the signal to end until the process leaves, finished or not; notice, grace and spread of drain are cut to fit in",
      min: 0,
      max: 3_600_000,
      default: DRAIN_NOTICE_MS + DRAIN_GRACE_MS + DRAIN_SPREAD_MS + LEAVE_MS,
    }),
  },
  routes: {
    snapshotPath: optional(
      text({ doc: "file that keeps the last good routing state, for a start without the control store; unset: none" }),
    ),
    snapshotMaxBytes: sizeBytes({
      doc: "largest such file that is written or read",
      min: 1 * MIB,
      // It is read as one string, which may have half a gibibyte.
      max: 400 * MIB,
      default: 256 * MIB,
    }),
    prepareMs: durationMs({
      doc: "how long clients of an app stay with its old version while workers get the new one ready; 0: they are moved at once",
      min: 0,
      // Executors let go of a version that is not active any more after ten seconds.
      max: 5_000,
      default: 500,
    }),
  },
  controlStore: {
    ...storeShape,
    cells: list({
      doc: "further cells of the same Redis that this router serves; of two routes for one host and path that of the cell named first is taken",
      maxCount: MAX_FURTHER_CELLS,
      default: [],
    }),
  },
  request: {
    maxInFlightCount: integer({
      doc: "requests in flight; further ones are shed with 503",
      min: 1,
      max: 1_000_000,
      default: 20_000,
    }),
    maxPipelinedCount: integer({
      doc: "requests of one connection that are not answered yet; at a further one it ends, with 429 for that",
      min: 1,
      max: 100_000,
      default: 256,
    }),
    retryBufferBytes: sizeBytes({
      doc: "of a body, kept for another attempt",
      min: 0,
      max: 256 * KIB,
      default: 64 * KIB,
    }),
    discardBytes: sizeBytes({
      doc: "of an unwanted body, read so that its client can read the answer",
      min: 0,
      max: 1024 * MIB,
      default: 16 * MIB,
    }),
    noWorkerWaitMs: durationMs({
      doc: "how long a request waits for a worker that can be reached",
      min: 0,
      max: 60_000,
      default: 2_000,
    }),
    loadedCount: integer({
      doc: "requests in flight from which a worker counts as loaded that names no capacity, and the next one gets the request",
      min: 1,
      max: 100_000,
      default: 64,
    }),
  },
  websocket: {
    maxConnectionCount: integer({
      doc: "WebSocket connections at once; further upgrades are answered 503",
      min: 0,
      max: 1_000_000,
      default: 10_000,
    }),
    maxPendingCount: integer({
      doc: "upgrades that wait for their app's answer; further ones are answered 503",
      min: 1,
      max: 1_000_000,
      default: 1_000,
    }),
    bufferBytes: sizeBytes({
      doc: "held for all connections: messages that have not come whole, or wait for a worker or a client; above it the largest holder is closed with 1013",
      min: 1 * MIB,
      max: 64 * 1024 * MIB,
      default: 512 * MIB,
    }),
    closeTimeoutMs: durationMs({
      doc: "how long a client may take to answer a close",
      min: 10,
      max: 60_000,
      default: 3_000,
    }),
    sweepIntervalMs: durationMs({
      doc: "how often connections are looked at that may be idle: an idle timeout is late by at most this",
      min: 10,
      max: 60_000,
      default: 500,
    }),
    workerWaitMs: durationMs({
      doc: "how long an upgrade waits for a WebSocket worker, a start of one included",
      min: 0,
      max: 60_000,
      default: 10_000,
    }),
    questionTimeoutMs: durationMs({
      doc: "how long a supervisor may take to name an app's WebSocket worker, a start of one included",
      min: 10,
      max: 60_000,
      default: 10_000,
    }),
    questionPauseMs: durationMs({
      doc: "how long a node is not asked again for an app after it named none",
      min: 10,
      max: 60_000,
      default: 500,
    }),
    drainSpreadMs: durationMs({
      doc: "after the grace of a drain: over how long the connections are closed with 1001",
      min: 0,
      max: 3_600_000,
      default: DRAIN_SPREAD_MS,
    }),
  },
  upstream: {
    handshakeTimeoutMs: durationMs({
      doc: "for connecting to a worker, and for its HELLO",
      min: 10,
      max: 60_000,
      default: 5_000,
    }),
    minRedialDelayMs: durationMs({ doc: "pause after a link was lost", min: 1, max: 60_000, default: 20 }),
    maxRedialDelayMs: durationMs({ doc: "longest pause between attempts", min: 1, max: 600_000, default: 2_000 }),
    ...executorTlsShape,
    maxStreamCount: integer({ doc: "requests in flight on one link", min: 1, max: 100_000, default: 4_096 }),
    postmortemTimeoutMs: durationMs({
      doc: "how long a supervisor may take to say what became of a lost worker's requests",
      min: 10,
      max: 60_000,
      default: 1_000,
    }),
  },
});

export type RouterConfig = ConfigFor<typeof routerConfig>;
