/** From what the command line and the environment name to a client of one registry. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { readRegistryAddress } from "../config/data-directory.ts";
import { errors } from "../errors.ts";
import { type ClusterClient, clusterClientOver } from "../registry/cluster-client.ts";
import { ENDPOINT_EXPECTED, type Endpoint, endpointOf, parseEndpoint } from "../registry/endpoint.ts";
import { RegistryTransport } from "../registry/registry-transport.ts";
import { type Cluster, clusterFilePath, readClusters } from "./cluster-file.ts";
import { tokenOfEnv } from "./token-source.ts";

/** A registry that was restarted on another host is back within this. */
const CLUSTER_RETRY_MS = 30_000;
const FIRST_RETRY_MS = 2_000;

/** Options that every command against a cluster has. */
export interface ClusterFlags {
  readonly cluster?: string;
  readonly url?: string;
  readonly dataDir?: string;
  readonly json?: boolean;
}

type Env = Readonly<Record<string, string | undefined>>;

export interface ClusterPlace {
  /** Null where it is named by its URL alone. */
  readonly name: string | null;
  readonly endpoint: Endpoint;
  readonly token: string | null;
  readonly ca: string | null;
  readonly appsUrl: string | null;
}

export interface OpenCluster {
  readonly place: ClusterPlace;
  readonly client: ClusterClient;
  /** Waits before another attempt, longer after each. */
  pause(attempt: number): Promise<void>;
  close(): void;
}

/** @throws CTL_USAGE, CTL_NO_CLUSTER, CTL_CLUSTER_UNKNOWN, CTL_NOTHING_RUNS, CTL_CLUSTER_FILE_UNUSABLE, CTL_FILE_UNREADABLE */
export function openCluster(
  flags: ClusterFlags,
  { env, ...options }: ConnectOptions & { readonly env: Env },
): OpenCluster {
  const place = pickCluster(flags, env);
  return { place, ...connect(place, options) };
}

export interface ConnectOptions {
  /** Ends all calls. */
  readonly signal?: AbortSignal;
  /** Takes one line about a call that is repeated for long. */
  onWait?(text: string): void;
}

/** A client of a registry. */
export function connect(place: ClusterPlace, { signal, onWait }: ConnectOptions = {}): Omit<OpenCluster, "place"> {
  const transport = new RegistryTransport({
    endpoint: place.endpoint,
    token: place.token,
    ca: place.ca === null ? null : readCertificates(place.ca),
    retryMs: CLUSTER_RETRY_MS,
    firstRetryMs: FIRST_RETRY_MS,
    ...(signal === undefined ? {} : { signal }),
    ...(onWait === undefined ? {} : { onWait }),
  });
  return {
    client: clusterClientOver(transport),
    pause: (attempt) => transport.pause(attempt),
    close: () => transport.close(),
  };
}

/** The one that is named by an option, else by the environment, else the current one. */
export function pickCluster(flags: ClusterFlags, env: Env): ClusterPlace {
  const named = [flags.cluster, flags.url, flags.dataDir].filter((each) => each !== undefined);
  if (named.length > 1)
    throw errors.USAGE({ why: "Only one cluster can be named: found several of --cluster, --url and --data-dir" });
  if (flags.dataDir !== undefined) return placeOfDataDirectory(flags.dataDir);
  const url = flags.url ?? (flags.cluster === undefined ? env.NANO_URL || undefined : undefined);
  const { current, clusters } = readClusters(clusterFilePath(env));
  if (url !== undefined) {
    const endpoint = endpointOrRefuse(url);
    const known = Object.entries(clusters).find(([, each]) => each.url === endpoint.text);
    if (known !== undefined) return placeOf(known[0], known[1], env);
    return { name: null, endpoint, token: tokenFor(endpoint, env), ca: env.NANO_CA_FILE || null, appsUrl: null };
  }
  const name = flags.cluster ?? (env.NANO_CLUSTER || current);
  if (name === null) throw errors.NO_CLUSTER({});
  const cluster = Object.hasOwn(clusters, name) ? clusters[name] : undefined;
  if (cluster === undefined) throw errors.CLUSTER_UNKNOWN({ name, known: Object.keys(clusters) });
  return placeOf(name, cluster, env);
}

/** @throws CTL_USAGE */
export function endpointOrRefuse(url: string): Endpoint {
  const endpoint = parseEndpoint(url);
  if (endpoint !== null) return endpoint;
  // It may hold a password: not shown.
  throw errors.USAGE({ why: `URL cannot be used: expected ${ENDPOINT_EXPECTED}, without user, query or fragment` });
}

function placeOf(name: string, cluster: Cluster, env: Env): ClusterPlace {
  const endpoint = endpointOrRefuse(cluster.url);
  const token = tokenFor(endpoint, env) ?? cluster.token;
  return { name, endpoint, token, ca: cluster.ca, appsUrl: cluster.apps_url };
}

function tokenFor(endpoint: Endpoint, env: Env): string | null {
  return "socketPath" in endpoint.target ? null : tokenOfEnv(env);
}

function placeOfDataDirectory(dataDir: string): ClusterPlace {
  const directory = resolve(dataDir);
  const address = readRegistryAddress(directory);
  if (address === null) throw errors.NOTHING_RUNS({ directory });
  return { name: null, endpoint: endpointOf(address), token: null, ca: null, appsUrl: null };
}

function readCertificates(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw errors.FILE_UNREADABLE({ path, why: error instanceof Error ? error.message : String(error) }, error);
  }
}
