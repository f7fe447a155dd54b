/** Apps and their versions. */
import type { BuildOutcome, BuildQueue } from "@nano/control-store/build-queue";
import type { StoreState } from "@nano/control-store/follow-store";
import type { VersionId } from "@nano/protocol/brands";
import type { AppRecord, BuildEvent } from "@nano/protocol/records";
import {
  activateRequestSchema,
  appAnswerSchema,
  appsAnswerSchema,
  buildEventSchema,
  deployRequestSchema,
  versionAnswerSchema,
  versionsAnswerSchema,
} from "@nano/protocol/registry-api";
import type { SliverStore } from "@nano/sliver/sliver-store";
import type { Catalog } from "../catalog/catalog.ts";
import type { Deploys } from "../catalog/deploys.ts";
import { MAX_ENGINES_PER_VERSION } from "../catalog/engines.ts";
import type { ArtifactUse } from "../control/artifact-use.ts";
import { countVersions, showApp, showApps, showVersion, showVersions } from "./answers.ts";
import type { ApiRouter } from "./api-router.ts";
import { ArtifactCheck } from "./artifact-check.ts";
import { createBuildStream } from "./build-stream.ts";
import { jsonBody, operation } from "./operation.ts";
import { mayLookAt } from "./principal.ts";

/** How long an outcome is held back until the store has it. */
const SETTLE_TIMEOUT_MS = 10_000;
const OK = 200;
const ACCEPTED = 202;

export interface AppRoutesOptions {
  readonly catalog: Catalog;
  readonly deploys: Deploys;
  readonly queue: BuildQueue;
  readonly artifacts: SliverStore;
  readonly use: ArtifactUse;
  readonly bodyLimitBytes: number;
  /** Ends streams when the service closes. */
  readonly signal: AbortSignal;
}

export function serveAppRoutes(router: ApiRouter, options: AppRoutesOptions): void {
  const { catalog, deploys, bodyLimitBytes: limitBytes } = options;
  const show = (app: AppRecord) => showApp(catalog.state, app, countVersions(catalog.state, app.name));

  router.serve(
    operation("/v1/apps", {
      method: "get",
      access: "any",
      summary: "Apps, by name",
      answers: { 200: appsAnswerSchema },
    }),
    ({ c, principal }) => c.json({ apps: showApps(catalog.state, (app) => mayLookAt(principal, app)) }),
  );

  router.serve(
    operation("/v1/apps/{app}", {
      method: "put",
      access: "change-app",
      summary: "Makes an app without a version, or leaves it as it is",
      answers: { 200: appAnswerSchema },
    }),
    async ({ c, params: { app }, author }) => c.json(show(await deploys.createApp(app, author))),
  );

  router.serve(
    operation("/v1/apps/{app}", {
      method: "delete",
      access: "change-app",
      summary: "Deletes an app with its versions, builds, routes and secrets",
      answers: { 204: null },
    }),
    async ({ c, params: { app }, author }) => {
      await deploys.deleteApp(app, author);
      return c.body(null, 204);
    },
  );

  router.serve(
    operation("/v1/apps/{app}/activate", {
      method: "post",
      access: "change-app",
      summary: "Lets an app serve a version: now, or when its build ends; ends a rollout",
      body: jsonBody(activateRequestSchema, { limitBytes }),
      answers: { 200: appAnswerSchema },
    }),
    async ({ c, params: { app }, body, author }) => c.json(show(await deploys.activate(app, body, author))),
  );

  serveVersionRoutes(router, options);
}

function serveVersionRoutes(router: ApiRouter, options: AppRoutesOptions): void {
  const { catalog, deploys, bodyLimitBytes: limitBytes } = options;
  const artifactCheck = new ArtifactCheck(options.artifacts);

  router.serve(
    operation("/v1/apps/{app}/versions", {
      method: "get",
      access: "look-app",
      summary: "Versions of an app, newest first",
      answers: { 200: versionsAnswerSchema },
    }),
    ({ c, params: { app } }) => c.json({ versions: showVersions(catalog.state, app) }),
  );

  router.serve(
    operation("/v1/apps/{app}/versions", {
      method: "post",
      access: "change-app",
      summary: "Deploys artifacts that were uploaded; the same content is the same version",
      body: jsonBody(deployRequestSchema, { limitBytes }),
      answers: { [OK]: versionAnswerSchema, [ACCEPTED]: versionAnswerSchema },
    }),
    async ({ c, params: { app }, body: request, author }) => {
      const digests = [request.bundle, request.assets, request.sliver].filter((digest) => digest !== null);
      const { version, isRebuilding } = await options.use.deploy(digests, async () => {
        // What was deployed before may be gone by now, and is not named anew.
        if (!(await catalog.isRepeat(author))) await artifactCheck.admit(request);
        return deploys.deploy(app, request, author);
      });
      const shown = showVersion(catalog.state, app, version);
      // Its record stays built: it serves.
      const answer = isRebuilding ? { ...shown, state: "queued" as const } : shown;
      return c.json(answer, answer.state === "built" || answer.state === "failed" ? OK : ACCEPTED);
    },
  );

  router.serve(
    operation("/v1/apps/{app}/versions/{version}", {
      method: "get",
      access: "look-app",
      summary: "One version",
      answers: { 200: versionAnswerSchema },
    }),
    ({ c, params: { app, version } }) => c.json(showVersion(catalog.state, app, version)),
  );

  router.serve(
    operation("/v1/apps/{app}/versions/{version}/events", {
      method: "get",
      access: "look-app",
      summary: "The events of its build, until the outcome",
      answers: { 200: { lines: buildEventSchema } },
    }),
    ({ c, params: { app, version } }) => {
      showVersion(catalog.state, app, version);
      const signal = AbortSignal.any([c.req.raw.signal, options.signal]);
      const stream = createBuildStream({
        queue: options.queue,
        version,
        signal,
        untilSettled: (outcome) =>
          catalog.waitFor((state) => holds(state, version, outcome), signal, SETTLE_TIMEOUT_MS),
        storedFailure: () => failureOf(catalog.state, version),
      });
      return c.body(stream, OK, { "content-type": "application/x-ndjson" });
    },
  );
}

/** Whether the record of a build holds its outcome, as far as there is room. */
function holds(state: StoreState, version: VersionId, outcome: BuildOutcome): boolean {
  const build = state.records.get(`build/${version}`);
  if (build?.kind !== "build" || build.state === "failed") return true;
  // A failed rebuild leaves no trace in it.
  if (build.state !== "built" || outcome.type === "failed") return build.state === "built";
  const { [outcome.fingerprint]: sliver, ...others } = build.slivers;
  return sliver === outcome.sliver || Object.keys(others).length >= MAX_ENGINES_PER_VERSION;
}

function failureOf(state: StoreState, version: VersionId): BuildEvent | null {
  const build = state.records.get(`build/${version}`);
  if (build?.kind !== "build" || build.state !== "failed" || build.error === null) return null;
  return { type: "failed", error: build.error };
}
