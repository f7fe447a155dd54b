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
 *                                            serves; over the Unix socket alone           SecretsAnswer
 *   GET    /v1/apps/:app/secrets             names, never values                          SecretsAnswer
 *   POST   /v1/apps/:app/versions            DeployRequest → 202 building, 200 settled   VersionAnswer
 *                                            202 too, state `queued`, where what is built and serves is built
 *                                            again for an executor's engine
 *   GET    /v1/apps/:app/versions            newest first                                VersionsAnswer
 *   GET    /v1/apps/:app/versions/:version                                               VersionAnswer
 *   GET    /v1/apps/:app/versions/:version/events   `BuildEvent` lines (NDJSON) until the outcome; empty lines are
 *                                                   heartbeats and carry nothing. Ends without an outcome
 *                                                   where it was built long ago, or needed no build
 *   POST   /v1/apps/:app/activate            ActivateRequest                             AppAnswer
 *   GET    /v1/routes                                                                    RoutesBody
 *   PUT    /v1/routes                        RoutesBody: replaces the whole map          RoutesBody
 *   GET    /v1/feed                          a place in the change feed that holds every
 *                                            change answered so far                      FeedAnswer
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
  versionIdSchema,
  wireErrorSchema,
} from "./record-schema.ts";
import { secretValuesSchema } from "./secrets.ts";

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
  activate: (app: AppName) => `/v1/apps/${app}/activate`,
  routes: "/v1/routes",
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

export const activateRequestSchema = z.strictObject({ version: versionIdSchema });
export type ActivateRequest = z.infer<typeof activateRequestSchema>;

export const appAnswerSchema = z.object({
  name: appNameSchema,
  activeVersion: versionIdSchema.nullable(),
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

/** A `FeedPosition`; what a router's admin endpoint answers at `/feed` has the same form. */
export const feedAnswerSchema = z.object({ epoch: z.string(), seq: z.number().int() });
export type FeedAnswer = z.infer<typeof feedAnswerSchema>;
