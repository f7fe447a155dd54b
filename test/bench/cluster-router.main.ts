/** The process of a router under measurement: see `cluster-router.ts`. */
import { setTimeout as delay } from "node:timers/promises";
import type { ControlStore } from "@nano/control-store/control-store";
import { openControlStore } from "@nano/control-store/open-control-store";
import { recordKey } from "@nano/protocol/records";
import { routerConfig } from "@nano/router/config";
import { CellRoutes } from "@nano/router/control/cell-routes";
import { RoutingHolder } from "@nano/router/control/routing-holder";
import { Standby } from "@nano/router/control/standby";
import { TargetCanonicalizer } from "@nano/router/request/canonical-target";
import { WorkerSet } from "@nano/router/request/pick-worker";
import { type RunningRouter, startRouter } from "@nano/router/start-router";
import { loadConfig } from "@nano/service-kit/config";
import { createSilentLogger } from "@nano/service-kit/logger";
import { Metrics } from "@nano/service-kit/metrics";
import { eventually } from "@nano/test-kit/eventually";
import { serveCommands, sharedClockMs } from "./bench-child.ts";
import type { RouterCommands } from "./cluster-router.ts";

const LOOKUPS_PER_SAMPLE = 2_000;
const BUILD_COUNT = 5;
const CHANGE_COUNT = 1_000;
const LINK_TIMEOUT_MS = 60_000;

const metrics = new Metrics("router");
let router: RunningRouter | null = null;
let store: ControlStore | null = null;

function running(): { router: RunningRouter; store: ControlStore } {
  if (router === null || store === null) throw new Error("The router was not started");
  return { router, store };
}

async function openLinkCount(): Promise<number> {
  const values = (await metrics.registry.getSingleMetric("router_links_count")?.get())?.values ?? [];
  return values.reduce((sum, { value }) => sum + value, 0);
}

serveCommands<RouterCommands>({
  async start({ redisUrl, cell }) {
    const controlStore = { redis: { urls: [redisUrl], cell } };
    const { value: config } = loadConfig(routerConfig, {
      explicit: { listen: { port: 0 }, drain: { noticeMs: 0 }, controlStore },
      env: {},
    });
    store = await openControlStore(config.controlStore);
    const startedMs = performance.now();
    router = await startRouter({
      config,
      cells: [{ name: cell, store }],
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
  async lookups({ rounds }) {
    const snapshot = await running().store.loadSnapshot();
    const records = new Map(snapshot.records.map((record) => [recordKey(record), record]));
    const buildMs: number[] = [];
    const changeMs: number[] = [];
    const all = [...records].map(([key, record]) => ({ key, record }));
    let routes = new RoutingHolder();
    for (let count = 0; count < BUILD_COUNT; count++) {
      routes = new RoutingHolder();
      const cellRoutes = new CellRoutes({
        cell: { workers: new WorkerSet([]), nodeCount: 0 },
        place: 0,
        holder: routes,
        standby: new Standby({ prepareMs: 0, onEnd: () => {} }),
        logger: createSilentLogger(),
      });
      const startMs = performance.now();
      cellRoutes.apply(all, records, null);
      const builtMs = performance.now();
      buildMs.push(builtMs - startMs);
      const apps = all.filter(({ record }) => record.kind === "app").slice(0, CHANGE_COUNT);
      for (const change of apps) cellRoutes.apply([change], records, null);
      changeMs.push((performance.now() - builtMs) / Math.max(1, apps.length));
    }
    const targets = new TargetCanonicalizer("http");
    const asked = snapshot.records.flatMap((record) =>
      record.kind === "route" ? [{ host: record.host, path: `${record.path}?page=1`, app: record.app }] : [],
    );
    // Neighbours in the snapshot are neighbours in memory, which requests are not.
    asked.sort((a, b) => (a.app.slice(-3) < b.app.slice(-3) ? -1 : 1));
    const samplesUs: number[] = [];
    let at = 0;
    for (let round = 0; round < rounds; round++) {
      const startMs = performance.now();
      for (let count = 0; count < LOOKUPS_PER_SAMPLE; count++) {
        const { host, path, app } = asked[at] ?? { host: "", path: "", app: "" };
        at = (at + 1) % asked.length;
        const target = targets.canonicalize(path, host);
        const found = "refused" in target ? null : routes.find(target.host, target.path);
        const foundApp = found?.target.app;
        if (foundApp !== app) throw new Error(`${host}${path} led to ${foundApp}, not to ${app}`);
      }
      samplesUs.push(((performance.now() - startMs) * 1000) / LOOKUPS_PER_SAMPLE);
    }
    return { samplesUs, routeCount: routes.routeCount, buildMs, changeMs };
  },
  async close() {
    await router?.close(AbortSignal.timeout(100));
    await store?.close();
  },
});
