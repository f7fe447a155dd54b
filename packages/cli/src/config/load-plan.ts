/** From what the command line names to what is to be served. */
import { stat } from "node:fs/promises";
import { hostname, networkInterfaces } from "node:os";
import { dirname, join, resolve } from "node:path";
import { readAppName } from "@nano/bundle/app-source";
import type { AppName } from "@nano/protocol/brands";
import { describeSliver } from "@nano/sliver/sliver-file";
import { errors } from "../errors.ts";
import { readSliverBytes } from "../sliver/read-sliver.ts";
import { toAppName } from "./app-names.ts";
import {
  type AppPlan,
  dotEnvOf,
  loadConfigFile,
  type RunPlan,
  type ServerSettings,
  serverSchema,
  toServerSettings,
} from "./config-file.ts";
import { DATA_DIRECTORY } from "./data-directory.ts";
import { parseHostPattern } from "./hostname.ts";

export type TargetKind = "directory" | "entrypoint" | "config" | "sliver";

export interface Target {
  readonly kind: TargetKind;
  readonly path: string;
}

/** What the command line says; it goes before the file. */
export interface ServerOverrides {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly adminPort?: number | undefined;
  readonly debugHeaders?: boolean | undefined;
  /** In addition to those of the file. */
  readonly egressAllowedRanges?: readonly string[] | undefined;
}

/** @throws CTL_CONFIG_INVALID, CTL_FILE_UNREADABLE, CTL_USAGE, SLIVER_… where the sliver to serve is none */
export async function loadPlan(target: Target, overrides: ServerOverrides): Promise<RunPlan> {
  if (target.kind === "config") {
    const plan = await loadConfigFile(resolve(target.path));
    return { ...plan, server: overrideServer(plan.server, overrides) };
  }
  const path = resolve(target.path);
  await checkKind(target, path);
  const server = overrideServer(toServerSettings(serverSchema.parse({})), overrides);
  const app: AppPlan = {
    name: await nameTarget(target.kind, path),
    routes: listOwnHosts(server.host).map((host) => ({ host, path: "/" })),
    source: { kind: target.kind === "sliver" ? "sliver" : "code", path },
    manifest: {},
    secrets: { files: {}, dotEnv: target.kind === "sliver" ? null : await dotEnvOf(path, []) },
  };
  return { server, apps: [app] };
}

/** One name for an app, whether its code is served, a sliver is made of it, or that sliver is served. */
async function nameTarget(kind: TargetKind, path: string): Promise<AppName> {
  if (kind === "sliver") return describeSliver(await readSliverBytes(path)).manifest.app;
  return toAppName(await readAppName(kind === "directory" ? { dir: path } : { entrypoint: path }));
}

/** Where state is kept, unless the user says otherwise. */
export function defaultDataDirectory(target: Target): string {
  const path = resolve(target.path);
  return join(target.kind === "directory" ? path : dirname(path), DATA_DIRECTORY);
}

function overrideServer(server: ServerSettings, overrides: ServerOverrides): ServerSettings {
  return {
    ...server,
    host: overrides.host ?? server.host,
    port: overrides.port ?? server.port,
    adminPort: overrides.adminPort ?? server.adminPort,
    debugHeaders: overrides.debugHeaders ?? server.debugHeaders,
    egressAllowedRanges: [...server.egressAllowedRanges, ...(overrides.egressAllowedRanges ?? [])],
  };
}

async function checkKind(target: Target, path: string): Promise<void> {
  const info = await stat(path).catch((error: Error) => {
    throw errors.FILE_UNREADABLE({ path, why: error.message }, error);
  });
  if (target.kind === "directory" && !info.isDirectory()) {
    throw errors.USAGE({ why: `${path} is no directory: name a file by --entrypoint, --config or --sliver` });
  }
  if (target.kind !== "directory" && !info.isFile()) throw errors.USAGE({ why: `${path} is no file` });
}

/**
 * The names by which this machine can be asked where one app takes all requests: `localhost` and all below it, the
 * address that the router listens on, and where that is every address, each of them.
 */
export function listOwnHosts(listenHost: string): string[] {
  const isEverywhere = ["0.0.0.0", "::", "[::]"].includes(listenHost);
  const addresses = isEverywhere ? Object.values(networkInterfaces()).flatMap((each) => each ?? []) : [];
  const names = [
    "localhost",
    "*.localhost",
    "127.0.0.1",
    "[::1]",
    bracket(listenHost),
    ...(isEverywhere ? [hostname(), ...addresses.map((each) => bracket(each.address.replace(/%.*$/, "")))] : []),
  ];
  return [...new Set(names.flatMap((name) => parseHostPattern(name) ?? []))];
}

function bracket(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}
