/** The processes beside this executor's workers that serve them: egress and cache. Each worker that runs has a connection to each. */
import { join } from "node:path";
import type { ConfigFor } from "@nano/service-kit/config";
import type { Logger } from "@nano/service-kit/logger";
import type { config } from "../config.ts";
import type { LinkedPeer } from "../worker-messages.ts";
import { type CacheProcess, createCacheProcess } from "./cache-process.ts";
import { createEgressProcess, type EgressProcess } from "./egress-process.ts";
import type { WorkerProcess } from "./worker-process.ts";

export interface PeerProcessesOptions {
  readonly config: ConfigFor<typeof config>;
  readonly logger: Logger;
  /** Those that run, before they serve too. */
  workers(): Iterable<WorkerProcess>;
}

export class PeerProcesses {
  readonly egress: EgressProcess;
  readonly cache: CacheProcess;
  readonly #logger: Logger;

  constructor({ config, logger, workers }: PeerProcessesOptions) {
    this.#logger = logger;
    this.egress = createEgressProcess({
      socketPath: join(config.run.directory, "egress.sock"),
      settings: config.egress,
      logger: logger.child({ component: "egress" }),
      onReady: () => this.#connectAll("egress", workers()),
    });
    this.cache = createCacheProcess({
      socketPath: join(config.run.directory, "cache.sock"),
      settings: { ...config.cacheApi, directory: cacheApiDirectory(config) },
      logger: logger.child({ component: "cache_api" }),
      onReady: () => this.#connectAll("cache", workers()),
    });
  }

  /** A worker has started. */
  connectWorker(worker: WorkerProcess): void {
    this.connect("egress", worker);
    this.connect("cache", worker);
  }

  /** Gives a worker a connection; a process that does not serve yet connects all workers once it does. */
  connect(peer: LinkedPeer, worker: WorkerProcess): void {
    this[peer].connect(worker).catch((err: unknown) => {
      this.#logger.warn("worker is not connected to a process beside it", { err, peer, workerId: worker.id });
    });
  }

  /** A worker is gone. */
  dismiss(worker: WorkerProcess): void {
    this.egress.dismiss(worker);
    this.cache.dismiss(worker);
  }

  async close(): Promise<void> {
    await Promise.all([this.egress.close(), this.cache.close()]);
  }

  #connectAll(peer: LinkedPeer, workers: Iterable<WorkerProcess>): void {
    for (const worker of workers) this.connect(peer, worker);
  }
}

/** Where responses that apps cache are kept. */
export function cacheApiDirectory({ cache, cacheApi }: ConfigFor<typeof config>): string {
  return cacheApi.directory ?? join(cache.directory, "responses");
}
