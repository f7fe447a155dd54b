/**
 * Finds the node of a Cluster that a cell lives on. All of a cell's keys are in one slot, so one plain connection to that
 * slot's master does; when it moves, the refusal (`MOVED`) makes the client connect, and ask, again.
 */
import { createConnection, Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { AbstractConnector, Redis, type RedisOptions } from "ioredis";
import type { RedisAddress } from "./redis-config.ts";

const LOOKUP_TIMEOUT_MS = 2000;
const DISCONNECT_TIMEOUT_MS = 2000;

type SlotRange = readonly [first: number, last: number, master: readonly [host: string | null, port: number]];

/** Asks the seeds in turn, beginning anywhere. @throws the last failure */
async function findMaster(seeds: readonly RedisAddress[], key: string, options: RedisOptions): Promise<RedisAddress> {
  const offset = Math.floor(Math.random() * seeds.length);
  let failure: unknown = new Error("No seed of the Cluster is named");
  for (const seed of [...seeds.slice(offset), ...seeds.slice(0, offset)]) {
    const { username, password, tls } = options;
    const client = new Redis({
      ...seed,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(tls === undefined ? {} : { tls }),
      lazyConnect: true,
      enableReadyCheck: false,
      connectTimeout: LOOKUP_TIMEOUT_MS,
      commandTimeout: LOOKUP_TIMEOUT_MS,
      retryStrategy: null,
    });
    client.on("error", (error) => {
      failure = error;
    });
    try {
      await client.connect();
      const slot = await client.cluster("KEYSLOT", key);
      const ranges = (await client.cluster("SLOTS")) as unknown as readonly SlotRange[];
      const range = ranges.find(([first, last]) => first <= slot && slot <= last);
      // A node that does not know its own address leaves it empty: it is the one that was asked.
      if (range !== undefined) return { host: range[2][0] || seed.host, port: range[2][1] };
      failure = new Error(`Slot ${slot} is served by no node`);
    } catch (error) {
      failure = error;
    } finally {
      client.disconnect();
    }
  }
  throw failure;
}

/** A connector for ioredis, bound to the seeds and to a key of the cell. */
export function createClusterConnector(seeds: readonly RedisAddress[], hashTagKey: string) {
  return class ClusterConnector extends AbstractConnector {
    readonly #options: RedisOptions;

    constructor(options: unknown) {
      super(DISCONNECT_TIMEOUT_MS);
      this.#options = options as RedisOptions;
    }

    /** A replica may have taken over since the slot was looked up. */
    override check(info: { readonly role?: string }): boolean {
      return info.role === "master";
    }

    override async connect(): Promise<Socket> {
      this.connecting = true;
      let stream: Socket;
      try {
        const address = await findMaster(seeds, hashTagKey, this.#options);
        if (!this.connecting) throw new Error("Connection is closed.");
        const { tls } = this.#options;
        stream =
          tls === undefined ? createConnection(address) : connectTls({ ...address, ...(tls as ConnectionOptions) });
      } catch (error) {
        // What is rejected ends the client for good; a connection that fails is tried again.
        this.firstError = error instanceof Error ? error : new Error(String(error));
        stream = new Socket().destroy();
      }
      stream.once("error", (error) => {
        this.firstError = error;
      });
      this.stream = stream;
      return stream;
    }
  };
}
