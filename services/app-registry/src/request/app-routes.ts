/** Apps and their versions. */
import type { BuildOutcome, BuildQueue } from "@nano/control-store/build-queue";
import type { StoreState } from "@nano/control-store/follow-store";
import type { AppName, VersionId } from "@nano/protocol/brands";
import type { BuildEvent } from "@nano/protocol/records";
import {
  activateRequestSchema,
  appNameSchema,
  deployRequestSchema,
  versionIdSchema,
} from "@nano/protocol/registry-api";
import type { SliverStore } from "@nano/sliver/sliver-store";
import { type Context, Hono } from "hono";
import type { Catalog } from "../catalog/catalog.ts";
import type { Deploys } from "../catalog/deploys.ts";
import { MAX_ENGINES_PER_VERSION } from "../catalog/engines.ts";
import type { ArtifactUse } from "../control/artifact-use.ts";
import { showApp, showApps, showVersion, showVersions } from "./answers.ts";
import { ArtifactCheck } from "./artifact-check.ts";
import { readJson } from "./body.ts";
import { createBuildStream } from "./build-stream.ts";
import { parseOrRefuse } from "./problems.ts";

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

function appParam(c: Context): AppName {
  return parseOrRefuse(appNameSchema, c.req.param("app"), ["app"]);
}

function versionParam(c: Context): VersionId {
  return parseOrRefuse(versionIdSchema, c.req.param("version"), ["version"]);
}

export function createAppRoutes(options: AppRoutesOptions): Hono {
  const { catalog, deploys, bodyLimitBytes: limitBytes } = options;
  const artifactCheck = new ArtifactCheck(options.artifacts);
  const routes = new Hono();

  routes.get("/", (c) => c.json({ apps: showApps(catalog.state) }));

  routes.put("/:app", async (c) => {
    const name = appParam(c);
    const app = await deploys.createApp(name);
    return c.json(showApp(catalog.state, app, showVersions(catalog.state, name).length));
  });

  routes.delete("/:app", async (c) => {
    await deploys.deleteApp(appParam(c));
    return c.body(null, 204);
  });

  routes.post("/:app/activate", async (c) => {
    const name = appParam(c);
    const { version } = await readJson(c.req.raw, { schema: activateRequestSchema, limitBytes });
    const app = await deploys.activate(name, version);
    return c.json(showApp(catalog.state, app, showVersions(catalog.state, name).length));
  });

  routes.get("/:app/versions", (c) => c.json({ versions: showVersions(catalog.state, appParam(c)) }));

  routes.post("/:app/versions", async (c) => {
    const name = appParam(c);
    const request = await readJson(c.req.raw, { schema: deployRequestSchema, limitBytes });
    const digests = [request.bundle, request.assets, request.sliver].filter((digest) => digest !== null);
    const { version, isRebuilding } = await options.use.deploy(digests, async () => {
      await artifactCheck.admit(request);
      return deploys.deploy(name, request);
    });
    const shown = showVersion(catalog.state, name, version);
    // Its record stays built: it serves.
    const answer = isRebuilding ? { ...shown, state: "queued" as const } : shown;
    return c.json(answer, answer.state === "built" || answer.state === "failed" ? OK : ACCEPTED);
  });

  routes.get("/:app/versions/:version", (c) => c.json(showVersion(catalog.state, appParam(c), versionParam(c))));

  routes.get("/:app/versions/:version/events", (c) => {
    const version = versionParam(c);
    showVersion(catalog.state, appParam(c), version);
    const signal = AbortSignal.any([c.req.raw.signal, options.signal]);
    const stream = createBuildStream({
      queue: options.queue,
      version,
      signal,
      untilSettled: (outcome) => catalog.waitFor((state) => holds(state, version, outcome), signal, SETTLE_TIMEOUT_MS),
      storedFailure: () => failureOf(catalog.state, version),
    });
    return c.body(stream, OK, { "content-type": "application/x-ndjson" });
  });

  return routes;
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
