/** Where a cell's Redis is and how it is reached: what a service's config says, checked and with defaults. */
import { readFileSync } from "node:fs";
import { checkSecretFile, createSecretFile } from "@nano/service-kit/secret-file";
import { errors } from "./errors.ts";

/** A secret that is read anew for each connection, so that a rotated one is taken up. */
export interface ReadableSecret {
  read(): string;
}

export interface RedisConfig {
  /** `redis://HOST:PORT`, `rediss://HOST:PORT` or `unix:/PATH`; with a Sentinel name or in a Cluster, several. */
  readonly urls: readonly string[];
  /** The cell whose keys these are: all under the hash tag `{nano:CELL}`. */
  readonly cell: string;
  /** Name of the master group: `urls` are those of Sentinels. @default none */
  readonly sentinelName?: string | null;
  /** `urls` are nodes of a Cluster. @default false */
  readonly cluster?: boolean;
  /** TLS to servers and Sentinels; `rediss:` says the same. @default false */
  readonly tls?: boolean;
  /** Certificates to trust in place of the system's, PEM. @default the system's */
  readonly tlsCaFile?: string | null;
  readonly username?: string | null;
  /** File with the password, or something that reads it. @default no password */
  readonly password?: string | ReadableSecret | null;
  /** The same for the Sentinels themselves. @default no password */
  readonly sentinelPassword?: string | ReadableSecret | null;
  /** Replicas that must have a commit before it is acknowledged. @default 0 */
  readonly ackReplicas?: number;
  /** How long a commit waits for them. @default DEFAULT_ACK_TIMEOUT_MS */
  readonly ackTimeoutMs?: number;
}

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

/** How the server is found. */
export type RedisPlace =
  | { readonly kind: "server"; readonly address: RedisAddress }
  | { readonly kind: "socket"; readonly path: string }
  | { readonly kind: "sentinel"; readonly name: string; readonly sentinels: readonly RedisAddress[] }
  | { readonly kind: "cluster"; readonly seeds: readonly RedisAddress[] };

export interface ResolvedRedisConfig {
  readonly place: RedisPlace;
  readonly cell: string;
  readonly isTls: boolean;
  readonly tlsCertificates: Buffer | null;
  readonly username: string | null;
  readonly password: ReadableSecret | null;
  readonly sentinelPassword: ReadableSecret | null;
  readonly ackReplicas: number;
  readonly ackTimeoutMs: number;
}

export const DEFAULT_CELL = "default";
export const DEFAULT_ACK_TIMEOUT_MS = 2000;
export const MAX_ACK_TIMEOUT_MS = 60_000;
export const MAX_URL_COUNT = 100;
const DEFAULT_REDIS_PORT = 6379;
const DEFAULT_SENTINEL_PORT = 26_379;
const CELL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const SCHEMES = ["redis:", "rediss:"];

function refuse(name: string, found: string, expected: string): never {
  throw errors.BAD_ADDRESS({ name, found, expected });
}

function parseUrl(text: string): URL {
  // The text is not repeated in the error: it may carry a password.
  if (!URL.canParse(text)) refuse("urls", "what is no URL", "redis://HOST:PORT");
  const url = new URL(text);
  if (!SCHEMES.includes(url.protocol) || url.hostname === "") {
    refuse("urls", `${url.protocol}//${url.host}`, "redis://HOST:PORT, rediss://HOST:PORT or unix:/PATH");
  }
  if (url.username !== "" || url.password !== "") {
    refuse("urls", "credentials in a URL", "username and password as settings of their own");
  }
  if (!["", "/", "/0"].includes(url.pathname) || url.search !== "" || url.hash !== "") {
    refuse("urls", url.pathname + url.search + url.hash, "no path, query or fragment: a cell is told by its name");
  }
  return url;
}

function addressOf(url: URL, defaultPort: number): RedisAddress {
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port: url.port === "" ? defaultPort : Number(url.port) };
}

function resolvePlace(config: RedisConfig, urls: readonly URL[], socketPath: string | null): RedisPlace {
  const { sentinelName: name = null, cluster = false } = config;
  if (name !== null && cluster) refuse("cluster", "true beside sentinelName", "one of the two");
  if (socketPath !== null) {
    if (name !== null || cluster) refuse("urls", "a Unix socket", "redis:// addresses of Sentinels or Cluster nodes");
    return { kind: "socket", path: socketPath };
  }
  if (name !== null) {
    return { kind: "sentinel", name, sentinels: urls.map((url) => addressOf(url, DEFAULT_SENTINEL_PORT)) };
  }
  const addresses = urls.map((url) => addressOf(url, DEFAULT_REDIS_PORT));
  if (cluster) return { kind: "cluster", seeds: addresses };
  const [address] = addresses;
  if (address === undefined || addresses.length > 1) {
    refuse("urls", `${addresses.length} servers`, "one; several with sentinelName or cluster");
  }
  return { kind: "server", address };
}

function secretOf(name: string, file: RedisConfig["password"]): ReadableSecret | null {
  if (typeof file !== "string") return file ?? null;
  const why = checkSecretFile(file);
  if (why !== null) refuse(name, `${file} (${why})`, "a readable file with the password");
  return createSecretFile(file);
}

/** The certificates now: they are read once, as those of the system are. */
function certificatesOf(file: string | null): Buffer | null {
  if (file === null) return null;
  try {
    return readFileSync(file);
  } catch (error) {
    return refuse("tlsCaFile", `${file} (${(error as { code?: string }).code ?? "unreadable"})`, "a readable PEM file");
  }
}

/** Applies defaults. @throws STORE_BAD_ADDRESS */
export function resolveRedisConfig(config: RedisConfig): ResolvedRedisConfig {
  const { urls, cell, ackReplicas = 0, ackTimeoutMs = DEFAULT_ACK_TIMEOUT_MS } = config;
  if (!CELL.test(cell)) refuse("cell", cell, "1 to 63 of a-z 0-9 -, a letter or digit at both ends");
  if (!Number.isInteger(ackReplicas) || ackReplicas < 0)
    refuse("ackReplicas", `${ackReplicas}`, "a whole number from 0");
  if (!(ackTimeoutMs > 0 && ackTimeoutMs <= MAX_ACK_TIMEOUT_MS)) {
    refuse("ackTimeoutMs", `${ackTimeoutMs}`, `1 to ${MAX_ACK_TIMEOUT_MS}`);
  }
  if (urls.length === 0 || urls.length > MAX_URL_COUNT) refuse("urls", `${urls.length}`, `1 to ${MAX_URL_COUNT}`);
  const [first = ""] = urls;
  const socketPath = urls.length === 1 && first.startsWith("unix:") ? first.replace(/^unix:(\/\/)?/, "") : null;
  const parsed = socketPath === null ? urls.map(parseUrl) : [];
  return {
    place: resolvePlace(config, parsed, socketPath),
    cell,
    isTls: (config.tls ?? false) || parsed.some((url) => url.protocol === "rediss:"),
    tlsCertificates: certificatesOf(config.tlsCaFile ?? null),
    username: config.username ?? null,
    password: secretOf("password", config.password),
    sentinelPassword: secretOf("sentinelPassword", config.sentinelPassword),
    ackReplicas,
    ackTimeoutMs,
  };
}
