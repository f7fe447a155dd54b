/** Routes: of all apps or of one, replaced whole, in one commit. */
import type { AppName } from "@nano/protocol/brands";
import type { RouteRecord } from "@nano/protocol/records";
import type { AppRoutesRequest, Route } from "@nano/protocol/registry-api";
import { errors } from "../errors.ts";
import type { Author } from "./author.ts";
import type { Catalog } from "./catalog.ts";
import { resolveRoutes } from "./route-map.ts";
import type { Transaction } from "./transaction.ts";

/** @throws REGISTRY_BAD_REQUEST, REGISTRY_DUPLICATE_ROUTE, REGISTRY_UNKNOWN_APP */
export async function replaceRoutes(catalog: Catalog, routes: readonly Route[], author: Author): Promise<void> {
  const records = resolveRoutes(routes);
  await catalog.transact((tx) => {
    for (const [index, route] of records.entries()) {
      if (tx.app(route.app) === null) throw errors.UNKNOWN_APP({ where: `routes[${index}]`, app: route.app });
    }
    replace(tx, tx.routes(), records);
    tx.note("routes.replace", "routes", { routes: records.length });
  }, author);
}

export interface AppRoutesChange {
  readonly app: AppName;
  readonly routes: AppRoutesRequest["routes"];
  /** Whether whoever asks may know of another app. */
  mayName(app: AppName): boolean;
}

/** Replaces those of one app. @throws REGISTRY_BAD_REQUEST, REGISTRY_DUPLICATE_ROUTE, REGISTRY_NOT_FOUND, REGISTRY_ROUTE_TAKEN */
export async function replaceAppRoutes(catalog: Catalog, change: AppRoutesChange, author: Author): Promise<void> {
  const { app } = change;
  const records = resolveRoutes(change.routes.map((route) => ({ ...route, app })));
  await catalog.transact((tx) => {
    if (tx.app(app) === null) throw errors.NOT_FOUND({ what: `app ${app}` });
    const all = tx.routes();
    const owners = new Map(all.map((route) => [route.host + route.path, route.app]));
    for (const [index, record] of records.entries()) {
      const route = record.host + record.path;
      const owner = owners.get(route);
      if (owner === undefined || owner === app) continue;
      throw errors.ROUTE_TAKEN({ where: `routes[${index}]`, route, app: change.mayName(owner) ? owner : null });
    }
    const own = all.filter((route) => route.app === app);
    replace(tx, own, records);
    tx.note("routes.replace", `app/${app}`, { routes: records.length });
  }, author);
}

/** Two registries that replace the same at once would mix what they put, did a listing not have to be complete. */
function replace(tx: Transaction, before: readonly RouteRecord[], after: readonly RouteRecord[]): void {
  tx.requireComplete("route");
  for (const route of before) tx.delete(route);
  for (const route of after) tx.put(route);
}
