/**
 * An app's manifest: the limits and settings that belong to its author, as stored and as written.
 * The only place that knows their names, defaults and ranges.
 */
import { z } from "zod";
import { HOST_PATTERN } from "./host-pattern.ts";

const MIB = 1024 * 1024;
/** Of one request, what its bodies add included. */
const MAX_CPU_TIME_MS = 60_000;
const KIB = 1024;
/** What a router reads of a request at most, however it is set: `listen.maxHeaderBytes` may be less. */
export const MAX_REQUEST_HEADER_BYTES = 128 * KIB;
export const MAX_REQUEST_HEADER_COUNT = 1_000;

export const isolationModes = ["request", "app"] as const;
/** `request`: a fresh context for each request; `app`: one context, module state survives. */
export type IsolationMode = (typeof isolationModes)[number];

/** What users write under `limits`, in snake_case with units. */
export const limitsSchema = z.strictObject({
  memory_mb: z.number().int().min(16).max(2048).default(128).describe("heap and array buffers of one isolate, MiB"),
  timeout_secs: z.number().min(0.1).max(3600).default(30).describe("from arrival to the response head"),
  cpu_time_ms: z.number().int().min(1).max(MAX_CPU_TIME_MS).default(50).describe("CPU of one request, all its entries"),
  cpu_ms_per_mb: z
    .number()
    .min(0)
    .max(1000)
    .default(4)
    .describe(
      "CPU beside that, for each MiB of bodies that its code reads or writes, of fetches too; 60 s with it at most",
    ),
  cpu_soft_percent: z
    .number()
    .int()
    .min(0)
    .max(100)
    .default(90)
    .describe(
      "share of its CPU limit from which a request is the last that its isolate takes, for a fresh one; 0: none is",
    ),
  workers: z
    .number()
    .int()
    .min(1)
    .max(64)
    .optional()
    .describe("most workers of one node that hold the app at once; unset: as load asks"),
  init_time_ms: z.number().int().min(10).max(60_000).default(2000).describe("the top level of the app's modules"),
  queue_depth: z.number().int().min(0).max(4096).default(512).describe("requests waiting for the app in one worker"),
  queue_wait_secs: z
    .number()
    .min(0.01)
    .max(3600)
    .optional()
    .describe("longest wait there for a turn, then another worker may take the request; unset: `timeout_secs`"),
  concurrent_requests: z
    .number()
    .int()
    .min(1)
    .max(4096)
    .default(256)
    .describe("requests of the app running or waiting on I/O in one worker"),
  stream_idle_secs: z
    .number()
    .min(1)
    .max(86_400)
    .default(120)
    .describe(
      "after the response head, without a byte from the app or of its request's body: then the response is cut",
    ),
  stream_max_secs: z
    .number()
    .min(0)
    .max(7 * 86_400)
    .default(0)
    .describe("from the response head to the end of its body, then it is cut; 0: as long as it takes"),
  request_body_mb: z.number().min(0).max(4096).default(64).describe("largest request body, MiB"),
  request_header_count: z
    .number()
    .int()
    .min(1)
    .max(MAX_REQUEST_HEADER_COUNT)
    .default(MAX_REQUEST_HEADER_COUNT)
    .describe("most headers of a request, as the client sent them"),
  request_header_kb: z
    .number()
    .min(0.25)
    .max(MAX_REQUEST_HEADER_BYTES / KIB)
    .default(MAX_REQUEST_HEADER_BYTES / KIB)
    .describe("names and values of a request's headers, KiB; `listen.maxHeaderBytes` of the router may be less"),
  url_length: z
    .number()
    .int()
    .min(1)
    .max(MAX_REQUEST_HEADER_BYTES)
    .default(MAX_REQUEST_HEADER_BYTES)
    .describe(
      "longest path and query of a request, bytes as the client sent them; `listen.maxHeaderBytes` counts them, too",
    ),
  response_body_mb: z
    .number()
    .min(0)
    .max(1_048_576)
    .default(4096)
    .describe(
      "largest response body of the app's code, MiB, passed on or its own; above, the response fails or is cut",
    ),
  wait_until_secs: z.number().min(0).max(300).default(30).describe("work after the response"),
  subrequests: z.number().int().min(0).max(1000).default(50).describe("fetch calls of one request"),
  subrequests_at_once: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(50)
    .describe("fetch calls of one request whose answer has not ended, and its open outbound WebSockets"),
  subrequest_sent_mb: z
    .number()
    .min(0)
    .max(65_536)
    .default(256)
    .describe("request bodies of all fetch calls of one request, MiB"),
  subrequest_received_mb: z
    .number()
    .min(0)
    .max(65_536)
    .default(1024)
    .describe("response bodies of all fetch calls of one request, after decoding, MiB"),
  timers: z
    .number()
    .int()
    .min(0)
    .max(1000)
    .default(1000)
    .describe("timers set at once by a request, or by all requests of an isolate with `isolation` `app`"),
  crypto_in_flight: z
    .number()
    .int()
    .min(1)
    .max(64)
    .default(64)
    .describe("WebCrypto operations of the app that one worker does beside its code, or that wait for that"),
  log_bytes_per_second: z
    .number()
    .int()
    .min(0)
    .max(16 * MIB)
    .optional()
    .describe("output of the app that one worker passes on; unset, or more than that: `workers.logBytesPerSecond`"),
});

/** Text of host patterns: they travel with each fetch. */
const MAX_ALLOW_HOSTS_CHARS = 8 * 1024;

/** What users write under `egress`. */
export const egressSchema = z.strictObject({
  allow_hosts: z
    .array(z.string().max(255).regex(HOST_PATTERN, "a host name in lower case, `*.` before it for those below it"))
    .max(256)
    .refine((hosts) => hosts.join("").length <= MAX_ALLOW_HOSTS_CHARS, `at most ${MAX_ALLOW_HOSTS_CHARS} characters`)
    .optional()
    .describe("hosts that fetch and outbound WebSockets may reach, such as api.example.com, *.example.com; unset: all"),
});

/** What users write under `websocket`. */
export const websocketSchema = z.strictObject({
  thread: z
    .enum(["dedicated", "shared"])
    .default("dedicated")
    .describe("a thread for each connection while the node has some left, or one for many"),
  ws_max_connections: z
    .number()
    .int()
    .min(0)
    .max(100_000)
    .default(1_000)
    .describe("connections of the app on one node; 0: none are taken"),
  ws_max_message_bytes: z
    .number()
    .int()
    .min(1)
    .max(256 * MIB)
    .default(32 * MIB)
    .describe("largest message, either way"),
  ws_idle_timeout_ms: z
    .number()
    .int()
    .min(1_000)
    .max(24 * 3_600_000)
    .default(60_000)
    .describe("without a frame in either direction, then the connection is closed"),
  ws_ping_interval_ms: z
    .number()
    .int()
    .min(0)
    .max(3_600_000)
    .default(0)
    .describe("how often a quiet client is pinged, its answers count as frames; 0: never"),
  ws_inbound_buffer_bytes: z
    .number()
    .int()
    .min(0)
    .max(64 * MIB)
    .default(MIB)
    .describe("messages of one connection that wait for the app, or one message if that is larger"),
  ws_outbound_buffer_bytes: z
    .number()
    .int()
    .min(0)
    .max(256 * MIB)
    .default(16 * MIB)
    .describe("of one connection, sent by the app and not yet on its way, or one message if that is larger"),
  ws_max_outbound: z
    .number()
    .int()
    .min(0)
    .max(1_000)
    .default(16)
    .describe("connections that one isolate of the app has opened to other servers, at once"),
});

/** What users write under `assets`. */
export const assetsSchema = z.strictObject({
  run_worker_first: z
    .boolean()
    .default(false)
    .describe("the script answers each request, and asks `env.ASSETS` for files; false: files are served before it"),
});

/** Requests that a builder runs, besides keeping the heap, so that the code behind them is in the sliver. */
export const warmUpRequestSchema = z.strictObject({
  method: z
    .string()
    .regex(/^[A-Z]{1,20}$/, "a method in capitals")
    .default("GET")
    .describe("its method"),
  path: z.string().regex(/^\//, "a path that begins with /").max(2048).default("/").describe("path and query"),
  headers: z
    .record(z.string().regex(/^[a-z0-9-]{1,100}$/, "a header name in lower case"), z.string().max(4096))
    .default({})
    .describe("its headers"),
  body: z
    .string()
    .max(64 * 1024)
    .optional()
    .describe("its body, as text"),
});

/** Environment names as processes have them. */
export const envVarsSchema = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "an environment name"), z.string());

/** What users write in `nano.json` and in `apps[]` of a config file. */
export const manifestInputSchema = z.strictObject({
  isolation: z.enum(isolationModes).default("request"),
  env_vars: envVarsSchema.default({}),
  limits: limitsSchema.default(() => limitsSchema.parse({})),
  websocket: websocketSchema.default(() => websocketSchema.parse({})),
  egress: egressSchema.default({}),
  assets: assetsSchema.default(() => assetsSchema.parse({})),
  warm_up: z
    .array(warmUpRequestSchema)
    .max(16)
    .default([])
    .describe(
      "requests whose code is to be compiled in the sliver: `method`, `path`, `headers`, `body`; none: a GET of `/`, and an upgrade where the app makes WebSockets",
    ),
});
export type ManifestInput = z.input<typeof manifestInputSchema>;

/** Limits as code reads them. */
export interface AppLimits {
  readonly memoryBytes: number;
  readonly timeoutMs: number;
  readonly cpuTimeMs: number;
  /** 0: as load asks. */
  readonly workerCount: number;
  readonly initTimeMs: number;
  readonly queueDepth: number;
  readonly concurrentRequests: number;
  readonly requestBodyBytes: number;
  readonly waitUntilMs: number;
  readonly subrequestCount: number;
  /** This and those below are absent in records of registries that knew none: see `subrequestLimitsOf`. */
  readonly subrequestsAtOnceCount?: number;
  readonly subrequestSentBytes?: number;
  readonly subrequestReceivedBytes?: number;
  /** This and those below are absent in records of older registries still: see `cpuLimitMsOf` and `streamLimitsOf`. */
  readonly cpuMsPerMb?: number;
  readonly streamIdleMs?: number;
  readonly streamMaxMs?: number;
  readonly responseBodyBytes?: number;
  /** This and those below are absent in records of older registries still: see `cpuSoftRatioOf` and `guestLimitsOf`. */
  readonly cpuSoftPercent?: number;
  readonly timerCount?: number;
  readonly cryptoInFlightCount?: number;
  /** Absent: as long as `timeoutMs`. */
  readonly queueWaitMs?: number;
  /** Absent: as much as the worker passes on. */
  readonly logBytesPerSecond?: number;
  /** These are absent in records that are older than they: see `requestHeadLimitsOf`. */
  readonly requestHeaderCount?: number;
  readonly requestHeaderBytes?: number;
  readonly urlBytes?: number;
}

/** How much of a request may come ahead of its body. */
export type RequestHeadLimits = Required<Pick<AppLimits, "requestHeaderCount" | "requestHeaderBytes" | "urlBytes">>;

/** How long a response may be under way, and how much of it there may be. */
export type StreamLimits = Required<Pick<AppLimits, "streamIdleMs" | "streamMaxMs" | "responseBodyBytes">>;

/** What code in an isolate may have at once, beside fetches. */
export type GuestLimits = Required<Pick<AppLimits, "timerCount" | "cryptoInFlightCount">>;

/** What one request's fetches may do together. */
export type SubrequestLimits = Required<
  Pick<AppLimits, "subrequestCount" | "subrequestsAtOnceCount" | "subrequestSentBytes" | "subrequestReceivedBytes">
>;

/** Which servers an app may reach, beside the platform's own rules. */
export interface EgressRules {
  /** As `matchesHost` takes them. Absent: all. */
  readonly allowHosts?: readonly string[];
}

/** Limits of an app's WebSocket connections, as code reads them. */
export interface WebSocketLimits {
  /** Per app and node. */
  readonly maxConnectionCount: number;
  readonly maxMessageBytes: number;
  readonly idleTimeoutMs: number;
  /** 0: no pings. */
  readonly pingIntervalMs: number;
  readonly inboundBufferBytes: number;
  readonly outboundBufferBytes: number;
  /** Of one isolate, to other servers. Absent in records of registries that knew none: see `websocketLimitsOf`. */
  readonly maxOutboundCount?: number;
}

/** A manifest as stored in a version record and read by services. */
export interface Manifest {
  readonly isolation: IsolationMode;
  readonly envVars: Readonly<Record<string, string>>;
  readonly limits: AppLimits;
  readonly websocketThread: "dedicated" | "shared";
  /** Absent in records of registries that knew none: see `websocketLimitsOf`. */
  readonly websocket?: WebSocketLimits;
  /** Absent: none of its own. */
  readonly egress?: EgressRules;
  /** The script answers before the assets. Absent: they do. */
  readonly runWorkerFirst?: boolean;
  /** Empty or absent: a GET of `/`, and an upgrade where the app makes WebSockets. */
  readonly warmUp?: readonly WarmUpRequest[];
}

/** One request of the warm-up while a sliver is built. */
export interface WarmUpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** Applies defaults to what a user wrote. @throws ZodError with every problem */
export function resolveManifest(input: ManifestInput): Manifest {
  const written = manifestInputSchema.parse(input);
  const l = written.limits;
  return {
    isolation: written.isolation,
    envVars: written.env_vars,
    websocketThread: written.websocket.thread,
    websocket: resolveWebSocketLimits(written.websocket),
    ...(written.egress.allow_hosts === undefined ? {} : { egress: { allowHosts: written.egress.allow_hosts } }),
    ...(written.assets.run_worker_first ? { runWorkerFirst: true } : {}),
    warmUp: written.warm_up,
    limits: {
      memoryBytes: l.memory_mb * MIB,
      timeoutMs: Math.round(l.timeout_secs * 1000),
      cpuTimeMs: l.cpu_time_ms,
      cpuMsPerMb: l.cpu_ms_per_mb,
      workerCount: l.workers ?? 0,
      initTimeMs: l.init_time_ms,
      queueDepth: l.queue_depth,
      concurrentRequests: l.concurrent_requests,
      requestBodyBytes: Math.round(l.request_body_mb * MIB),
      waitUntilMs: Math.round(l.wait_until_secs * 1000),
      ...resolveRequestHeadLimits(l),
      ...resolveStreamLimits(l),
      ...resolveSubrequestLimits(l),
      cpuSoftPercent: l.cpu_soft_percent,
      ...resolveGuestLimits(l),
      ...(l.queue_wait_secs === undefined ? {} : { queueWaitMs: Math.round(l.queue_wait_secs * 1000) }),
      ...(l.log_bytes_per_second === undefined ? {} : { logBytesPerSecond: l.log_bytes_per_second }),
    },
  };
}

/** An app's WebSocket limits: the defaults where its record is of a registry that did not know them. */
export function websocketLimitsOf({
  websocket,
}: {
  readonly websocket?: WebSocketLimits | undefined;
}): Required<WebSocketLimits> {
  return { ...DEFAULT_WEBSOCKET_LIMITS, ...websocket };
}

/** An app's limits of fetches: the defaults where its record is of a registry that did not know them. */
export function subrequestLimitsOf(limits: AppLimits): SubrequestLimits {
  return { ...DEFAULT_SUBREQUEST_LIMITS, ...limits };
}

/**
 * CPU that a request may use which read and wrote so many bytes of bodies itself; `cpu_ms_per_mb` has its default where the record is of a registry
 * that did not know it.
 */
export function cpuLimitMsOf(
  { cpuTimeMs, cpuMsPerMb = DEFAULT_CPU_MS_PER_MB }: AppLimits,
  touchedBytes: number,
): number {
  return Math.min(MAX_CPU_TIME_MS, cpuTimeMs + (cpuMsPerMb * touchedBytes) / MIB);
}

/** Share of its CPU limit from which a request wears its isolate out; above 1: none does. */
export function cpuSoftRatioOf({ cpuSoftPercent = DEFAULT_CPU_SOFT_PERCENT }: AppLimits): number {
  return cpuSoftPercent === 0 ? Number.POSITIVE_INFINITY : cpuSoftPercent / 100;
}

/** An app's limits of what its code has at once: the defaults where its record is of a registry that did not know them. */
export function guestLimitsOf(limits: AppLimits): GuestLimits {
  return { ...DEFAULT_GUEST_LIMITS, ...limits };
}

/** An app's limits of responses: the defaults where its record is of a registry that did not know them. */
export function streamLimitsOf(limits: AppLimits): StreamLimits {
  return { ...DEFAULT_STREAM_LIMITS, ...limits };
}

/** An app's limits of a request's head: the defaults where its record is of a registry that did not know them. */
export function requestHeadLimitsOf(limits: AppLimits): RequestHeadLimits {
  const { requestHeaderCount, requestHeaderBytes, urlBytes } = { ...DEFAULT_REQUEST_HEAD_LIMITS, ...limits };
  return { requestHeaderCount, requestHeaderBytes, urlBytes };
}

function resolveRequestHeadLimits(written: z.output<typeof limitsSchema>): RequestHeadLimits {
  return {
    requestHeaderCount: written.request_header_count,
    requestHeaderBytes: Math.round(written.request_header_kb * KIB),
    urlBytes: written.url_length,
  };
}

function resolveStreamLimits(written: z.output<typeof limitsSchema>): StreamLimits {
  return {
    streamIdleMs: Math.round(written.stream_idle_secs * 1000),
    streamMaxMs: Math.round(written.stream_max_secs * 1000),
    responseBodyBytes: Math.round(written.response_body_mb * MIB),
  };
}

function resolveGuestLimits(written: z.output<typeof limitsSchema>): GuestLimits {
  return { timerCount: written.timers, cryptoInFlightCount: written.crypto_in_flight };
}

function resolveSubrequestLimits(written: z.output<typeof limitsSchema>): SubrequestLimits {
  return {
    subrequestCount: written.subrequests,
    subrequestsAtOnceCount: written.subrequests_at_once,
    subrequestSentBytes: Math.round(written.subrequest_sent_mb * MIB),
    subrequestReceivedBytes: Math.round(written.subrequest_received_mb * MIB),
  };
}

function resolveWebSocketLimits(written: z.output<typeof websocketSchema>): Required<WebSocketLimits> {
  return {
    maxConnectionCount: written.ws_max_connections,
    maxMessageBytes: written.ws_max_message_bytes,
    idleTimeoutMs: written.ws_idle_timeout_ms,
    pingIntervalMs: written.ws_ping_interval_ms,
    inboundBufferBytes: written.ws_inbound_buffer_bytes,
    outboundBufferBytes: written.ws_outbound_buffer_bytes,
    maxOutboundCount: written.ws_max_outbound,
  };
}

const DEFAULT_WEBSOCKET_LIMITS = resolveWebSocketLimits(websocketSchema.parse({}));
const DEFAULT_SUBREQUEST_LIMITS = resolveSubrequestLimits(limitsSchema.parse({}));
const DEFAULT_CPU_MS_PER_MB = limitsSchema.parse({}).cpu_ms_per_mb;
const DEFAULT_REQUEST_HEAD_LIMITS = resolveRequestHeadLimits(limitsSchema.parse({}));
const DEFAULT_STREAM_LIMITS = resolveStreamLimits(limitsSchema.parse({}));
const DEFAULT_CPU_SOFT_PERCENT = limitsSchema.parse({}).cpu_soft_percent;
const DEFAULT_GUEST_LIMITS = resolveGuestLimits(limitsSchema.parse({}));
