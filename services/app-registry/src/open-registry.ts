/** The registry's parts, put together: store, catalog, builds and API. */
import { loadOrCreateSealKey } from "@nano/control-store/seal-key";
import type { Readiness } from "@nano/service-kit/admin-server";
import { openExecutorTls } from "@nano/service-kit/executor-tls";
import type { Logger } from "@nano/service-kit/logger";
import type { Metrics } from "@nano/service-kit/metrics";
import { TlsFiles } from "@nano/service-kit/tls-files";
import { openSliverStore } from "@nano/sliver/open-sliver-store";
import { AppSecrets } from "./catalog/app-secrets.ts";
import { Catalog } from "./catalog/catalog.ts";
import { Deploys } from "./catalog/deploys.ts";
import { Rollouts } from "./catalog/rollouts.ts";
import { Tokens } from "./catalog/tokens.ts";
import { type RegistryConfig, resolvePaths } from "./config.ts";
import { ArtifactCollector } from "./control/artifact-collector.ts";
import { ArtifactUse } from "./control/artifact-use.ts";
import { BuildWatcher } from "./control/build-watcher.ts";
import { EngineRebuilds } from "./control/engine-rebuilds.ts";
import { registerGauges } from "./control/gauges.ts";
import { LogFollowers } from "./control/log-followers.ts";
import { RolloutWatch } from "./control/rollout-watch.ts";
import { openStores } from "./open-stores.ts";
import { createApi } from "./request/api.ts";
import { serveApi } from "./request/serve-api.ts";
import { SignIn } from "./request/sign-in.ts";
import { tellHowToSignIn } from "./tell-how-to-sign-in.ts";

/** How long the store may take to give its first state. */
const FIRST_STATE_TIMEOUT_MS = 30_000;

export interface RegistryParts {
  readonly config: RegistryConfig;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly fail: (error: unknown) => void;
}

export interface Registry {
  readonly addresses: Readonly<Record<string, string>>;
  readiness(): Readiness;
  close(deadline: AbortSignal): Promise<void>;
}

export async function openRegistry({ config, logger, metrics, fail }: RegistryParts): Promise<Registry> {
  const paths = resolvePaths(config);
  // A key that cannot be used is told now, and not when the first secret is set.
  loadOrCreateSealKey(paths.secretsKey);
  const tls = openApiTls(config.http.tls, logger.child({ component: "tls" }));
  const closing = new AbortController();
  const { signal } = closing;
  const stores = await openStores(config, paths);
  const { store, queue } = stores;
  const artifacts = await openSliverStore(config.artifacts, { fallbackDirectory: paths.artifacts, metrics });
  const catalog: Catalog = new Catalog(store, {
    logger: logger.child({ component: "catalog" }),
    // As with builds below: the collector reads what the catalog holds.
    releases: { prepare: (released) => collector.prepare(released), take: (released) => collector.take(released) },
  });
  const use = new ArtifactUse();
  const collector: ArtifactCollector = new ArtifactCollector({
    catalog,
    artifacts,
    use,
    removesAtOnce: !stores.isShared,
    graceMs: config.artifacts.graceMs,
    roundEveryMs: config.artifacts.collectEveryMs,
    logger: logger.child({ component: "artifacts" }),
    metrics,
  });
  const following = catalog.runFollow(signal).catch(fail);
  const watcher: BuildWatcher = new BuildWatcher({
    queue,
    // Deploys start builds and builds settle deploys: one of the two has to be named before it is there.
    ledger: {
      markBuilding: (id, queuedAt) => deploys.markBuilding(id, queuedAt),
      settle: (id, outcome, queuedAt) => deploys.settle(id, outcome, queuedAt),
    },
    logger: logger.child({ component: "builds" }),
    signal,
  });
  const deploys: Deploys = new Deploys({
    catalog,
    artifacts,
    limits: {
      appCount: config.apps.limitCount,
      keptVersionCount: config.versions.keptCount,
      buildingCount: config.versions.buildingCount,
    },
    startBuild: (job) => watcher.start(job),
    logger: logger.child({ component: "deploys" }),
  });
  const rebuilds = new EngineRebuilds({
    catalog,
    rebuildingCount: config.versions.rebuildingCount,
    runBuild: (job) => watcher.runToEnd(job),
    logger: logger.child({ component: "rebuilds" }),
  });
  const rollouts = new Rollouts({ catalog });
  const rolloutWatch = new RolloutWatch({
    catalog,
    rollouts,
    logger: logger.child({ component: "rollouts" }),
    metrics,
  });
  const signIn = new SignIn({
    records: () => catalog.state.records,
    bootstrapFile: config.tokens.bootstrap,
    failuresPerMinuteCount: config.tokens.failuresPerMinute,
    metrics,
  });
  registerGauges(metrics, { catalog, watcher });

  await catalog.waitFor(() => true, signal, FIRST_STATE_TIMEOUT_MS);
  const takingUp = watcher.runTakeUp(catalog).catch(fail);
  const rebuilding = rebuilds.run(signal).catch(fail);
  const watching = rolloutWatch.run(signal).catch(fail);
  const collecting = collector.run(signal).catch(fail);
  const storeSocket = await stores.serve();
  const api = createApi({
    apps: { catalog, deploys, queue, artifacts, use, bodyLimitBytes: config.http.bodyLimitBytes, signal },
    artifacts: { artifacts, use, limitBytes: config.artifacts.limitBytes, uploadCount: config.artifacts.uploadCount },
    rollouts: { catalog, rollouts, bodyLimitBytes: config.http.bodyLimitBytes },
    secrets: { secrets: new AppSecrets({ catalog, keyFile: paths.secretsKey }) },
    tokens: {
      tokens: new Tokens({ catalog, limitCount: config.tokens.limitCount }),
      bodyLimitBytes: config.http.bodyLimitBytes,
    },
    logs: {
      followers: new LogFollowers({
        catalog,
        limitCount: config.logs.followerCount,
        limitBytes: config.logs.followerBytes,
        limitMs: config.logs.followMs,
        tls: openExecutorTls(config.executors, logger),
        logger: logger.child({ component: "logs" }),
        metrics,
        signal,
      }),
    },
    signIn,
    digestKey: () => loadOrCreateSealKey(paths.secretsKey).key,
    logger: logger.child({ component: "api" }),
    metrics,
  });
  const addresses = [config.http.address, ...(config.http.socketPath === null ? [] : [config.http.socketPath])];
  const apiServer = await serveApi(api, { addresses, tls });
  const [http = "", socket] = apiServer.addresses;
  tellHowToSignIn({
    config,
    logger,
    hasTokens: [...catalog.state.records.values()].some(({ kind }) => kind === "token"),
  });

  return {
    addresses: { http, ...(storeSocket && { store: storeSocket }), ...(socket === undefined ? {} : { socket }) },
    readiness: () => (catalog.isStale ? { isReady: false, reason: "control store is away" } : { isReady: true }),
    async close() {
      // Requests that run are answered; streams end with `signal`.
      const apiClosed = apiServer.close();
      closing.abort();
      await apiClosed;
      await Promise.all([following, takingUp, watcher.idle(), rebuilding, watching, collecting]);
      await stores.close();
    },
  };
}

/** Null where neither file is set. @throws KIT_TLS_UNUSABLE */
function openApiTls({ certFile, key }: RegistryConfig["http"]["tls"], logger: Logger): TlsFiles | null {
  if (certFile === null && key === null) return null;
  return new TlsFiles({
    paths: { certFile, keyFile: key?.path ?? null, caFile: null },
    onFailure: (err) => logger.error("certificate of the API cannot be used, the known one stays", { err }),
  });
}
