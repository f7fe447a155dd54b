/** The embedded store and build queue of a registry, over one file. */
import { EmbeddedQueue, type EmbeddedQueueLimits } from "./embedded-queue.ts";
import { EmbeddedStore, type EmbeddedStoreLimits } from "./embedded-store.ts";
import { type OpenDatabaseOptions, openStoreDatabase } from "./store-database.ts";

export interface OpenEmbeddedOptions extends OpenDatabaseOptions {
  readonly storeLimits?: Partial<EmbeddedStoreLimits>;
  readonly queueLimits?: Partial<EmbeddedQueueLimits>;
}

export interface EmbeddedPair {
  readonly store: EmbeddedStore;
  readonly queue: EmbeddedQueue;
  /** Closes both and the file. */
  close(): Promise<void>;
}

/** @throws STORE_IN_USE, STORE_UNREADABLE, STORE_SCHEMA_NEWER */
export function openEmbedded(path: string, options: OpenEmbeddedOptions = {}): EmbeddedPair {
  const db = openStoreDatabase(path, options);
  const store = new EmbeddedStore(db, options.storeLimits);
  const queue = new EmbeddedQueue(db, options.queueLimits);
  return {
    store,
    queue,
    async close() {
      await Promise.all([store.close(), queue.close()]);
      db.close();
    },
  };
}
