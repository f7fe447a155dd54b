/**
 * Routes while a plan is on its way: what is asked is answered by something that is built, as long as there is such a thing.
 *
 * I1 An app that has no version yet takes over nothing that another app answers; a host or path that nobody answers leads to it at once.
 * I2 A route that the plan has no more leads where it led, until the apps of the plan are there.
 */
import type { AppName } from "@nano/protocol/brands";
import type { Route } from "@nano/protocol/registry-api";

/**
 * @param before of the last plan
 * @param wanted of the next one
 * @param isServing whether an app has a version that answers
 */
export function interimRoutes(
  before: readonly Route[],
  wanted: readonly Route[],
  isServing: (app: AppName) => boolean,
): readonly Route[] {
  if (wanted.every(({ app }) => isServing(app))) return wanted;
  const routes = new Map<string, Route>();
  for (const route of before) routes.set(keyOf(route), route);
  for (const route of wanted) if (isServing(route.app)) routes.set(keyOf(route), route);
  const answering = [...routes.values()].filter(({ app }) => isServing(app));
  for (const route of wanted) {
    const isTaking = answering.some((other) => other.app !== route.app && isAffected(other, route));
    const isKnown = routes.get(keyOf(route))?.app === route.app;
    if (isKnown || !isTaking) routes.set(keyOf(route), route);
  }
  return [...routes.values()];
}

function keyOf({ host, path }: Route): string {
  return `${host} ${path}`;
}

/** Whether requests that `route` answers now may be taken over by `next`. */
function isAffected(route: Route, next: Route): boolean {
  if (route.host === next.host) return isBelow(next.path, route.path);
  // A nearer host goes before a longer path.
  const isNearer = route.host.startsWith("*.") && next.host.replace("*.", "").endsWith(route.host.slice(1));
  return isNearer && (isBelow(next.path, route.path) || isBelow(route.path, next.path));
}

function isBelow(path: string, prefix: string): boolean {
  return prefix === "/" || path === prefix || path.startsWith(`${prefix}/`);
}
