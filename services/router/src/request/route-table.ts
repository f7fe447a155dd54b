/**
 * Host and path → app. Changed in place, a route at a time: what a request looks up, it looks up in one turn of the event loop.
 *
 * I1 An exact host goes before a wildcard, a longer wildcard before a shorter one; where the better host has no route for the path,
 *    the next one is asked.
 * I2 Within a host the longest prefix wins, on segment borders: `/api` takes `/api` and `/api/x`, not `/apix`.
 * I3 A lookup costs as many steps as the host's deepest route has segments, however long the path is.
 */

export interface Route<T> {
  /** As `canonicalHost` gives it, or `*.` and such a host. */
  readonly host: string;
  /** As `canonicalPath` gives it. */
  readonly path: string;
  readonly target: T;
}

interface HostRoutes<T> {
  readonly byPath: Map<string, T>;
  /** Segments of the deepest route that it has had: 0 for `/`. */
  maxDepth: number;
}

export class RouteTable<T> {
  readonly #exact = new Map<string, HostRoutes<T>>();
  /** By what follows the `*`: `.example.com`. */
  readonly #wildcard = new Map<string, HostRoutes<T>>();
  #routeCount = 0;

  constructor(routes: Iterable<Route<T>> = []) {
    for (const { host, path, target } of routes) this.set(host, path, target);
  }

  get routeCount(): number {
    return this.#routeCount;
  }

  /** Leads this host and path to a target, in place of another. @param host and path as in `Route` */
  set(host: string, path: string, target: T): void {
    const { hosts, key } = this.#hostsOf(host);
    let entry = hosts.get(key);
    if (entry === undefined) {
      entry = { byPath: new Map(), maxDepth: 0 };
      hosts.set(key, entry);
    }
    const prefix = prefixOf(path);
    if (!entry.byPath.has(prefix)) this.#routeCount += 1;
    entry.byPath.set(prefix, target);
    entry.maxDepth = Math.max(entry.maxDepth, depthOf(prefix));
  }

  delete(host: string, path: string): void {
    const { hosts, key } = this.#hostsOf(host);
    const entry = hosts.get(key);
    if (entry === undefined || !entry.byPath.delete(prefixOf(path))) return;
    this.#routeCount -= 1;
    if (entry.byPath.size === 0) hosts.delete(key);
  }

  /** @param host and path in canonical form */
  find(host: string, path: string): T | null {
    const exact = this.#exact.get(host);
    if (exact !== undefined) {
      const found = longestPrefix(exact, path);
      if (found !== null) return found;
    }
    if (this.#wildcard.size === 0) return null;
    for (let dot = host.indexOf("."); dot !== -1; dot = host.indexOf(".", dot + 1)) {
      const entry = this.#wildcard.get(host.slice(dot));
      const found = entry === undefined ? null : longestPrefix(entry, path);
      if (found !== null) return found;
    }
    return null;
  }

  #hostsOf(host: string): { hosts: Map<string, HostRoutes<T>>; key: string } {
    const isWildcard = host.startsWith("*.");
    return isWildcard ? { hosts: this.#wildcard, key: host.slice(1) } : { hosts: this.#exact, key: host };
  }
}

function prefixOf(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

function depthOf(path: string): number {
  return path === "/" ? 0 : path.split("/").length - 1;
}

function longestPrefix<T>(routes: HostRoutes<T>, path: string): T | null {
  let found = routes.byPath.get("/") ?? null;
  let end = 0;
  for (let depth = 1; depth <= routes.maxDepth && end < path.length; depth += 1) {
    const slash = path.indexOf("/", end + 1);
    end = slash === -1 ? path.length : slash;
    found = routes.byPath.get(path.slice(0, end)) ?? found;
  }
  return found;
}
