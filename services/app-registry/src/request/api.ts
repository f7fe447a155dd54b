/** The HTTP API: paths to handlers, errors to their wire form. Its contract is `@nano/protocol/registry-api`. */
import { randomUUID } from "node:crypto";
import { isNanoError } from "@nano/protocol/errors";
import type { Logger } from "@nano/service-kit/logger";
import type { Metrics } from "@nano/service-kit/metrics";
import { Hono } from "hono";
import { routePath } from "hono/route";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { errors } from "../errors.ts";
import { showFeed } from "./answers.ts";
import { type AppRoutesOptions, createAppRoutes } from "./app-routes.ts";
import { type ArtifactRoutesOptions, createArtifactRoutes } from "./artifact-routes.ts";
import { createRolloutRoutes, type RolloutRoutesOptions } from "./rollout-routes.ts";
import { createRouteRoutes } from "./route-routes.ts";
import { createSecretRoutes, type SecretRoutesOptions } from "./secret-routes.ts";

export interface ApiOptions {
  readonly apps: AppRoutesOptions;
  readonly artifacts: ArtifactRoutesOptions;
  readonly secrets: SecretRoutesOptions;
  readonly rollouts: RolloutRoutesOptions;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export function createApi(options: ApiOptions): Hono {
  const { logger } = options;
  const api = new Hono();
  const requestCount = options.metrics.counter({
    name: "requests_total",
    help: "API requests by operation and status",
    labels: ["method", "path", "status"],
  });

  api.use(async (c, next) => {
    await next();
    // The pattern, not the path: the set of labels is bounded.
    requestCount.inc({ method: c.req.method, path: routePath(c, -1), status: c.res.status });
  });
  api.use(async (c, next) => {
    // A page in a browser on this machine can reach localhost; nothing that it sends is wanted here.
    const origin = c.req.header("origin") ?? c.req.header("sec-fetch-site");
    if (origin !== undefined) throw errors.BROWSER_REFUSED({ origin });
    await next();
  });

  api.route("/v1/artifacts", createArtifactRoutes(options.artifacts));
  api.route("/v1/apps", createAppRoutes(options.apps));
  api.route("/v1/apps", createSecretRoutes(options.secrets));
  api.route("/v1/apps", createRolloutRoutes(options.rollouts));
  api.route("/v1/routes", createRouteRoutes(options.apps));
  api.get("/v1/feed", (c) => c.json(showFeed(options.apps.catalog.state)));

  api.notFound((c) => {
    const { wire } = errors.NOT_FOUND({ what: `operation ${c.req.method} ${c.req.path}` });
    return c.json(wire, 404);
  });
  api.onError((error, c) => {
    if (isNanoError(error)) {
      if (error.wire.fault === "platform") logger.warn("request refused", { err: error, path: c.req.path });
      return c.json(error.wire, error.wire.httpStatus as ContentfulStatusCode);
    }
    const requestId = randomUUID();
    logger.error("request failed", { err: error, requestId, method: c.req.method, path: c.req.path });
    return c.json(errors.INTERNAL({ requestId }).wire, 500);
  });
  return api;
}
