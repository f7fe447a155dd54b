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
  SECRET_TWICE: ours(
    "caller",
    "secret",
    (d: { names: readonly string[] }) =>
      `Names stand in env_vars of nano.json and in secret_files of the config file: ${d.names.join(", ")}; keep each in one`,
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
      `Registry refused ${d.method} ${d.path} with ${d.status}: ${d.why}`,
  ),
  REGISTRY_LOST: ours(
    "platform",
    "registry",
    (d: { method: string; path: string; why: string }) => `Registry did not answer ${d.method} ${d.path}: ${d.why}`,
  ),
});
