/** The HTTP API: operations, errors in their wire form, and the document of it all. Its contract is `@nano/protocol/registry-api`. */
import { type KeyObject, randomUUID } from "node:crypto";
import { OpenAPIHono } from "@hono/zod-openapi";
import { isNanoError } from "@nano/protocol/errors";
import type { Logger } from "@nano/service-kit/logger";
import type { Metrics } from "@nano/service-kit/metrics";
import { routePath } from "hono/route";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { z } from "zod";
import { errors } from "../errors.ts";
import { type Api, type ApiEnv, ApiRouter } from "./api-router.ts";
import { type AppRoutesOptions, serveAppRoutes } from "./app-routes.ts";
import { type ArtifactRoutesOptions, serveArtifactRoutes } from "./artifact-routes.ts";
import { serveCellRoutes } from "./cell-routes.ts";
import { type LogRoutesOptions, serveLogRoutes } from "./log-routes.ts";
import { operation } from "./operation.ts";
import { serveQuarantineRoutes } from "./quarantine-routes.ts";
import { type RolloutRoutesOptions, serveRolloutRoutes } from "./rollout-routes.ts";
import { serveRouteRoutes } from "./route-routes.ts";
import { type SecretRoutesOptions, serveSecretRoutes } from "./secret-routes.ts";
import type { SignIn } from "./sign-in.ts";
import { serveTokenRoutes, type TokenRoutesOptions } from "./token-routes.ts";

export interface ApiOptions {
  readonly apps: AppRoutesOptions;
  readonly artifacts: ArtifactRoutesOptions;
  readonly secrets: SecretRoutesOptions;
  readonly rollouts: RolloutRoutesOptions;
  readonly tokens: TokenRoutesOptions;
  readonly logs: LogRoutesOptions;
  readonly signIn: SignIn;
  readonly digestKey: () => KeyObject;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export function createApi(options: ApiOptions): Api {
  const { logger, signIn, digestKey } = options;
  const api: Api = new OpenAPIHono<ApiEnv>();
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

  const router = new ApiRouter({ api, signIn, digestKey });
  serveArtifactRoutes(router, options.artifacts);
  serveAppRoutes(router, options.apps);
  serveRolloutRoutes(router, options.rollouts);
  serveSecretRoutes(router, options.secrets);
  serveRouteRoutes(router, options.apps);
  serveTokenRoutes(router, options.tokens);
  serveLogRoutes(router, options.logs);
  serveCellRoutes(router, options.apps);
  serveQuarantineRoutes(router, options.apps);
  serveDocument(router, api);

  api.notFound((c) => {
    const { wire } = errors.NOT_FOUND({ what: `operation ${c.req.method} ${c.req.path}` });
    return c.json(wire, 404);
  });
  api.onError((error, c) => {
    if (isNanoError(error)) {
      const { wire } = error;
      if (wire.fault === "platform") logger.warn("request refused", { err: error, path: c.req.path });
      if (error.code === errors.NOT_SIGNED_IN.code) c.header("www-authenticate", "Bearer");
      if (error.code === errors.TOO_MANY_SIGN_INS.code) c.header("retry-after", String(wire.details.retryAfterSecs));
      return c.json(wire, wire.httpStatus as ContentfulStatusCode);
    }
    const requestId = randomUUID();
    logger.error("request failed", { err: error, requestId, method: c.req.method, path: c.req.path });
    return c.json(errors.INTERNAL({ requestId }).wire, 500);
  });
  return api;
}

const DOCUMENT = {
  openapi: "3.1.0",
  info: { title: "NANO app-registry", version: "1", description: "Apps, their versions, routes and secrets." },
  security: [{ token: [] }],
};

function serveDocument(router: ApiRouter, api: Api): void {
  const description = "`nano_ID_SECRET`, made by POST /v1/tokens; over the Unix socket none is needed";
  api.openAPIRegistry.registerComponent("securitySchemes", "token", { type: "http", scheme: "bearer", description });
  let document: ReturnType<Api["getOpenAPI31Document"]> | null = null;
  router.serve(
    operation("/v1/openapi.json", {
      method: "get",
      access: "any",
      summary: "This document",
      answers: { 200: z.looseObject({ openapi: z.string() }) },
    }),
    (call) => {
      document ??= api.getOpenAPI31Document(DOCUMENT);
      return call.c.json(document);
    },
  );
}
