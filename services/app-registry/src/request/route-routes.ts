/** The route map, and each app's part of it. */
import { appRoutesRequestSchema, routesBodySchema } from "@nano/protocol/registry-api";
import type { Catalog } from "../catalog/catalog.ts";
import { replaceAppRoutes, replaceRoutes } from "../catalog/routes.ts";
import { showRoutes } from "./answers.ts";
import type { ApiRouter } from "./api-router.ts";
import { jsonBody, operation } from "./operation.ts";
import { mayLookAt } from "./principal.ts";

export interface RouteRoutesOptions {
  readonly catalog: Catalog;
  readonly bodyLimitBytes: number;
}

export function serveRouteRoutes(router: ApiRouter, { catalog, bodyLimitBytes: limitBytes }: RouteRoutesOptions): void {
  const answers = { 200: routesBodySchema };

  router.serve(
    operation("/v1/routes", { method: "get", access: "any", summary: "The routes, by host and path", answers }),
    ({ c, principal }) => c.json({ routes: showRoutes(catalog.state, (app) => mayLookAt(principal, app)) }),
  );

  router.serve(
    operation("/v1/routes", {
      method: "put",
      access: "operate",
      summary: "Replaces the whole map",
      body: jsonBody(routesBodySchema, { limitBytes }),
      answers,
    }),
    async ({ c, body, author }) => {
      await replaceRoutes(catalog, body.routes, author);
      return c.json({ routes: showRoutes(catalog.state) });
    },
  );

  router.serve(
    operation("/v1/apps/{app}/routes", {
      method: "get",
      access: "look-app",
      summary: "The routes of an app",
      answers,
    }),
    ({ c, params: { app } }) => c.json({ routes: showRoutes(catalog.state, (other) => other === app) }),
  );

  router.serve(
    operation("/v1/apps/{app}/routes", {
      method: "put",
      access: "change-app",
      summary: "Replaces the routes of an app; one that another app has is refused",
      body: jsonBody(appRoutesRequestSchema, { limitBytes }),
      answers,
    }),
    async ({ c, params: { app }, body: { routes }, principal, author }) => {
      await replaceAppRoutes(catalog, { app, routes, mayName: (other) => mayLookAt(principal, other) }, author);
      return c.json({ routes: showRoutes(catalog.state, (other) => other === app) });
    },
  );
}
