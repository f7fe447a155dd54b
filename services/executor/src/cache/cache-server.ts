/** Serves workers' links: each stream of a link is one operation on the cache. A link that ends cancels its operations. */
import type { LinkedLog } from "../linked/linked-messages.ts";
import { Slots } from "../linked/slots.ts";
import { WorkerLinks } from "../linked/worker-links.ts";
import type { CacheApiConfig } from "./cache-config.ts";
import { CacheCounters, type CacheCounts } from "./cache-counters.ts";
import { CacheStore } from "./cache-store.ts";
import { type CacheContext, openCacheStream } from "./cache-stream.ts";
import { cacheErrors } from "./errors.ts";

/** Operations of one worker at once, waiting ones included: each holds up to its stream's window. */
const MAX_STREAMS_PER_WORKER = 512;

export interface CacheServerOptions {
  readonly config: CacheApiConfig;
  readonly report: (report: LinkedLog) => void;
  /** @default Date.now */
  readonly now?: () => number;
}

export class CacheServer {
  readonly links: WorkerLinks;
  readonly #context: CacheContext;

  /** Reads what an earlier process left. @throws what the file system says */
  static async open(options: CacheServerOptions): Promise<CacheServer> {
    const { config, now } = options;
    return new CacheServer(options, await CacheStore.open(now === undefined ? { config } : { config, now }));
  }

  private constructor({ config, report }: CacheServerOptions, store: CacheStore) {
    const slots = new Slots({
      perAppCount: config.operationsPerAppCount,
      totalCount: config.operationsCount,
      queuedPerAppCount: config.queuedPerAppCount,
      queueTimeoutMs: config.queueTimeoutMs,
      fullError: cacheErrors.TOO_BUSY,
    });
    this.#context = { config, store, slots, counters: new CacheCounters() };
    this.links = new WorkerLinks({
      peer: "cache",
      maxStreamCount: MAX_STREAMS_PER_WORKER,
      openStream: (stream, headPayload, isEnd) =>
        openCacheStream(stream, headPayload, { isEnd, context: this.#context }),
      onBadEnd: (fields) => report({ type: "log", level: "warn", msg: "link of a worker ended badly", fields }),
    });
  }

  get counts(): CacheCounts {
    const { counters, store, slots } = this.#context;
    return counters.read({
      evictionsTotal: store.evictedCount,
      damagedTotal: store.damagedCount,
      bytes: store.bytes,
      entryCount: store.entryCount,
      runningCount: slots.runningCount,
      waitingCount: slots.waitingCount,
    });
  }

  /** Takes nothing further and resolves when what runs has ended. */
  async drain(): Promise<void> {
    this.links.refuse();
    await this.links.whenUnused();
    await this.#context.store.settle();
  }

  /** Cuts everything. */
  async close(): Promise<void> {
    this.links.close();
    await this.#context.store.settle();
  }
}
