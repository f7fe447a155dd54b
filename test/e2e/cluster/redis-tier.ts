/** The Redis of a cluster: one server, or a master with a replica and the Sentinels that watch them; each on a host of its own. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { RedisServer } from "@nano/test-kit/redis-server";
import type { Host, Lab } from "./lab/lab.ts";
import type { ServiceKind } from "./service.ts";
import type { StoreSettings } from "./service-settings.ts";

const PORT = 6379;
const SENTINEL_PORT = 26_379;
const SENTINEL_COUNT = 3;
const MASTER_GROUP = "nano";
/** A master that is silent for so long is given up. */
const DOWN_AFTER_MS = 1_000;
const FAILOVER_TIMEOUT_MS = 5_000;
const OPEN = ["--protected-mode", "no"];
const APPEND_ONLY = ["--save", "", "--appendonly", "yes", "--appendfsync", "everysec"];

export interface TierPlaces {
  readonly lab: Lab;
  ownDirectory(host: Host): string;
}

export interface RedisTier {
  /** The server that was started as master. */
  readonly master: RedisServer;
  /** As a service of this kind, on this host, is told where it is. */
  settings(kind: ServiceKind, host: Host): StoreSettings;
  /** Until another server is the master. @throws where nobody would promote one */
  promoted(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

function addServer({ lab, ownDirectory }: TierPlaces, name: string, args: readonly string[] = []): RedisServer {
  const host = lab.addHost(name);
  return new RedisServer({
    directory: ownDirectory(host),
    host: host.address,
    port: PORT,
    args: [...OPEN, ...APPEND_ONLY, ...args],
    spawn: (argv) => host.spawn(argv),
  });
}

function reach({ options: { host = "", port = 0 } }: RedisServer, from: Host): string {
  return `redis://${from.reach(`${host}:${port}`)}`;
}

export class SingleTier implements RedisTier {
  readonly master: RedisServer;

  constructor(places: TierPlaces) {
    this.master = addServer(places, "redis-1");
  }

  settings(_kind: ServiceKind, host: Host): StoreSettings {
    return { REDIS_URLS: reach(this.master, host) };
  }

  promoted(): Promise<void> {
    return Promise.reject(new Error("A single server has no replica"));
  }

  async start(): Promise<void> {
    await this.master.start();
  }

  async close(): Promise<void> {
    await this.master.stop();
  }
}

export class SentinelTier implements RedisTier {
  readonly master: RedisServer;
  readonly #replica: RedisServer;
  readonly #sentinels: readonly RedisServer[];

  constructor(places: TierPlaces) {
    this.master = addServer(places, "redis-1");
    const { host = "", port = 0 } = this.master.options;
    this.#replica = addServer(places, "redis-2", ["--replicaof", host, `${port}`]);
    this.#sentinels = Array.from({ length: SENTINEL_COUNT }, (_, i) => addSentinel(places, `sentinel-${i + 1}`, host));
  }

  settings(kind: ServiceKind, host: Host): StoreSettings {
    return {
      REDIS_URLS: this.#sentinels.map((sentinel) => reach(sentinel, host)).join(","),
      REDIS_SENTINEL_NAME: MASTER_GROUP,
      ...(kind === "app-registry" ? { REDIS_ACK_REPLICAS: "1" } : {}),
    };
  }

  async promoted(): Promise<void> {
    await this.#sentinels[0]?.printed(/\+switch-master/);
  }

  async start(): Promise<void> {
    await this.master.start();
    await this.#replica.start();
    await this.#replica.printed(/Finished with success/);
    await Promise.all(this.#sentinels.map((sentinel) => sentinel.start()));
    // Each has found the replica and the other two: they can agree.
    for (const sentinel of this.#sentinels) await sentinel.printed(/\+slave slave.*(\+sentinel sentinel.*){2}/s);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sentinels, this.#replica, this.master].map((server) => server.stop()));
  }
}

function addSentinel({ lab, ownDirectory }: TierPlaces, name: string, masterAddress: string): RedisServer {
  const host = lab.addHost(name);
  const directory = ownDirectory(host);
  const config = join(directory, "sentinel.conf");
  const lines = [
    `port ${SENTINEL_PORT}`,
    `dir ${directory}`,
    `bind ${host.address}`,
    "protected-mode no",
    `sentinel monitor ${MASTER_GROUP} ${masterAddress} ${PORT} 2`,
    `sentinel down-after-milliseconds ${MASTER_GROUP} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${MASTER_GROUP} ${FAILOVER_TIMEOUT_MS}`,
  ];
  writeFileSync(config, lines.join("\n"));
  const spawn = (argv: readonly string[]) => host.spawn(argv);
  return new RedisServer({
    directory,
    host: host.address,
    port: SENTINEL_PORT,
    isSentinel: true,
    args: [config],
    spawn,
  });
}
