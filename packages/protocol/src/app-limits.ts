/** What users write under `limits` of a manifest, and what code reads of it. The only place that knows their names, defaults and ranges. */
import { z } from "zod";

const MIB = 1024 * 1024;
/** Of one request, what its bodies add included. */
const MAX_CPU_TIME_MS = 60_000;
const KIB = 1024;
/** What a router reads of a request at most, however it is set: `listen.maxHeaderBytes` may be less. */
export const MAX_REQUEST_HEADER_BYTES = 128 * KIB;
export const MAX_REQUEST_HEADER_COUNT = 1_000;

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
  response_header_kb: z
    .number()
    .min(1)
    .max(64)
    .default(64)
    .describe("headers of a response of the app's code, KiB, names and values; above, it is a 500"),
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
  cache_mb: z
    .number()
    .min(1)
    .max(1_048_576)
    .optional()
    .describe(
      "what the app's cached responses take on one node, MiB; unset, or more than that: `cacheApi.bytesPerApp`",
    ),
  log_bytes_per_second: z
    .number()
    .int()
    .min(0)
    .max(16 * MIB)
    .optional()
    .describe("output of the app that one worker passes on; unset, or more than that: `workers.logBytesPerSecond`"),
});

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
  /** See `streamLimitsOf`. */
  readonly responseHeaderBytes?: number;
  /** Absent: as long as `timeoutMs`. */
  readonly queueWaitMs?: number;
  /** Absent: as much as the node gives each app. */
  readonly cacheBytes?: number;
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
export type StreamLimits = Required<
  Pick<AppLimits, "streamIdleMs" | "streamMaxMs" | "responseBodyBytes" | "responseHeaderBytes">
>;

/** What code in an isolate may have at once, beside fetches. */
export type GuestLimits = Required<Pick<AppLimits, "timerCount" | "cryptoInFlightCount">>;

/** What one request's fetches may do together. */
export type SubrequestLimits = Required<
  Pick<AppLimits, "subrequestCount" | "subrequestsAtOnceCount" | "subrequestSentBytes" | "subrequestReceivedBytes">
>;

/** Of what was written, with its defaults. */
export function resolveLimits(written: z.output<typeof limitsSchema>): AppLimits {
  return {
    memoryBytes: written.memory_mb * MIB,
    timeoutMs: Math.round(written.timeout_secs * 1000),
    cpuTimeMs: written.cpu_time_ms,
    cpuMsPerMb: written.cpu_ms_per_mb,
    workerCount: written.workers ?? 0,
    initTimeMs: written.init_time_ms,
    queueDepth: written.queue_depth,
    concurrentRequests: written.concurrent_requests,
    requestBodyBytes: Math.round(written.request_body_mb * MIB),
    waitUntilMs: Math.round(written.wait_until_secs * 1000),
    ...resolveRequestHeadLimits(written),
    ...resolveStreamLimits(written),
    ...resolveSubrequestLimits(written),
    cpuSoftPercent: written.cpu_soft_percent,
    ...resolveGuestLimits(written),
    ...(written.queue_wait_secs === undefined ? {} : { queueWaitMs: Math.round(written.queue_wait_secs * 1000) }),
    ...(written.cache_mb === undefined ? {} : { cacheBytes: Math.round(written.cache_mb * MIB) }),
    ...(written.log_bytes_per_second === undefined ? {} : { logBytesPerSecond: written.log_bytes_per_second }),
  };
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
    responseHeaderBytes: Math.round(written.response_header_kb * KIB),
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

const DEFAULT_SUBREQUEST_LIMITS = resolveSubrequestLimits(limitsSchema.parse({}));
const DEFAULT_CPU_MS_PER_MB = limitsSchema.parse({}).cpu_ms_per_mb;
const DEFAULT_REQUEST_HEAD_LIMITS = resolveRequestHeadLimits(limitsSchema.parse({}));
const DEFAULT_STREAM_LIMITS = resolveStreamLimits(limitsSchema.parse({}));
const DEFAULT_CPU_SOFT_PERCENT = limitsSchema.parse({}).cpu_soft_percent;
const DEFAULT_GUEST_LIMITS = resolveGuestLimits(limitsSchema.parse({}));
