/** Rollouts of apps, and the way back. */
import type { AppName } from "@nano/protocol/brands";
import type { AppRecord } from "@nano/protocol/records";
import { appNameSchema, rollbackRequestSchema, rolloutRequestSchema } from "@nano/protocol/registry-api";
import { type Context, Hono } from "hono";
import type { Catalog } from "../catalog/catalog.ts";
import type { Rollouts } from "../catalog/rollouts.ts";
import { showApp, showVersions } from "./answers.ts";
import { readJson } from "./body.ts";
import { parseOrRefuse } from "./problems.ts";

export interface RolloutRoutesOptions {
  readonly catalog: Catalog;
  readonly rollouts: Rollouts;
  readonly bodyLimitBytes: number;
}

/** Below `/v1/apps`. */
export function createRolloutRoutes(options: RolloutRoutesOptions): Hono {
  const { catalog, rollouts, bodyLimitBytes: limitBytes } = options;
  const routes = new Hono();
  const appParam = (c: Context): AppName => parseOrRefuse(appNameSchema, c.req.param("app"), ["app"]);
  const answer = (c: Context, app: AppRecord): Response =>
    c.json(showApp(catalog.state, app, showVersions(catalog.state, app.name).length));

  routes.put("/:app/rollout", async (c) => {
    const name = appParam(c);
    const request = await readJson(c.req.raw, { schema: rolloutRequestSchema, limitBytes });
    return answer(c, await rollouts.put(name, request));
  });
  routes.delete("/:app/rollout", async (c) => answer(c, await rollouts.end(appParam(c))));
  routes.post("/:app/promote", async (c) => answer(c, await rollouts.promote(appParam(c))));
  routes.post("/:app/rollback", async (c) => {
    const name = appParam(c);
    const { version } = await readJson(c.req.raw, { schema: rollbackRequestSchema, limitBytes });
    return answer(c, await rollouts.rollback(name, version));
  });
  return routes;
}
