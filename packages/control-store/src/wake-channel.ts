/**
 * Hears on a connection of its own, by publish and subscribe, that something of the cell has changed.
 *
 * A hint only: what was published while nobody heard is lost, so whoever waits also looks at intervals, and reads on from
 * where it stood.
 */
import { RedisClient } from "./redis-client.ts";
import type { ResolvedRedisConfig } from "./redis-config.ts";
import type { RedisKeys } from "./redis-keys.ts";
import { WakeSignal } from "./wake-signal.ts";

interface Topic {
  readonly signal: WakeSignal;
  wakeCount: number;
  listenerCount: number;
}

export interface Listening {
  /** Grows with each change: read it, look, and wait only where it is as it was. */
  readonly wakeCount: number;
  wait(signal: AbortSignal, timeoutMs: number): Promise<void>;
  end(): void;
}

export class WakeChannel {
  readonly #config: ResolvedRedisConfig;
  readonly #keys: RedisKeys;
  readonly #topics = new Map<string, Topic>();
  #client: RedisClient | null = null;
  #isClosed = false;

  constructor(config: ResolvedRedisConfig, keys: RedisKeys) {
    this.#config = config;
    this.#keys = keys;
  }

  /** Begins to hear of `name`; the connection is made with the first. */
  listen(name: string): Listening {
    this.#connect();
    const topic = this.#topics.get(name) ?? { signal: new WakeSignal(), wakeCount: 0, listenerCount: 0 };
    topic.listenerCount += 1;
    this.#topics.set(name, topic);
    return {
      get wakeCount() {
        return topic.wakeCount;
      },
      wait: (signal, timeoutMs) => topic.signal.wait(signal, timeoutMs),
      end: () => {
        topic.listenerCount -= 1;
        if (topic.listenerCount === 0) this.#topics.delete(name);
      },
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#client?.dispose();
  }

  #connect(): void {
    if (this.#client !== null || this.#isClosed) return;
    const client = new RedisClient(this.#config, this.#keys.meta);
    this.#client = client;
    client.on("message", (_channel, name) => this.#wake(name));
    client.on("ready", () => {
      // A refused subscription leaves the looks at intervals.
      client.subscribe(this.#keys.wakeChannel).catch(() => undefined);
      // What was published while the connection was away.
      for (const each of this.#topics.keys()) this.#wake(each);
    });
  }

  #wake(name: string): void {
    const topic = this.#topics.get(name);
    if (topic === undefined) return;
    topic.wakeCount += 1;
    topic.signal.wake();
  }
}
