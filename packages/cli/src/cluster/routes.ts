/** `nanoctl routes …`, and routes as the command line and `nano.json` write them. */
import type { AppName } from "@nano/protocol/brands";
import type { Route } from "@nano/protocol/registry-api";
import type { CommandContext } from "../commands/command-context.ts";
import { parseHostPattern, parsePathPrefix } from "../config/hostname.ts";
import { errors } from "../errors.ts";
import { showJson, showTable } from "../output/data-table.ts";
import { printable, type Terminal } from "../output/terminal.ts";
import type { ClusterFlags } from "./open-cluster.ts";
import { withCluster } from "./with-cluster.ts";

export type AppRoute = Pick<Route, "host" | "path">;

/** `example.com/api` in its parts. @throws CTL_USAGE */
export function parseRoute(text: string): AppRoute {
  const slash = text.indexOf("/");
  const host = parseHostPattern(slash === -1 ? text : text.slice(0, slash));
  const path = slash === -1 ? "/" : parsePathPrefix(text.slice(slash));
  if (host !== undefined && path !== undefined) return { host, path };
  throw errors.USAGE({
    why: `Route cannot be used: found ${JSON.stringify(text)}, expected HOST or HOST/PATH, such as example.com/api, without scheme and port`,
  });
}

/** Both, each once. */
export function joinRoutes(known: readonly AppRoute[], added: readonly AppRoute[]): AppRoute[] {
  const byPlace = new Map([...known, ...added].map(({ host, path }) => [placeOf({ host, path }), { host, path }]));
  return [...byPlace.values()];
}

export async function listRoutes(app: AppName | null, flags: ClusterFlags, context: CommandContext): Promise<void> {
  await withCluster(flags, context, async (client) => show(await client.listRoutes(app), flags, context.output));
}

export interface SetRoutesFlags extends ClusterFlags {
  /** Says that the app is to have no route. */
  readonly none?: boolean;
}

/** @throws CTL_USAGE where no route is given, unless that is said */
export async function setRoutes(
  { app, routes }: { readonly app: AppName; readonly routes: readonly string[] },
  flags: SetRoutesFlags,
  context: CommandContext,
): Promise<void> {
  const { output } = context;
  const parsed = joinRoutes([], routes.map(parseRoute));
  if (flags.none === true && parsed.length > 0) {
    throw errors.USAGE({ why: "Only one of --none and routes can be given" });
  }
  if (flags.none !== true && parsed.length === 0) {
    throw errors.USAGE({ why: `No route is given: say by --none that no route is to lead to ${app} any more` });
  }
  await withCluster(flags, context, async (client) => {
    const before = await client.listRoutes(app);
    const after = await client.replaceAppRoutes(app, parsed);
    show(after, flags, output);
    if (flags.json === true) return;
    const kept = new Set(after.map(placeOf));
    const removed = before.map(placeOf).filter((place) => !kept.has(place));
    for (const place of removed) output.line(`${output.paint("yellow", "removed")} ${printable(place)}`);
  });
}

function placeOf({ host, path }: AppRoute): string {
  return `${host}${path}`;
}

function show(routes: readonly Route[], { json }: ClusterFlags, output: Terminal): void {
  if (json === true) {
    showJson({ routes }, output);
    return;
  }
  const rows = routes.map(({ host, path, app }) => [host, path, app]);
  showTable({ head: ["host", "path", "app"], rows, nothing: "No routes" }, output);
}
