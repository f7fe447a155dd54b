/**
 * A connection to a cell's Redis, kept up for as long as it is open.
 *
 * I1 Nothing waits for a server that is away: a command fails within `READY_WAIT_MS`, and none is sent again by itself,
 *    so that what was not answered was sent once.
 * I2 Credentials are read anew for each connection. What ioredis throws carries them in its arguments, so only its
 *    message leaves here.
 * I3 It talks to a master, never to a replica: a demoted one is left at its first refusal.
 */
import { createHash } from "node:crypto";
import { Redis, type RedisOptions } from "ioredis";
import { createClusterConnector } from "./cluster-connector.ts";
import { errors } from "./errors.ts";
import type { ResolvedRedisConfig } from "./redis-config.ts";

/** How long a call waits for a connection that is being made. */
export const READY_WAIT_MS = 2000;
/** After this without an answer a command has failed, and its connection is given up. */
export const COMMAND_TIMEOUT_MS = 5000;
const CONNECT_TIMEOUT_MS = 3000;
const RECONNECT_FIRST_MS = 50;
const RECONNECT_MAX_MS = 1000;
const KEEP_ALIVE_MS = 10_000;
/** Refusals of a server that is not, or not any more, where the cell's keys are written. */
const WRONG_SERVER = /^(READONLY|MOVED|LOADING|MASTERDOWN|CLUSTERDOWN|UNBLOCKED)\b/;

/** Without what would change the types of answers. */
type Options = Omit<RedisOptions, "replyMapping">;

function reconnectDelayMs(attempt: number): number {
  const ceilingMs = Math.min(RECONNECT_MAX_MS, RECONNECT_FIRST_MS * 2 ** Math.min(attempt, 10));
  return ceilingMs * (0.5 + Math.random() / 2);
}

function tlsOptions(config: ResolvedRedisConfig): RedisOptions["tls"] {
  if (!config.isTls) return undefined;
  return config.tlsCertificates === null ? {} : { ca: config.tlsCertificates };
}

function placeOptions(config: ResolvedRedisConfig, hashTagKey: string): Options {
  const { place } = config;
  const tls = tlsOptions(config);
  const secure: Options = tls === undefined ? {} : { tls };
  switch (place.kind) {
    case "socket":
      return { path: place.path };
    case "server":
      return { ...place.address, ...secure };
    case "cluster":
      return { ...secure, Connector: createClusterConnector(place.seeds, hashTagKey) };
    case "sentinel":
      return {
        sentinels: place.sentinels.map((address) => ({ ...address })),
        name: place.name,
        role: "master",
        // Hears of a failover from the Sentinels, also where the old master stays silent.
        failoverDetector: true,
        sentinelRetryStrategy: reconnectDelayMs,
        sentinelCommandTimeout: CONNECT_TIMEOUT_MS,
        ...(tls === undefined ? {} : { tls, sentinelTLS: tls, enableTLSForSentinelMode: true }),
      };
  }
}

function connectionOptions(config: ResolvedRedisConfig, hashTagKey: string): Options {
  const answerMs = Math.max(COMMAND_TIMEOUT_MS, config.ackTimeoutMs + 1000);
  return {
    ...placeOptions(config, hashTagKey),
    ...(config.username === null ? {} : { username: config.username }),
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: answerMs,
    socketTimeout: answerMs,
    keepAlive: KEEP_ALIVE_MS,
    retryStrategy: reconnectDelayMs,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // Whoever subscribes does it again; ioredis would leave a refusal unhandled.
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    reconnectOnError: (error) => WRONG_SERVER.test(error.message),
  };
}

/** One for each call that waits for a connection. Not 0, for "no limit": BullMQ adds to it, and 3 would be the limit then. */
const MAX_LISTENERS = 10_000;

export class RedisClient extends Redis {
  readonly #config: ResolvedRedisConfig;
  readonly #hashTagKey: string;
  #connectionCount = 0;
  #lastFailure = "it has not answered yet";

  /** @param hashTagKey any key of the cell: in a Cluster, its slot names the node */
  constructor(config: ResolvedRedisConfig, hashTagKey: string) {
    super(connectionOptions(config, hashTagKey));
    this.#config = config;
    this.#hashTagKey = hashTagKey;
    this.setMaxListeners(MAX_LISTENERS);
    this.on("ready", () => {
      this.#connectionCount += 1;
    });
    this.on("error", (error) => {
      this.#lastFailure = error.message;
    });
    // Its failure is told by "error", and it is tried again.
    this.connect().catch(() => undefined);
  }

  /** Counts connections: where it has changed, what was sent before may never have arrived. */
  get connectionCount(): number {
    return this.#connectionCount;
  }

  override connect(callback?: (error?: Error | null) => void): Promise<void> {
    // Before the fields are set, by the constructor of ioredis, nothing connects: `lazyConnect`.
    const { password, sentinelPassword } = this.#config;
    try {
      if (password !== null) this.options.password = password.read();
      if (sentinelPassword !== null) this.options.sentinelPassword = sentinelPassword.read();
    } catch (error) {
      // The one read before may still do; where it does not, the server says so.
      this.#lastFailure = error instanceof Error ? error.message : String(error);
    }
    return super.connect(callback as never);
  }

  override duplicate(): never {
    // Another one like this, whatever else is asked; ioredis types the result by options that we never set.
    return new RedisClient(this.#config, this.#hashTagKey) as never;
  }

  /** Runs what talks to the server. What fails there is a lost store. @throws STORE_LOST */
  async ask<T>(what: string, command: () => Promise<T>): Promise<T> {
    await this.#whenReady(what);
    try {
      return await command();
    } catch (error) {
      throw errors.LOST({ what, why: error instanceof Error ? error.message : String(error) });
    }
  }

  /** Ends it at once; nothing waits for an answer of a server that is away. */
  dispose(): void {
    this.#lastFailure = "its client was closed";
    this.disconnect();
  }

  async #whenReady(what: string): Promise<void> {
    if (this.status === "ready") return;
    if (this.status === "end") throw errors.LOST({ what, why: this.#lastFailure });
    const settled = Promise.withResolvers<void>();
    const fail = (): void => settled.reject(errors.LOST({ what, why: this.#lastFailure }));
    const timer = setTimeout(fail, READY_WAIT_MS);
    this.once("ready", settled.resolve);
    this.once("end", fail);
    try {
      await settled.promise;
    } finally {
      clearTimeout(timer);
      this.off("ready", settled.resolve);
      this.off("end", fail);
    }
  }
}

/** A Lua script, sent whole only to a server that does not know it. */
export class RedisScript {
  readonly #lua: string;
  readonly #sha: string;

  constructor(lua: string) {
    this.#lua = lua;
    this.#sha = createHash("sha1").update(lua).digest("hex");
  }

  async run(client: Redis, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await client.evalsha(this.#sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
      return client.eval(this.#lua, keys.length, ...keys, ...args);
    }
  }
}
