/** Routes as they are asked for → as the router matches them: one spelling for each host and path. */
import type { RouteRecord } from "@nano/protocol/records";
import type { RequestProblem, Route } from "@nano/protocol/registry-api";
import { errors } from "../errors.ts";

const WILDCARD = "*.";

/** Lower case, ASCII form of IDN, no trailing dot; null where it is not a host by itself. */
export function canonicalRouteHost(host: string): string | null {
  const isWildcard = host.startsWith(WILDCARD);
  const name = isWildcard ? host.slice(WILDCARD.length) : host;
  if (name === "" || /[/?#@\\\s%*]/.test(name) || (!name.startsWith("[") && name.includes(":"))) return null;
  if (name.startsWith("[") && (isWildcard || !name.endsWith("]"))) return null;
  const parsed = URL.parse(`http://${name}/`);
  if (parsed === null || parsed.port !== "") return null;
  const hostname = parsed.hostname.replace(/\.$/, "");
  if (hostname === "" || hostname.endsWith(".")) return null;
  return isWildcard ? WILDCARD + hostname : hostname;
}

/** An escape of a character that needs none, or a `%` that begins no escape: the router never sees either. */
const NEEDLESS_ESCAPE = /%(?:2[DEde]|3\d|4[1-9A-Fa-f]|5[0-9Aa]|5[Ff]|6[1-9A-Fa-f]|7[0-9Aa]|7[Ee]|(?![0-9A-Fa-f]{2}))/;

/** As the router writes a request's path, no slash at the end; null where none could ever begin with it. */
export function canonicalRoutePath(path: string): string | null {
  if (!path.startsWith("/") || /[?#\\]|\/\//.test(path) || NEEDLESS_ESCAPE.test(path)) return null;
  const written = path.replace(/%../g, (escaped) => escaped.toUpperCase());
  const parsed = URL.parse(`http://route${written}`);
  if (parsed === null) return null;
  // What URL parsing resolves or drops (`..`, tabs) would not be the path that was written.
  if (decodedOrSame(parsed.pathname) !== decodedOrSame(written)) return null;
  return parsed.pathname === "/" ? "/" : parsed.pathname.replace(/\/$/, "");
}

function decodedOrSame(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    // Escapes that are no UTF-8: URL parsing keeps them as they are.
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
      problems.push({
        where: `${where}.path`,
        got: route.path,
        expected: "a path from /, without // .. ? # or needless escapes",
      });
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
