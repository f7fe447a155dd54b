/**
 * The HTTP API of the app-registry: paths, bodies and answers. JSON unless said otherwise; every error answer is a
 * `WireError` with the problems, if any, under `details.problems` (`RequestProblem[]`).
 *
 *   PUT    /v1/artifacts/:digest             raw bytes → 201 stored, 200 already there   ArtifactAnswer
 *   HEAD   /v1/artifacts/:digest             200 or 404
 *   GET    /v1/apps                                                                      AppsAnswer
 *   PUT    /v1/apps/:app                     makes it, without a version, or leaves it as it is: routes may
 *                                            lead to it before anything of it is built   AppAnswer
 *   DELETE /v1/apps/:app                     with its versions, builds, routes and secrets → 204
 *   PUT    /v1/apps/:app/secrets             SecretsRequest: replaces the whole set, for whatever version the app
 *                                            serves                                       SecretsAnswer
 *   GET    /v1/apps/:app/secrets             names, never values                          SecretsAnswer
 *   PUT    /v1/apps/:app/secrets/:name       SecretRequest: sets one                      SecretsAnswer
 *   DELETE /v1/apps/:app/secrets/:name                                                    SecretsAnswer
 *   POST   /v1/apps/:app/versions            DeployRequest → 202 building, 200 settled   VersionAnswer
 *                                            202 too, state `queued`, where what is built and serves is built
 *                                            again for an executor's engine
 *   GET    /v1/apps/:app/versions            newest first                                VersionsAnswer
 *   GET    /v1/apps/:app/versions/:version                                               VersionAnswer
 *   GET    /v1/apps/:app/versions/:version/events   `BuildEvent` lines (NDJSON) until the outcome; empty lines are
 *                                                   heartbeats and carry nothing. Ends without an outcome
 *                                                   where it was built long ago, or needed no build
 *   POST   /v1/apps/:app/activate            ActivateRequest: for all clients; ends a rollout   AppAnswer
 *   PUT    /v1/apps/:app/rollout             RolloutRequest: begins one, or changes its share   AppAnswer
 *   DELETE /v1/apps/:app/rollout             all clients get the active version again     AppAnswer
 *   POST   /v1/apps/:app/promote             the rollout's version becomes the active one AppAnswer
 *   POST   /v1/apps/:app/rollback            RollbackRequest: the version that served before   AppAnswer
 *   GET    /v1/apps/:app/logs                `LogLine` lines (NDJSON) as the app writes them, from now on; empty lines
 *                                            are heartbeats. What the reader is too slow for is dropped, and counted
 *   GET    /v1/apps/:app/routes                                                           RoutesBody
 *   PUT    /v1/apps/:app/routes              AppRoutesRequest: replaces the app's         RoutesBody
 *   GET    /v1/routes                                                                    RoutesBody
 *   PUT    /v1/routes                        RoutesBody: replaces the whole map          RoutesBody
 *   GET    /v1/nodes                                                                     NodesAnswer
 *   GET    /v1/quarantine                    versions that ended workers again and again QuarantineAnswer
 *   POST   /v1/apps/:app/quarantine/lift     forgives what its versions did until now    AppAnswer
 *   GET    /v1/whoami                                                                    WhoAmIAnswer
 *   GET    /v1/tokens                        never the tokens themselves                  TokensAnswer
 *   POST   /v1/tokens                        TokenRequest → 201, the token, once          NewTokenAnswer
 *   DELETE /v1/tokens/:id                    → 204
 *   GET    /v1/audit                         newest first, `?limit=` of them              AuditAnswer
 *   GET    /v1/openapi.json                  this, for programs
 *   GET    /v1/feed                          a place in the change feed that holds every
 *                                            change answered so far                      FeedAnswer
 *
 * Over the Unix socket everybody is an operator: who may open it says the file system. Over TCP a request carries
 * `authorization: Bearer TOKEN`: 401 without a valid one, 403 with the role that was needed where it has another, 429 where an
 * address fails too often. Operators may do everything, readers look at everything; a deployer may change and see the apps that it
 * is given (of `/v1/apps` and `/v1/routes` it is shown those), upload, and ask for whoami, feed and openapi.json.
 *
 * A writing request may carry `idempotency-key`, 1 to 128 visible ASCII characters: sent again with the same key by the same
 * token, to whichever registry, it answers as before and changes nothing; 422 where it is another request. Only POST /v1/tokens
 * cannot: 409 with the id of the token that was made.
 */
import { z } from "zod";
import type { AppName, ArtifactDigest, VersionId } from "./brands.ts";
import { manifestInputSchema } from "./manifest.ts";
import {
  appNameSchema,
  buildEventSchema,
  digestSchema,
  fingerprintSchema,
  manifestSchema,
  rolloutSchema,
  stickyBySchema,
  versionIdSchema,
  wireErrorSchema,
} from "./record-schema.ts";
import { tokenRoles } from "./records.ts";
import { secretValueSchema, secretValuesSchema } from "./secrets.ts";

export { appNameSchema, buildEventSchema, digestSchema, fingerprintSchema, versionIdSchema, wireErrorSchema };

/** Most routes that the route map holds. */
export const MAX_ROUTES = 50_000;

/** Paths of the API, for both ends. */
export const registryPaths = {
  artifact: (digest: ArtifactDigest) => `/v1/artifacts/${digest}`,
  apps: "/v1/apps",
  app: (app: AppName) => `/v1/apps/${app}`,
  versions: (app: AppName) => `/v1/apps/${app}/versions`,
  version: (app: AppName, version: VersionId) => `/v1/apps/${app}/versions/${version}`,
  versionEvents: (app: AppName, version: VersionId) => `/v1/apps/${app}/versions/${version}/events`,
  secrets: (app: AppName) => `/v1/apps/${app}/secrets`,
  secret: (app: AppName, name: string) => `/v1/apps/${app}/secrets/${encodeURIComponent(name)}`,
  activate: (app: AppName) => `/v1/apps/${app}/activate`,
  rollout: (app: AppName) => `/v1/apps/${app}/rollout`,
  promote: (app: AppName) => `/v1/apps/${app}/promote`,
  rollback: (app: AppName) => `/v1/apps/${app}/rollback`,
  logs: (app: AppName) => `/v1/apps/${app}/logs`,
  appRoutes: (app: AppName) => `/v1/apps/${app}/routes`,
  routes: "/v1/routes",
  nodes: "/v1/nodes",
  quarantine: "/v1/quarantine",
  liftQuarantine: (app: AppName) => `/v1/apps/${app}/quarantine/lift`,
  whoAmI: "/v1/whoami",
  tokens: "/v1/tokens",
  token: (id: string) => `/v1/tokens/${id}`,
  audit: "/v1/audit",
  openApi: "/v1/openapi.json",
  feed: "/v1/feed",
} as const;

/** One thing that is wrong with a request. */
export const requestProblemSchema = z.object({
  /** Path into the body: `manifest.limits.memory_mb`, `routes[3].host`. */
  where: z.string(),
  got: z.string(),
  expected: z.string(),
});
export type RequestProblem = z.infer<typeof requestProblemSchema>;

export const artifactAnswerSchema = z.object({ digest: digestSchema, sizeBytes: z.number().int() });
export type ArtifactAnswer = z.infer<typeof artifactAnswerSchema>;

/**
 * A deploy: `bundle` (a `BundleArtifact`) is built into a sliver; `sliver` (with its `fingerprint`) was built
 * elsewhere; `assets` may come with either or alone.
 */
export const deployRequestSchema = z
  .strictObject({
    manifest: manifestInputSchema,
    bundle: digestSchema.nullable().default(null),
    assets: digestSchema.nullable().default(null),
    sliver: digestSchema.nullable().default(null),
    fingerprint: fingerprintSchema.nullable().default(null),
    /** Whether the app serves this version once it is built. */
    activate: z.boolean(),
  })
  .check((context) => {
    const { bundle, assets, sliver, fingerprint } = context.value;
    const complain = (path: string, input: unknown, message: string): void => {
      context.issues.push({ code: "custom", path: [path], input, message });
    };
    if (bundle !== null && sliver !== null) complain("sliver", sliver, "expected null: a bundle is given");
    if (bundle === null && sliver === null && assets === null) {
      complain("bundle", bundle, "expected a digest: neither bundle, sliver nor assets is given");
    }
    if (sliver !== null && fingerprint === null)
      complain("fingerprint", fingerprint, "expected the sliver's fingerprint");
    if (sliver === null && fingerprint !== null)
      complain("fingerprint", fingerprint, "expected null: no sliver is given");
  });
export type DeployRequest = z.infer<typeof deployRequestSchema>;
/** What a client may leave out, it may. */
export type DeployRequestInput = z.input<typeof deployRequestSchema>;

export const buildStateSchema = z.enum(["queued", "building", "built", "failed"]);
export type BuildState = z.infer<typeof buildStateSchema>;

export const versionAnswerSchema = z.object({
  app: appNameSchema,
  version: versionIdSchema,
  state: buildStateSchema,
  /** Set where `state` is `failed`. */
  error: wireErrorSchema.nullable(),
  /** Whether the app serves it now. */
  isActive: z.boolean(),
  /** Whether the app is to serve it once it is built. */
  isPending: z.boolean(),
  createdAt: z.string(),
  manifest: manifestSchema,
  bundle: digestSchema.nullable(),
  assets: digestSchema.nullable(),
  /** Digests of its slivers by engine fingerprint. */
  slivers: z.record(z.string(), digestSchema),
});
export type VersionAnswer = z.infer<typeof versionAnswerSchema>;

export const versionsAnswerSchema = z.object({ versions: z.array(versionAnswerSchema) });
export type VersionsAnswer = z.infer<typeof versionsAnswerSchema>;

export const activateRequestSchema = z.strictObject({
  version: versionIdSchema,
  inPlaceOf: versionIdSchema
    .nullable()
    .optional()
    .describe(
      "only while this version is the active one, null: none; where another has become active, 409. Unset: whatever serves",
    ),
});
export type ActivateRequest = z.infer<typeof activateRequestSchema>;

/** Share and threshold of a rollout that says neither. */
export const DEFAULT_ROLLOUT_PERCENT = 10;
export const DEFAULT_HALT_AT = { errorRate: 0.05, requestCount: 50 } as const;

export const rolloutRequestSchema = z.strictObject({
  version: versionIdSchema,
  percent: z.number().min(0).max(100).default(DEFAULT_ROLLOUT_PERCENT),
  stickyBy: stickyBySchema.default({ type: "client" }),
  haltAt: z
    .strictObject({ errorRate: z.number().min(0).max(1), requestCount: z.number().int().min(1).max(1_000_000) })
    .default(DEFAULT_HALT_AT),
});
export type RolloutRequest = z.infer<typeof rolloutRequestSchema>;
export type RolloutRequestInput = z.input<typeof rolloutRequestSchema>;

/** Without a version: the one that served before. */
export const rollbackRequestSchema = z.strictObject({ version: versionIdSchema.nullable().default(null) });
export type RollbackRequest = z.infer<typeof rollbackRequestSchema>;

export const appAnswerSchema = z.object({
  name: appNameSchema,
  activeVersion: versionIdSchema.nullable(),
  /** The one that a rollback without a version leads to. */
  previousVersion: versionIdSchema.nullable().default(null),
  rollout: rolloutSchema.nullable().default(null),
  /** Versions that take over once they are built, in the order they were asked for. */
  pendingVersions: z.array(versionIdSchema),
  versionCount: z.number().int(),
  hasSecrets: z.boolean(),
});
export type AppAnswer = z.infer<typeof appAnswerSchema>;

export const appsAnswerSchema = z.object({ apps: z.array(appAnswerSchema) });
export type AppsAnswer = z.infer<typeof appsAnswerSchema>;

/** Where a version has a variable of the same name, the secret goes before it. */
export const secretsRequestSchema = z.strictObject({ secrets: secretValuesSchema });
export type SecretsRequest = z.infer<typeof secretsRequestSchema>;

export const secretRequestSchema = z.strictObject({ value: secretValueSchema });
export type SecretRequest = z.infer<typeof secretRequestSchema>;

export const secretsAnswerSchema = z.object({
  /** In their order. */
  names: z.array(z.string()),
  /** Goes up with each set that differs from the one before; 0: none is set. */
  revision: z.number().int(),
  updatedAt: z.string().nullable(),
});
export type SecretsAnswer = z.infer<typeof secretsAnswerSchema>;

export const routeSchema = z.strictObject({
  /** `app.example.com`, `*.example.com`, `[::1]`: no port. Stored in lower case, IDN in its ASCII form. */
  host: z.string().min(1).max(255),
  /** Prefix on segment borders: `/` or `/api`. */
  path: z.string().min(1).max(1024).default("/"),
  app: appNameSchema,
});
export type Route = z.infer<typeof routeSchema>;

export const routesBodySchema = z.strictObject({ routes: z.array(routeSchema).max(MAX_ROUTES) });
export type RoutesBody = z.infer<typeof routesBodySchema>;
export type RoutesBodyInput = z.input<typeof routesBodySchema>;

/** Host and path as in a `Route`. */
export const appRoutesRequestSchema = z.strictObject({
  routes: z.array(routeSchema.omit({ app: true })).max(MAX_ROUTES),
});
export type AppRoutesRequest = z.infer<typeof appRoutesRequestSchema>;
export type AppRoutesRequestInput = z.input<typeof appRoutesRequestSchema>;

/** One line of an app's output, or how many of them were dropped before the next one. */
export const logLineSchema = z.union([
  z.object({
    type: z.literal("line"),
    /** ISO 8601. */
    time: z.string(),
    level: z.string(),
    text: z.string(),
    version: versionIdSchema,
    node: z.string(),
    requestId: z.string().nullable(),
  }),
  z.object({ type: z.literal("dropped"), count: z.number().int(), node: z.string().nullable() }),
]);
export type LogLine = z.infer<typeof logLineSchema>;

export const nodeAnswerSchema = z.object({
  id: z.string(),
  engine: z.string(),
  address: z.string(),
  workerCount: z.number().int(),
  /** Requests at once over its capacity, 0 to 1; null: it does not say. */
  load: z.number().nullable(),
  isDraining: z.boolean(),
  badSliverCount: z.number().int(),
});
export type NodeAnswer = z.infer<typeof nodeAnswerSchema>;
export const nodesAnswerSchema = z.object({ nodes: z.array(nodeAnswerSchema) });

/** A version that is served by workers of its own, or not at all until it may have the next one. */
export const quarantinedVersionSchema = z.object({
  app: appNameSchema,
  version: versionIdSchema,
  /** Whether clients get it. */
  isServed: z.boolean(),
  /** When it last ended a worker, as far as nodes tell: it is forgiven an hour later. */
  at: z.string(),
  /** Those that know of it, by their ids. */
  nodes: z.array(z.string()),
});
export type QuarantinedVersionAnswer = z.infer<typeof quarantinedVersionSchema>;
/** By app, then version. */
export const quarantineAnswerSchema = z.object({ versions: z.array(quarantinedVersionSchema) });

export const tokenRoleSchema = z.enum(tokenRoles);
export const whoAmIAnswerSchema = z.object({
  /** Null over the Unix socket. */
  id: z.string().nullable(),
  name: z.string(),
  role: tokenRoleSchema,
  /** Null: all. */
  apps: z.array(appNameSchema).nullable(),
  expiresAt: z.string().nullable(),
});
export type WhoAmIAnswer = z.infer<typeof whoAmIAnswerSchema>;

export const tokenRequestSchema = z.strictObject({
  name: z.string().min(1).max(100),
  role: tokenRoleSchema,
  /** For a deployer. */
  apps: z.array(appNameSchema).min(1).max(1000).nullable().default(null),
  /** Null: it does not expire. */
  expiresInSecs: z.number().int().min(60).max(315_360_000).nullable().default(null),
});
export type TokenRequest = z.infer<typeof tokenRequestSchema>;
export type TokenRequestInput = z.input<typeof tokenRequestSchema>;

export const tokenAnswerSchema = z.object({
  id: z.string(),
  name: z.string(),
  role: tokenRoleSchema,
  apps: z.array(appNameSchema).nullable(),
  createdAt: z.string(),
  expiresAt: z.string().nullable(),
});
export type TokenAnswer = z.infer<typeof tokenAnswerSchema>;
export const tokensAnswerSchema = z.object({ tokens: z.array(tokenAnswerSchema) });
/** The only time that the token itself is told: `nano_ID_SECRET`. */
export const newTokenAnswerSchema = tokenAnswerSchema.extend({ token: z.string() });
export type NewTokenAnswer = z.infer<typeof newTokenAnswerSchema>;

/** Who changed what; what a request said, secrets above all, is not in it. */
export const auditEntrySchema = z.object({
  at: z.string(),
  /** Id of a token; null: over the Unix socket, or the registry by itself. */
  tokenId: z.string().nullable(),
  actor: z.string(),
  action: z.string(),
  /** Such as `app/blog` or `route/example.com/`. */
  subject: z.string(),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});
export type AuditEntry = z.infer<typeof auditEntrySchema>;
export const auditAnswerSchema = z.object({ entries: z.array(auditEntrySchema) });

/** A `FeedPosition`; what a router's admin endpoint answers at `/feed` has the same form. */
export const feedAnswerSchema = z.object({ epoch: z.string(), seq: z.number().int() });
export type FeedAnswer = z.infer<typeof feedAnswerSchema>;
