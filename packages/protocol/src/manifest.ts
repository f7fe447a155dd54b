/**
 * An app's manifest: the settings that belong to its author, as stored and as written; its `limits` are in app-limits.ts.
 * These two are the only places that know their names, defaults and ranges.
 */
import { z } from "zod";
import { type AppLimits, limitsSchema, resolveLimits } from "./app-limits.ts";
import { HOST_PATTERN } from "./host-pattern.ts";

const MIB = 1024 * 1024;
export const isolationModes = ["request", "app"] as const;
/** `request`: a fresh context for each request; `app`: one context, module state survives. */
export type IsolationMode = (typeof isolationModes)[number];

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
  return {
    isolation: written.isolation,
    envVars: written.env_vars,
    websocketThread: written.websocket.thread,
    websocket: resolveWebSocketLimits(written.websocket),
    ...(written.egress.allow_hosts === undefined ? {} : { egress: { allowHosts: written.egress.allow_hosts } }),
    ...(written.assets.run_worker_first ? { runWorkerFirst: true } : {}),
    warmUp: written.warm_up,
    limits: resolveLimits(written.limits),
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
