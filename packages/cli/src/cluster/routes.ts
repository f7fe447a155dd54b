/** `nanoctl routes …`, and routes as the command line and `nano.json` write them. */
import type { AppName } from "@nano/protocol/brands";
import type { Route } from "@nano/protocol/registry-api";
import type { CommandContext } from "../commands/command-context.ts";
import { parseHostPattern, parsePathPrefix } from "../config/hostname.ts";
import { errors } from "../errors.ts";
import { showJson, showTable } from "../output/data-table.ts";
import type { Terminal } from "../output/terminal.ts";
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
  const byPlace = new Map([...known, ...added].map(({ host, path }) => [`${host}${path}`, { host, path }]));
  return [...byPlace.values()];
}

export async function listRoutes(app: AppName | null, flags: ClusterFlags, context: CommandContext): Promise<void> {
  await withCluster(flags, context, async (client) => show(await client.listRoutes(app), flags, context.output));
}

export async function setRoutes(
  { app, routes }: { readonly app: AppName; readonly routes: readonly string[] },
  flags: ClusterFlags,
  context: CommandContext,
): Promise<void> {
  const parsed = joinRoutes([], routes.map(parseRoute));
  await withCluster(flags, context, async (client) => {
    show(await client.replaceAppRoutes(app, parsed), flags, context.output);
  });
}

function show(routes: readonly Route[], { json }: ClusterFlags, output: Terminal): void {
  if (json === true) {
    showJson({ routes }, output);
    return;
  }
  const rows = routes.map(({ host, path, app }) => [host, path, app]);
  showTable({ head: ["host", "path", "app"], rows, nothing: "No routes" }, output);
}
