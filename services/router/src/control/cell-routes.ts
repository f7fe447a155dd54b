/**
 * Routes and apps of one cell, kept in step with its records a change at a time.
 *
 * I1 What a change costs follows from the change, not from how many apps there are.
 * I2 Apps without a route are not resolved: nobody can ask for them.
 */
import type { AppName, VersionId } from "@nano/protocol/brands";
import type { FeedPosition, RouteRecord, StoreChange, StoreRecord } from "@nano/protocol/records";
import type { Logger } from "@nano/service-kit/logger";
import { canonicalHost, canonicalPath } from "../request/canonical-target.ts";
import type { AppTarget, CellRouting } from "../request/routing-state.ts";
import { resolveTarget } from "./app-target.ts";
import type { RoutingHolder } from "./routing-holder.ts";
import type { MovableEntry, Standby } from "./standby.ts";

const WILDCARD = "*.";

export interface CellRoutesOptions {
  readonly cell: CellRouting;
  /** Among cells: those before it win. */
  readonly place: number;
  readonly holder: RoutingHolder;
  readonly standby: Standby;
  readonly logger: Logger;
}

interface RoutedApp extends MovableEntry {
  target: AppTarget;
  readonly name: AppName;
  routeCount: number;
}

interface KnownRoute {
  readonly host: string;
  readonly path: string;
  readonly app: RoutedApp;
}

export class CellRoutes {
  readonly #options: CellRoutesOptions;
  readonly #apps = new Map<AppName, RoutedApp>();
  readonly #routes = new Map<string, KnownRoute>();
  /** Of versions that were read: whose they are, for when they go. */
  readonly #appOfVersion = new Map<VersionId, AppName>();

  constructor(options: CellRoutesOptions) {
    this.#options = options;
  }

  /** @param records after the changes. @param before up to where in the feed requests see changes */
  apply(changes: readonly StoreChange[], records: ReadonlyMap<string, StoreRecord>, before: FeedPosition | null): void {
    const changed = new Set<AppName>();
    const skipped: string[] = [];
    for (const { key, record } of changes) {
      const kind = key.slice(0, key.indexOf("/"));
      const name = key.slice(kind.length + 1);
      if (kind === "route") {
        const isTaken = this.#setRoute(key, record as RouteRecord | null, records);
        if (!isTaken) skipped.push(key);
      } else if (kind === "app") changed.add(name as AppName);
      else if (kind === "version") changed.add(this.#ownerOf(name as VersionId, record));
    }
    for (const name of changed) this.#resolve(name, records, before);
    if (skipped.length > 0) {
      const fields = { skippedCount: skipped.length, firstKey: skipped[0] };
      this.#options.logger.warn("routes were skipped: no request can have their host or path", fields);
    }
  }

  #ownerOf(id: VersionId, record: StoreRecord | null): AppName {
    if (record?.kind === "version") {
      this.#appOfVersion.set(id, record.app);
      return record.app;
    }
    const app = this.#appOfVersion.get(id) ?? ("" as AppName);
    this.#appOfVersion.delete(id);
    return app;
  }

  #resolve(name: AppName, records: ReadonlyMap<string, StoreRecord>, before: FeedPosition | null): void {
    const entry = this.#apps.get(name);
    if (entry === undefined) return;
    const { standby, cell } = this.#options;
    standby.move(entry, resolveTarget(records, name, cell), before);
  }

  /** False: nobody can ask for it. */
  #setRoute(key: string, record: RouteRecord | null, records: ReadonlyMap<string, StoreRecord>): boolean {
    const known = this.#routes.get(key);
    if (record === null) {
      if (known !== undefined) this.#deleteRoute(key, known);
      return true;
    }
    const isWildcard = record.host.startsWith(WILDCARD);
    const bare = canonicalHost(isWildcard ? record.host.slice(WILDCARD.length) : record.host);
    const path = canonicalPath(record.path);
    if (bare === null || path === null) {
      if (known !== undefined) this.#deleteRoute(key, known);
      return false;
    }
    const host = isWildcard ? WILDCARD + bare : bare;
    const app = this.#appOf(record.app, records);
    app.routeCount += 1;
    if (known !== undefined) this.#release(known.app);
    this.#routes.set(key, { host, path, app });
    const { holder, place, logger } = this.#options;
    const claimCount = holder.claim(place, { host, path }, app);
    if (claimCount > 1) logger.warn("cells have the same route, the first of them is taken", { host, path });
    return true;
  }

  #deleteRoute(key: string, { host, path, app }: KnownRoute): void {
    this.#routes.delete(key);
    this.#options.holder.claim(this.#options.place, { host, path }, null);
    this.#release(app);
  }

  #appOf(name: AppName, records: ReadonlyMap<string, StoreRecord>): RoutedApp {
    let app = this.#apps.get(name);
    if (app === undefined) {
      app = { name, target: resolveTarget(records, name, this.#options.cell), routeCount: 0 };
      this.#apps.set(name, app);
    }
    return app;
  }

  #release(app: RoutedApp): void {
    app.routeCount -= 1;
    if (app.routeCount > 0) return;
    this.#apps.delete(app.name);
    this.#options.standby.drop(app);
  }
}
