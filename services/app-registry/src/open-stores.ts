/** The registry's store and build queue: its own, which it serves to the services of its machine, or Redis. */
import type { BuildQueue } from "@nano/control-store/build-queue";
import type { ControlStore } from "@nano/control-store/control-store";
import { openBuildQueue } from "@nano/control-store/open-build-queue";
import { openControlStore } from "@nano/control-store/open-control-store";
import type { RegistryConfig, RegistryPaths } from "./config.ts";

export interface RegistryStores {
  readonly store: ControlStore;
  readonly queue: BuildQueue;
  /** Other registries may write to it too. */
  readonly isShared: boolean;
  /** Serves both to this machine, where they are the registry's own. Answers the socket, or null. */
  serve(): Promise<string | null>;
  close(): Promise<void>;
}

/** @throws STORE_BAD_ADDRESS, STORE_IN_USE, STORE_UNREADABLE, STORE_SCHEMA_NEWER */
export function openStores(config: RegistryConfig, paths: RegistryPaths): Promise<RegistryStores> {
  return config.controlStore.redis.urls === null ? openOwn(paths) : openRedis(config);
}

async function openOwn(paths: RegistryPaths): Promise<RegistryStores> {
  // Imported where it is needed: a registry over Redis does not load SQLite, nor the other way round.
  const { openEmbedded } = await import("@nano/control-store/open-embedded");
  const { serveStore } = await import("@nano/control-store/serve-store");
  const { store, queue, close: closeEmbedded } = openEmbedded(paths.storeFile);
  let server: Awaited<ReturnType<typeof serveStore>> | null = null;
  return {
    store,
    queue,
    isShared: false,
    async serve() {
      server = await serveStore(store, queue, { socketPath: paths.storeSocket });
      return server.socketPath;
    },
    async close() {
      await server?.close();
      await closeEmbedded();
    },
  };
}

async function openRedis({ controlStore }: RegistryConfig): Promise<RegistryStores> {
  const [store, queue] = await Promise.all([openControlStore(controlStore), openBuildQueue(controlStore)]);
  return {
    store,
    queue,
    isShared: true,
    serve: async () => null,
    async close() {
      await Promise.all([store.close(), queue.close()]);
    },
  };
}
