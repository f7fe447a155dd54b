/** The environment of each service of a cluster, as `infra/compose` sets it; shorter times where a test would wait for nothing. */
import { join } from "node:path";
import type { Host } from "./lab/lab.ts";
import { ADMIN_PORT, type ServiceKind } from "./service.ts";

export const REGISTRY_PORT = 8090;
export const ROUTER_PORT = 8080;
const LINK_PORT = 7000;
/** A balancer that asks twice a second and believes the second failure has noticed by then. */
const ROUTER_NOTICE_MS = 1_500;
/** Longer than the streams of the load. */
const GRACE_MS = 20_000;

export interface ClusterPlaces {
  /** Shared by all hosts, as a volume is: keys. */
  readonly shared: string;
  /** Each host's own. */
  own(host: Host): string;
}

/** What all services are told of the control store: the part of the names after `CONTROL_STORE_`. */
export type StoreSettings = Readonly<Record<string, string>>;

interface Settings {
  readonly prefix: string;
  /** What the names of its settings of artifacts begin with; null: it has none. */
  readonly storage: string | null;
  env(host: Host, places: ClusterPlaces): Readonly<Record<string, string>>;
}

const trusted = ({ shared }: ClusterPlaces): string => join(shared, "trusted");
const secretsKey = ({ shared }: ClusterPlaces): string => join(shared, "secrets.key");

const settings: Readonly<Record<ServiceKind, Settings>> = {
  "app-registry": {
    prefix: "REGISTRY",
    storage: "ARTIFACTS",
    env: (host, places) => ({
      REGISTRY_HTTP_ADDRESS: `${host.address}:${REGISTRY_PORT}`,
      REGISTRY_DATA_DIRECTORY: places.own(host),
      REGISTRY_SECRETS_KEY_FILE: secretsKey(places),
      REGISTRY_TOKENS_BOOTSTRAP_FILE: join(places.shared, "operator.token"),
    }),
  },
  "sliver-builder": {
    prefix: "BUILDER",
    storage: "STORE",
    env: (_host, places) => ({
      BUILDER_SIGNING_KEY_FILE: join(places.shared, "builder.pem"),
      BUILDER_TRUSTED_KEYS_DIRECTORY: trusted(places),
    }),
  },
  executor: {
    prefix: "EXECUTOR",
    storage: "STORE",
    env: (host, places) => ({
      EXECUTOR_NODE_ID: host.name,
      EXECUTOR_LISTEN_ADDRESS: `${host.address}:${LINK_PORT}`,
      EXECUTOR_LISTEN_ADVERTISED_ADDRESS: host.publish(LINK_PORT),
      EXECUTOR_TRUSTED_KEYS_DIRECTORY: trusted(places),
      EXECUTOR_SECRETS_KEY_FILE: secretsKey(places),
      EXECUTOR_CACHE_DIRECTORY: join(places.own(host), "cache"),
      EXECUTOR_RUN_DIRECTORY: join(places.own(host), "run"),
      EXECUTOR_RECORDER_DIRECTORY: places.own(host),
      EXECUTOR_WORKERS_COUNT: "1",
      EXECUTOR_SHUTDOWN_GRACE_MS: `${GRACE_MS}`,
    }),
  },
  router: {
    prefix: "ROUTER",
    storage: null,
    env: (host, places) => ({
      ROUTER_LISTEN_HOST: host.address,
      ROUTER_LISTEN_PORT: `${ROUTER_PORT}`,
      ROUTER_DRAIN_NOTICE_MS: `${ROUTER_NOTICE_MS}`,
      ROUTER_DRAIN_GRACE_MS: `${GRACE_MS}`,
      ROUTER_SHUTDOWN_GRACE_MS: `${ROUTER_NOTICE_MS + GRACE_MS + 2_000}`,
      ROUTER_ROUTES_SNAPSHOT_PATH: join(places.own(host), "routes.snapshot"),
    }),
  },
};

export interface EnvironmentOptions {
  readonly host: Host;
  readonly places: ClusterPlaces;
  readonly store: StoreSettings;
  /** By the part of their names after `STORE_`, or `ARTIFACTS_` of the registry. */
  readonly storage: Readonly<Record<string, string>>;
}

export function environmentOf(kind: ServiceKind, options: EnvironmentOptions): Record<string, string> {
  const { host, places } = options;
  const { prefix, env, storage } = settings[kind];
  const prefixed = (group: string, values: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}_${group}_${name}`, value]));
  return {
    [`${prefix}_ADMIN_ADDRESS`]: `${host.address}:${ADMIN_PORT}`,
    ...prefixed("CONTROL_STORE", options.store),
    ...(storage === null ? {} : prefixed(storage, options.storage)),
    ...env(host, places),
  };
}
