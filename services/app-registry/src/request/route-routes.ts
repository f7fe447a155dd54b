/** The route map. */
import { routesBodySchema } from "@nano/protocol/registry-api";
import { Hono } from "hono";
import type { Catalog } from "../catalog/catalog.ts";
import { replaceRoutes } from "../catalog/routes.ts";
import { showRoutes } from "./answers.ts";
import { readJson } from "./body.ts";

export function createRouteRoutes(options: { readonly catalog: Catalog; readonly bodyLimitBytes: number }): Hono {
  const { catalog, bodyLimitBytes: limitBytes } = options;
  const routes = new Hono();
  routes.get("/", (c) => c.json({ routes: showRoutes(catalog.state) }));
  routes.put("/", async (c) => {
    const body = await readJson(c.req.raw, { schema: routesBodySchema, limitBytes });
    await replaceRoutes(catalog, body.routes);
    return c.json({ routes: showRoutes(catalog.state) });
  });
  return routes;
}
