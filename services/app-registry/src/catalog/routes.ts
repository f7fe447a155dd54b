/** The route map: replaced whole, in one commit. */
import type { RouteRecord } from "@nano/protocol/records";
import type { Route } from "@nano/protocol/registry-api";
import { errors } from "../errors.ts";
import type { Catalog } from "./catalog.ts";
import { resolveRoutes } from "./route-map.ts";

/** @throws REGISTRY_BAD_REQUEST, REGISTRY_DUPLICATE_ROUTE, REGISTRY_UNKNOWN_APP */
export function replaceRoutes(catalog: Catalog, routes: readonly Route[]): Promise<RouteRecord[]> {
  const records = resolveRoutes(routes);
  return catalog.transact((tx) => {
    for (const [index, route] of records.entries()) {
      if (tx.app(route.app) === null) throw errors.UNKNOWN_APP({ where: `routes[${index}]`, app: route.app });
    }
    for (const route of tx.routes()) tx.delete(route);
    for (const record of records) tx.put(record);
    return records;
  });
}
