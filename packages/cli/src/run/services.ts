/** The services of one machine, and what each is told. The only place that maps a run to their configuration. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { entryFile } from "@nano/service-kit/entry-file";
import type { ClientTimeouts, ServerSettings } from "../config/config-file.ts";
import { cacheDirectoryOf } from "../config/data-directory.ts";
import type { KeyPlaces } from "../config/key-places.ts";
import type { ServiceSpec } from "./service-process.ts";

export interface Places {
  readonly dataDirectory: string;
  /** Sockets of this run. */
  readonly runDirectory: string;
  readonly keys: KeyPlaces;
}

/** What every service is given of our own environment: how to run, which certificates to trust; no settings. */
const INHERITED = [
  "PATH",
  "HOME",
  "TMPDIR",
  "TZ",
  "LANG",
  "NODE_EXTRA_CA_CERTS",
  "NODE_USE_SYSTEM_CA",
  "SSL_CERT_FILE",
];
/** Settings of services, which have no effect here. */
const SERVICE_SETTING = /^(?:BUILDER|EXECUTOR|REGISTRY|ROUTER)_[A-Z0-9_]+$/;
/** Below the launcher's own patience, so that a service ends itself. */
const SHUTDOWN_GRACE_MS = 4000;
/** Between two looks at the clients that are waited for: a share of how long they are, so that none is waited for much longer. */
const MAX_TIMEOUT_CHECK_MS = 5000;
const TIMEOUT_CHECKS = 4;
/** There is one executor: until a new one serves, after it died, nobody else could answer. */
const NO_WORKER_WAIT_MS = 10_000;
/** A supervisor that is dead refuses the question at once; one that does not answer it is short of CPU, and knows who may run again. */
const POSTMORTEM_TIMEOUT_MS = 5_000;
/** Leaves the router the time that it wants for leaving. */
const ROUTER_DRAIN_GRACE_MS = 3000;
const ROUTER_DRAIN_SPREAD_MS = 500;

export const ServiceName = {
  REGISTRY: "app-registry",
  BUILDER: "sliver-builder",
  EXECUTOR: "executor",
  ROUTER: "router",
} as const;

export function registryAddress({ runDirectory }: Pick<Places, "runDirectory">): string {
  return join(runDirectory, "registry.sock");
}

export function adminAddress({ runDirectory }: Pick<Places, "runDirectory">, service: string): string {
  return join(runDirectory, `${service}-admin.sock`);
}

/** In the order of their start. */
export function describeServices(
  places: Places,
  server: Omit<ServerSettings, "adminPort">,
  env: Readonly<Record<string, string | undefined>>,
): ServiceSpec[] {
  const { dataDirectory, runDirectory, keys } = places;
  const controlStore = join(runDirectory, "control-store.sock");
  const artifacts = join(dataDirectory, "artifacts");
  const cache = cacheDirectoryOf(dataDirectory);
  for (const directory of [artifacts, cache, join(runDirectory, "executor")]) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }
  const describe = (name: string, prefix: string, own: Readonly<Record<string, string>>): ServiceSpec => ({
    name,
    main: fileURLToPath(entryFile(new URL(`../../../../services/${name}/src/main.ts`, import.meta.url))),
    env: {
      ...pickEnv(env),
      // A service that died is back sooner when its modules need not be compiled again: 250 ms instead of 400 on two busy cores.
      NODE_COMPILE_CACHE: env.NODE_COMPILE_CACHE || join(dataDirectory, "compile-cache"),
      [`${prefix}_ADMIN_ADDRESS`]: adminAddress(places, name),
      [`${prefix}_SHUTDOWN_GRACE_MS`]: String(SHUTDOWN_GRACE_MS),
      ...own,
    },
  });
  return [
    describe(ServiceName.REGISTRY, "REGISTRY", {
      REGISTRY_HTTP_ADDRESS: registryAddress(places),
      REGISTRY_DATA_DIRECTORY: dataDirectory,
      REGISTRY_STORE_SOCKET_PATH: controlStore,
      REGISTRY_ARTIFACTS_DIRECTORY: artifacts,
      REGISTRY_SECRETS_KEY_FILE: keys.secretsKeyFile,
    }),
    describe(ServiceName.BUILDER, "BUILDER", {
      BUILDER_CONTROL_STORE_SOCKET_PATH: controlStore,
      BUILDER_STORE_DIRECTORY: artifacts,
      BUILDER_SIGNING_KEY_FILE: keys.signingKeyFile,
    }),
    describe(ServiceName.EXECUTOR, "EXECUTOR", {
      EXECUTOR_CONTROL_STORE_SOCKET_PATH: controlStore,
      EXECUTOR_STORE_DIRECTORY: artifacts,
      EXECUTOR_TRUSTED_KEYS_DIRECTORY: keys.trustedDirectory,
      EXECUTOR_CACHE_DIRECTORY: cache,
      EXECUTOR_RUN_DIRECTORY: join(runDirectory, "executor"),
      EXECUTOR_SECRETS_KEY_FILE: keys.secretsKeyFile,
      EXECUTOR_EGRESS_ALLOWED_RANGES: server.egressAllowedRanges.join(),
      EXECUTOR_WORKERS_DEBUG_HEADERS: String(server.debugHeaders),
    }),
    describe(ServiceName.ROUTER, "ROUTER", {
      ROUTER_CONTROL_STORE_SOCKET_PATH: controlStore,
      ROUTER_LISTEN_HOST: server.host.replace(/^\[|\]$/g, ""),
      ROUTER_LISTEN_PORT: String(server.port),
      // Nobody stands in front of one machine who would have to notice.
      ROUTER_DRAIN_NOTICE_MS: "0",
      ROUTER_DRAIN_GRACE_MS: String(ROUTER_DRAIN_GRACE_MS),
      ROUTER_WEBSOCKET_DRAIN_SPREAD_MS: String(ROUTER_DRAIN_SPREAD_MS),
      ROUTER_REQUEST_NO_WORKER_WAIT_MS: String(NO_WORKER_WAIT_MS),
      ROUTER_UPSTREAM_POSTMORTEM_TIMEOUT_MS: String(POSTMORTEM_TIMEOUT_MS),
      ...describeTimeouts(server.clientTimeouts),
    }),
  ];
}

function describeTimeouts({ headersMs, requestMs, stallMs }: ClientTimeouts): Record<string, string> {
  // Headers are a part of their request: the router's server takes no time for them that is longer.
  const shorterMs = Math.min(headersMs, requestMs);
  return {
    ROUTER_LISTEN_HEADERS_TIMEOUT_MS: String(shorterMs),
    ROUTER_LISTEN_REQUEST_TIMEOUT_MS: String(requestMs),
    ROUTER_LISTEN_STALL_TIMEOUT_MS: String(stallMs),
    ROUTER_LISTEN_TIMEOUT_CHECK_MS: String(Math.min(MAX_TIMEOUT_CHECK_MS, Math.ceil(shorterMs / TIMEOUT_CHECKS))),
  };
}

/** What of our own environment is a setting of a service, and not passed on. */
export function listUnreadSettings(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.keys(env).filter((name) => SERVICE_SETTING.test(name) && env[name] !== "");
}

function pickEnv(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(INHERITED.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}
