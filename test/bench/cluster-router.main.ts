/** The process of a router under measurement: see `cluster-router.ts`. */
import { setTimeout as delay } from "node:timers/promises";
import { routerConfig } from "@nano/router/config";
import { type Cell, openCells } from "@nano/router/control/open-cells";
import { tuneCollector } from "@nano/router/control/tune-collector";
import { type RunningRouter, startRouter } from "@nano/router/start-router";
import { loadConfig } from "@nano/service-kit/config";
import { createSilentLogger } from "@nano/service-kit/logger";
import { Metrics } from "@nano/service-kit/metrics";
import { eventually } from "@nano/test-kit/eventually";
import { serveCommands, sharedClockMs } from "./bench-child.ts";
import { measureLookups } from "./cluster-lookups.ts";
import type { RouterCommands } from "./cluster-router.ts";

const LINK_TIMEOUT_MS = 60_000;

// As the service does it.
tuneCollector(process.versions.node);
const metrics = new Metrics("router");
let router: RunningRouter | null = null;
let cell: Cell | null = null;

function running(): { router: RunningRouter; cell: Cell } {
  if (router === null || cell === null) throw new Error("The router was not started");
  return { router, cell };
}

async function openLinkCount(): Promise<number> {
  const values = (await metrics.registry.getSingleMetric("router_links_count")?.get())?.values ?? [];
  return values.reduce((sum, { value }) => sum + value, 0);
}

serveCommands<RouterCommands>({
  async start({ redisUrl, cell: name }) {
    const controlStore = { redis: { urls: [redisUrl], cell: name } };
    const { value: config } = loadConfig(routerConfig, {
      explicit: { listen: { port: 0 }, drain: { noticeMs: 0 }, controlStore },
      env: {},
    });
    const cells = await openCells(config.controlStore);
    [cell] = cells;
    const startedMs = performance.now();
    router = await startRouter({
      config,
      cells,
      logger: createSilentLogger(),
      metrics,
      onFailure: (error) => {
        throw error;
      },
    });
    await router.whenLoaded();
    const { address } = router;
    return { loadedMs: performance.now() - startedMs, port: Number(address.slice(address.lastIndexOf(":") + 1)) };
  },
  async linked(workerCount) {
    await eventually(async () => (await openLinkCount()) === workerCount, { timeoutMs: LINK_TIMEOUT_MS });
  },
  async seen({ epoch, seq }) {
    for (;;) {
      const position = running().router.feedPosition();
      if (position?.epoch === epoch && position.seq >= seq) return sharedClockMs();
      await delay(1);
    }
  },
  memory() {
    // Twice: what the first round frees may hold what the second one does.
    globalThis.gc?.();
    globalThis.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    return { residentBytes: rss, heapBytes: heapUsed };
  },
  cpuMs() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  lookups: (effort) => measureLookups(running().cell, effort),
  async close() {
    await router?.close(AbortSignal.timeout(100));
    await cell?.store.close();
  },
});
