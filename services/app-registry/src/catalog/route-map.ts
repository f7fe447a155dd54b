/** Routes as they are asked for → as the router matches them: one spelling for each host and path. */
import type { RouteRecord } from "@nano/protocol/records";
import type { RequestProblem, Route } from "@nano/protocol/registry-api";
import { errors } from "../errors.ts";

const WILDCARD = "*.";

/** Lower case, ASCII form of IDN, no trailing dot; null where it is not a host by itself. */
export function canonicalRouteHost(host: string): string | null {
  const isWildcard = host.startsWith(WILDCARD);
  const name = (isWildcard ? host.slice(WILDCARD.length) : host).replace(/\.$/, "");
  if (name === "" || /[/?#@\\\s%*]/.test(name) || (!name.startsWith("[") && name.includes(":"))) return null;
  if (name.startsWith("[") && (isWildcard || !name.endsWith("]"))) return null;
  const parsed = URL.parse(`http://${name}/`);
  if (parsed === null || parsed.port !== "" || parsed.hostname === "") return null;
  return isWildcard ? WILDCARD + parsed.hostname : parsed.hostname;
}

/** As URL parsing leaves it, no slash at the end; null where a request's path could never begin with it. */
export function canonicalRoutePath(path: string): string | null {
  if (!path.startsWith("/") || /[?#\\]|\/\//.test(path)) return null;
  const parsed = URL.parse(`http://route${path}`);
  if (parsed === null) return null;
  // What URL parsing resolves or drops (`..`, tabs) would not be the path that was written.
  if (decodedOrSame(parsed.pathname) !== decodedOrSame(path)) return null;
  return parsed.pathname === "/" ? "/" : parsed.pathname.replace(/\/$/, "");
}

function decodedOrSame(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    // A stray percent sign: URL parsing keeps it as it is.
    return path;
  }
}

/** @throws REGISTRY_BAD_REQUEST with every problem, REGISTRY_DUPLICATE_ROUTE with the first pair */
export function resolveRoutes(routes: readonly Route[]): RouteRecord[] {
  const problems: RequestProblem[] = [];
  const placed = new Map<string, { readonly where: string; readonly app: string }>();
  const records: RouteRecord[] = [];
  for (const [index, route] of routes.entries()) {
    const host = canonicalRouteHost(route.host);
    const path = canonicalRoutePath(route.path);
    const where = `routes[${index}]`;
    if (host === null) {
      problems.push({ where: `${where}.host`, got: route.host, expected: "a host or *.host, without port" });
    }
    if (path === null) {
      problems.push({ where: `${where}.path`, got: route.path, expected: "a path from /, without // .. ? or #" });
    }
    if (host === null || path === null) continue;
    const key = host + path;
    const first = placed.get(key);
    if (first !== undefined) {
      throw errors.DUPLICATE_ROUTE({ route: key, first, second: { where, app: route.app } });
    }
    placed.set(key, { where, app: route.app });
    records.push({ kind: "route", host, path, app: route.app });
  }
  if (problems.length > 0) throw errors.BAD_REQUEST({ problems });
  return records;
}
