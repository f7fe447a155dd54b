/**
 * Schemas of what the control store holds. Fields that this build does not know are kept: a newer registry may
 * write them, and a precondition compares whole records.
 */
import { z } from "zod";
import {
  type AppName,
  type ArtifactDigest,
  type EngineFingerprint,
  isAppName,
  isArtifactDigest,
  isVersionId,
  type VersionId,
} from "./brands.ts";
import type { WireError } from "./errors.ts";
import { isolationModes } from "./manifest.ts";
import { type BuildEvent, type BuildJob, MAX_PREVIOUS_VERSIONS, type StoreRecord, tokenRoles } from "./records.ts";

/** Twice of what is drawn. It becomes part of keys. */
const MAX_APP_IDENTITY_CHARS = 64;

export const appNameSchema = z
  .string()
  .refine(
    (value): value is AppName => isAppName(value),
    "expected 1 to 63 of a-z 0-9 . -, a letter or digit at both ends",
  );
export const versionIdSchema = z
  .string()
  .refine((value): value is VersionId => isVersionId(value), "expected v and 16 hex digits");
export const digestSchema = z
  .string()
  .refine(
    (value): value is ArtifactDigest => isArtifactDigest(value),
    "expected a SHA-256 as 64 lower-case hex digits",
  );
export const fingerprintSchema = z
  .string()
  .refine((value): value is EngineFingerprint => /^[0-9a-f]{32}$/.test(value), "expected 32 lower-case hex digits");

export const wireErrorSchema: z.ZodType<WireError> = z.looseObject({
  code: z.string(),
  message: z.string(),
  fault: z.enum(["caller", "tenant", "platform"]),
  retryable: z.boolean(),
  httpStatus: z.number().int(),
  reason: z.string(),
  details: z.record(z.string(), z.unknown()),
});

/** A manifest as it is stored: see `manifestInputSchema` for the ranges that were checked when it came in. */
export const manifestSchema = z.looseObject({
  isolation: z.enum(isolationModes),
  envVars: z.record(z.string(), z.string()),
  websocketThread: z.enum(["dedicated", "shared"]),
  websocket: z
    .looseObject({
      maxConnectionCount: z.number(),
      maxMessageBytes: z.number(),
      idleTimeoutMs: z.number(),
      pingIntervalMs: z.number(),
      inboundBufferBytes: z.number(),
      outboundBufferBytes: z.number(),
      maxOutboundCount: z.number().optional(),
    })
    .optional(),
  limits: z.looseObject({
    memoryBytes: z.number(),
    timeoutMs: z.number(),
    cpuTimeMs: z.number(),
    cpuMsPerMb: z.number().optional(),
    streamIdleMs: z.number().optional(),
    streamMaxMs: z.number().optional(),
    responseBodyBytes: z.number().optional(),
    requestHeaderCount: z.number().optional(),
    requestHeaderBytes: z.number().optional(),
    urlBytes: z.number().optional(),
    responseHeaderBytes: z.number().optional(),
    cpuSoftPercent: z.number().optional(),
    timerCount: z.number().optional(),
    cryptoInFlightCount: z.number().optional(),
    queueWaitMs: z.number().optional(),
    cacheBytes: z.number().optional(),
    logBytesPerSecond: z.number().optional(),
    workerCount: z.number(),
    initTimeMs: z.number(),
    queueDepth: z.number(),
    concurrentRequests: z.number(),
    requestBodyBytes: z.number(),
    waitUntilMs: z.number(),
    subrequestCount: z.number(),
    subrequestsAtOnceCount: z.number().optional(),
    subrequestSentBytes: z.number().optional(),
    subrequestReceivedBytes: z.number().optional(),
  }),
  runWorkerFirst: z.boolean().optional(),
  egress: z.looseObject({ allowHosts: z.array(z.string()).optional() }).optional(),
  warmUp: z
    .array(
      z.looseObject({
        method: z.string(),
        path: z.string(),
        headers: z.record(z.string(), z.string()),
        body: z.string().optional(),
      }),
    )
    .optional(),
});

export const stickyBySchema = z.union([
  z.looseObject({ type: z.literal("client") }),
  z.looseObject({
    type: z.literal("cookie"),
    name: z.string().regex(/^[!#$%&'*+.^`|~\w-]{1,128}$/, "a cookie's name"),
  }),
]);

const countSchema = z.number().int().min(0);
const rolloutCountSchema = z.looseObject({
  requestCount: countSchema,
  errorCount: countSchema,
  since: z.string().optional(),
});

export const rolloutSchema = z.looseObject({
  version: versionIdSchema,
  percent: z.number().min(0).max(100),
  stickyBy: stickyBySchema,
  haltAt: z.looseObject({ errorRate: z.number().min(0).max(1), requestCount: z.number().int().min(1) }),
  startedAt: z.string(),
  countedBefore: z.record(z.string(), rolloutCountSchema).optional(),
  halted: z.looseObject({ at: z.string(), requestCount: countSchema, errorCount: countSchema }).optional(),
});

const endpointSchema = z.looseObject({ address: z.string(), credential: z.string() });

export const storeRecordSchema = z.discriminatedUnion("kind", [
  z.looseObject({
    kind: z.literal("app"),
    name: appNameSchema,
    identity: z.string().min(1).max(MAX_APP_IDENTITY_CHARS).optional(),
    activeVersion: versionIdSchema.nullable(),
    pending: z.array(versionIdSchema).optional(),
    previous: z.array(versionIdSchema).max(MAX_PREVIOUS_VERSIONS).optional(),
    rollout: rolloutSchema.optional(),
    quarantineLiftedAt: z.string().optional(),
  }),
  z.looseObject({
    kind: z.literal("version"),
    id: versionIdSchema,
    app: appNameSchema,
    manifest: manifestSchema,
    bundle: digestSchema.nullable(),
    assets: digestSchema.nullable(),
    createdAt: z.string(),
  }),
  z.looseObject({
    kind: z.literal("build"),
    version: versionIdSchema,
    state: z.enum(["queued", "building", "built", "failed"]),
    error: wireErrorSchema.nullable(),
    queuedAt: z.string().optional(),
    slivers: z.record(z.string(), digestSchema),
  }),
  z.looseObject({
    kind: z.literal("route"),
    host: z.string().min(1),
    path: z.string().startsWith("/"),
    app: appNameSchema,
  }),
  z.looseObject({
    kind: z.literal("secrets"),
    app: appNameSchema,
    sealed: z.string(),
    revision: z.number().int().min(1),
    updatedAt: z.string(),
  }),
  z.looseObject({
    kind: z.literal("node"),
    id: z.string().min(1),
    engine: z.string(),
    supervisor: endpointSchema,
    workers: z.array(
      endpointSchema.extend({
        id: z.string().min(1),
        capacity: z.number().int().min(1).optional(),
        load: z.number().int().min(0).max(10).optional(),
      }),
    ),
    draining: z.boolean(),
    badSlivers: z.record(versionIdSchema, digestSchema).optional(),
    rollouts: z.record(versionIdSchema, rolloutCountSchema).optional(),
    quarantined: z.record(versionIdSchema, z.looseObject({ app: appNameSchema, at: z.string() })).optional(),
    cordon: z.looseObject({ workers: z.array(z.string().min(1)), apps: z.array(appNameSchema) }).optional(),
  }),
  z.looseObject({
    kind: z.literal("token"),
    id: z.string().regex(/^[0-9a-f]{16}$/),
    name: z.string(),
    role: z.enum(tokenRoles),
    apps: z.array(appNameSchema).nullable(),
    hash: z.string().regex(/^[0-9a-f]{64}$/),
    createdAt: z.string(),
    expiresAt: z.string().nullable(),
  }),
]);

/** A record from a store. @throws ZodError: skip it, count it, keep the last good one */
export function parseStoreRecord(value: unknown): StoreRecord {
  return storeRecordSchema.parse(value) as unknown as StoreRecord;
}

export const buildJobSchema = z.looseObject({
  version: versionIdSchema,
  app: appNameSchema,
  manifest: manifestSchema,
  bundle: digestSchema,
  queuedAt: z.string().optional(),
});

/** A build job from a queue. @throws ZodError */
export function parseBuildJob(value: unknown): BuildJob {
  return buildJobSchema.parse(value) as unknown as BuildJob;
}

export const buildEventSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("progress"), step: z.string(), elapsedMs: z.number() }),
  z.object({ type: z.literal("log"), level: z.string(), text: z.string() }),
  z.object({
    type: z.literal("built"),
    fingerprint: fingerprintSchema,
    sliver: digestSchema,
    rung: z.enum(["heap", "bytecode", "source"]),
    elapsedMs: z.number(),
  }),
  z.object({ type: z.literal("failed"), error: wireErrorSchema }),
]);

/** One event of a build. @throws ZodError */
export function parseBuildEvent(value: unknown): BuildEvent {
  return buildEventSchema.parse(value) as BuildEvent;
}
