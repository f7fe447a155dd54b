/** What goes wrong in nanoctl itself. */
import { defineErrors, type ErrorDefinition } from "@nano/protocol/errors";
import { countProblems, formatProblems, type InputProblem } from "@nano/protocol/input-problems";

/** Nothing of this table ever answers an HTTP request; the fields of the wire form are what they would be. */
function ours<D>(fault: "caller" | "platform", reason: string, message: (details: D) => string): ErrorDefinition<D> {
  return { fault, retryable: false, httpStatus: fault === "caller" ? 400 : 500, reason, message };
}

export const errors = defineErrors("CTL", {
  USAGE: ours("caller", "usage", (d: { why: string }) => d.why),
  CONFIG_INVALID: ours(
    "caller",
    "config",
    (d: { file: string; problems: readonly InputProblem[] }) =>
      `Config ${d.file} has ${countProblems(d.problems)}\n${formatProblems(d.problems)}`,
  ),
  FILE_UNREADABLE: ours("caller", "file", (d: { path: string; why: string }) => `Cannot read ${d.path}: ${d.why}`),
  SECRET_UNREADABLE: ours(
    "caller",
    "secret",
    (d: { name: string | null; found: string; expected: string }) =>
      `Secret file${d.name === null ? "s" : ` of ${d.name}`} cannot be used: found ${d.found}, expected ${d.expected}`,
  ),
  DOT_ENV_UNREADABLE: ours(
    "caller",
    "secret",
    (d: { place: string; why: string }) => `Variables of ${d.place} cannot be used: ${d.why}`,
  ),
  SECRET_TWICE: ours(
    "caller",
    "secret",
    (d: { names: readonly string[] }) =>
      `Names stand in env_vars of nano.json and in secret_files of the config file: ${d.names.join(", ")}; keep each in one`,
  ),
  DIRECTORY_NOT_EMPTY: ours(
    "caller",
    "file",
    (d: { directory: string; count: number }) =>
      `${d.directory} holds ${d.count} files: a new app wants an empty directory, or one that is not there yet`,
  ),
  FILE_UNWRITABLE: ours("caller", "file", (d: { path: string; why: string }) => `Cannot write ${d.path}: ${d.why}`),
  NOTHING_TO_BUILD: ours(
    "caller",
    "usage",
    (d: { path: string }) => `App ${d.path} has assets and no code: there is nothing to make a sliver of`,
  ),
  DATA_DIR_IN_USE: ours(
    "caller",
    "data_dir_in_use",
    (d: { directory: string }) =>
      `Data directory ${d.directory} is in use by another nanoctl: end that one, or choose another by --data-dir`,
  ),
  PORT_IN_USE: ours(
    "caller",
    "port_in_use",
    (d: { host: string; port: number; option: string; key: string }) =>
      `Port ${d.port} of ${d.host} is in use: end what listens there, or choose another by ${d.option} or ${d.key}`,
  ),
  SERVICE_NOT_STARTED: ours(
    "platform",
    "service",
    (d: { service: string; why: string }) => `Service ${d.service} did not start: ${d.why}`,
  ),
  REGISTRY_REFUSED: ours(
    "platform",
    "registry",
    (d: { method: string; path: string; status: number; why: string }) =>
      `Registry refused: ${d.why} (${d.status} for ${d.method} ${d.path})`,
  ),
  REGISTRY_LOST: ours(
    "platform",
    "registry",
    (d: { method: string; path: string; why: string }) => `Registry did not answer ${d.method} ${d.path}: ${d.why}`,
  ),
  REGISTRY_STRANGE: ours(
    "platform",
    "registry",
    (d: { url: string; method: string; path: string; found: string }) =>
      `What answers at ${d.url} speaks another language: found ${d.found} for ${d.method} ${d.path}, expected the app-registry's API; check the URL and the versions`,
  ),
  SIGN_IN_REFUSED: ours(
    "caller",
    "sign_in",
    (d: { url: string; why: string }) => `Registry ${d.url} refused the token: ${d.why}; run nanoctl login ${d.url}`,
  ),
  NOT_ALLOWED: ours(
    "caller",
    "not_allowed",
    (d: { url: string; method: string; path: string; why: string }) =>
      `Registry ${d.url} does not allow this token ${d.method} ${d.path}: ${d.why}; nanoctl whoami shows what it may do`,
  ),
  NO_CLUSTER: ours(
    "caller",
    "usage",
    (_: Record<string, never>) =>
      "No cluster is chosen: run nanoctl login URL, or name one by --cluster, --url or --data-dir",
  ),
  CLUSTER_UNKNOWN: ours(
    "caller",
    "usage",
    (d: { name: string; known: readonly string[] }) =>
      `Cluster ${d.name} is not known: found ${d.known.length === 0 ? "none" : d.known.join(", ")}; run nanoctl login URL --name ${d.name}`,
  ),
  NOTHING_RUNS: ours(
    "caller",
    "usage",
    (d: { directory: string }) =>
      `Nothing runs on ${d.directory}: start it by nanoctl run, or name another by --data-dir`,
  ),
  CLUSTER_FILE_UNUSABLE: ours(
    "caller",
    "cluster_file",
    (d: { path: string; found: string; expected: string }) =>
      `File of clusters ${d.path} cannot be used: found ${d.found}, expected ${d.expected}`,
  ),
  TOKEN_UNREADABLE: ours(
    "caller",
    "token",
    (d: { found: string; expected: string }) => `Token cannot be used: found ${d.found}, expected ${d.expected}`,
  ),
  APP_UNKNOWN: ours(
    "caller",
    "app",
    (d: { app: string; known: readonly string[] }) =>
      `App ${d.app} does not exist: found ${d.known.length === 0 ? "none" : d.known.join(", ")}`,
  ),
  ROLLOUT_MISSING: ours(
    "caller",
    "rollout",
    (d: { app: string }) =>
      `App ${d.app} has no rollout: begin one by nanoctl rollout set ${d.app} PERCENT --version VERSION, or by nanoctl deploy --percent`,
  ),
  ROLLOUT_HALTED: ours(
    "caller",
    "rollout",
    (d: { app: string; version: string; errorCount: number; requestCount: number }) =>
      `Rollout of ${d.version} of app ${d.app} was halted after ${d.errorCount} of ${d.requestCount} requests failed: give --version ${d.version} to begin it again`,
  ),
  VERSION_UNCLEAR: ours(
    "caller",
    "version",
    (d: { app: string; prefix: string; found: readonly string[] }) =>
      `Version ${d.prefix} of app ${d.app} is not one: found ${d.found.length === 0 ? "none" : d.found.join(", ")}, expected one as nanoctl versions ${d.app} shows it`,
  ),
  INTERRUPTED: ours("caller", "interrupted", (d: { what: string }) => `Interrupted: ${d.what}`),
});
