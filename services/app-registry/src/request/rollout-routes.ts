/** Rollouts of apps, and the way back. */
import { appAnswerSchema, rollbackRequestSchema, rolloutRequestSchema } from "@nano/protocol/registry-api";
import type { Catalog } from "../catalog/catalog.ts";
import type { Rollouts } from "../catalog/rollouts.ts";
import { countVersions, showApp } from "./answers.ts";
import type { ApiRouter } from "./api-router.ts";
import { jsonBody, operation } from "./operation.ts";

export interface RolloutRoutesOptions {
  readonly catalog: Catalog;
  readonly rollouts: Rollouts;
  readonly bodyLimitBytes: number;
}

export function serveRolloutRoutes(router: ApiRouter, options: RolloutRoutesOptions): void {
  const { catalog, rollouts, bodyLimitBytes: limitBytes } = options;
  const access = "change-app";
  const answers = { 200: appAnswerSchema };
  const show = (app: Parameters<typeof showApp>[1]) =>
    showApp(catalog.state, app, countVersions(catalog.state, app.name));

  router.serve(
    operation("/v1/apps/{app}/rollout", {
      method: "put",
      access,
      summary: "Begins a rollout, or changes its share",
      body: jsonBody(rolloutRequestSchema, { limitBytes }),
      answers,
    }),
    async ({ c, params: { app }, body, author }) => c.json(show(await rollouts.put(app, body, author))),
  );

  router.serve(
    operation("/v1/apps/{app}/rollout", {
      method: "delete",
      access,
      summary: "Ends a rollout: all clients get the active version again",
      answers,
    }),
    async ({ c, params: { app }, author }) => c.json(show(await rollouts.end(app, author))),
  );

  router.serve(
    operation("/v1/apps/{app}/promote", {
      method: "post",
      access,
      summary: "Makes the version of the rollout the active one",
      answers,
    }),
    async ({ c, params: { app }, author }) => c.json(show(await rollouts.promote(app, author))),
  );

  router.serve(
    operation("/v1/apps/{app}/rollback", {
      method: "post",
      access,
      summary: "Goes back to the version that served before, or to the one that is named",
      body: jsonBody(rollbackRequestSchema, { limitBytes }),
      answers,
    }),
    async ({ c, params: { app }, body, author }) => c.json(show(await rollouts.rollback(app, body.version, author))),
  );
}
