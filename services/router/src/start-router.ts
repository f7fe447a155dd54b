/** Builds a router from its parts and starts it. */
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { AppName, VersionId } from "@nano/protocol/brands";
import { encodeOwnWorkerQuestion, encodeSocketWorkerQuestion } from "@nano/protocol/messages";
import type { FeedPosition } from "@nano/protocol/records";
import { READY, type Readiness } from "@nano/service-kit/admin-server";
import { openExecutorTls } from "@nano/service-kit/executor-tls";
import { type DrainPlan, fitDrain } from "@nano/service-kit/fit-drain";
import { boundAddress, listenOn } from "@nano/service-kit/listen";
import type { Logger } from "@nano/service-kit/logger";
import type { Metrics } from "@nano/service-kit/metrics";
import { LEAVE_MS, type RouterConfig } from "./config.ts";
import { AskedWorkers } from "./control/asked-workers.ts";
import { CertificateStore } from "./control/certificate-store.ts";
import { drain } from "./control/drain.ts";
import type { Cell } from "./control/open-cells.ts";
import { createRouterMetrics, type RouterMetrics } from "./control/router-metrics.ts";
import { RoutesKeeper } from "./control/routes-keeper.ts";
import { RoutingControl } from "./control/routing-control.ts";
import { RoutingHolder } from "./control/routing-holder.ts";
import type { StandbyOptions } from "./control/standby.ts";
import { type ConnectionSettings, WorkerConnections } from "./control/worker-connections.ts";
import { ClientConnections, type Trust } from "./request/client-connection.ts";
import { ClientServer } from "./request/client-server.ts";
import { HeldHeads } from "./request/held-heads.ts";
import { RequestHandler } from "./request/request-handler.ts";
import { TrustedProxies } from "./request/trusted-proxies.ts";
import { WebSockets } from "./request/websockets.ts";

/** How long a router without a state keeps clients from connecting: above what it takes to fall back on the kept routes. */
const FIRST_STATE_WAIT_MS = 2_000;
/** Of one link to a WebSocket worker: how many connections there are is bounded elsewhere. */
const MAX_WEBSOCKET_STREAMS = 1_000_000;

export interface StartRouterOptions {
  readonly config: Pick<
    RouterConfig,
    "listen" | "tls" | "drain" | "shutdown" | "routes" | "request" | "websocket" | "upstream"
  >;
  /** The first one's place in the feed is what `feedPosition` tells. */
  readonly cells: readonly [Cell, ...Cell[]];
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** By which idle WebSockets are told. @default performance.now */
  readonly now?: () => number;
  /** Called where the router cannot go on. */
  onFailure(error: unknown): void;
}

export interface RunningRouter {
  /** `host:port` that clients reach. */
  readonly address: string;
  readiness(): Readiness;
  /** Up to where in the change feed of the first cell requests see its changes; null before the first state. */
  feedPosition(): FeedPosition | null;
  /** Resolves when the first state of each control store is served. */
  whenLoaded(): Promise<void>;
  /** Drains: see `control/drain.ts`; by `deadline` at the latest. Then lets go of its workers. */
  close(deadline?: AbortSignal): Promise<void>;
}

export async function startRouter(options: StartRouterOptions): Promise<RunningRouter> {
  const { config, logger } = options;
  const routerId = randomBytes(4).toString("hex");
  const holder = new RoutingHolder();
  let peerCount = 0;

  const connectionSettings: ConnectionSettings = {
    nextPeerName: () => {
      peerCount += 1;
      return `router-${routerId}#${peerCount}`;
    },
    linkLimits: {
      handshakeTimeoutMs: config.upstream.handshakeTimeoutMs,
      maxStreamCount: config.upstream.maxStreamCount,
    },
    backoff: { minDelayMs: config.upstream.minRedialDelayMs, maxDelayMs: config.upstream.maxRedialDelayMs },
    tls: openExecutorTls(config.upstream, logger),
    postmortemTimeoutMs: config.upstream.postmortemTimeoutMs,
    loadedCount: config.request.loadedCount,
    onLink: () => holder.wake(),
    onUnavailable: (outcome) => {
      metrics.linkEnded(outcome?.type ?? "draining");
      if (logger.isDebug) logger.debug("link is unavailable", { outcome });
    },
    onPostmortem: (verdict) => metrics.postmortem(verdict),
  };
  const standby: StandbyOptions = {
    prepareMs: config.routes.prepareMs,
    onEnd: (outcome, elapsedMs) => metrics.standbyEnded(outcome, elapsedMs),
  };
  const cells = options.cells.map((cell, place) => {
    const connections = new WorkerConnections(connectionSettings);
    const webSocketWorkers = new AskedWorkers<AppName>({
      ...connectionSettings,
      ...config.websocket,
      encodeQuestion: (app) => encodeSocketWorkerQuestion({ app }),
      linkLimits: { ...connectionSettings.linkLimits, maxStreamCount: MAX_WEBSOCKET_STREAMS },
    });
    const ownWorkers = new AskedWorkers<VersionId>({
      ...connectionSettings,
      ...config.websocket,
      encodeQuestion: (versionId) => encodeOwnWorkerQuestion({ versionId }),
    });
    const cellLogger = options.cells.length === 1 ? logger : logger.child({ cell: cell.name });
    const control = new RoutingControl({
      place,
      holder,
      connections,
      webSocketWorkers,
      ownWorkers,
      standby,
      logger: cellLogger,
    });
    return { ...cell, connections, webSocketWorkers, ownWorkers, control, logger: cellLogger };
  });
  const [{ control: firstControl }] = cells as [(typeof cells)[number]];
  const metrics: RouterMetrics = createRouterMetrics(options.metrics, {
    inFlightCount: () => handler.inFlightCount,
    openLinkCount: () => cells.reduce((count, { connections }) => count + connections.openCount, 0),
    webSockets: {
      get connectionCount() {
        return webSockets.connectionCount;
      },
      get pendingCount() {
        return webSockets.pendingCount;
      },
      get heldBytes() {
        return webSockets.heldBytes;
      },
    },
    routeCount: () => holder.routeCount,
    routeConflictCount: () => holder.conflictCount,
    get cells() {
      return cells.map(({ name, control }) => ({ name, ageMs: control.ageMs, heldCount: control.heldCount }));
    },
    certificateExpiryMs: config.tls.directory === null ? null : () => certificates?.earliestExpiryMs ?? 0,
  });
  const { directory } = config.tls;
  const certificates =
    directory === null
      ? null
      : new CertificateStore({
          directory,
          logger: logger.child({ component: "certificates" }),
          onReload: (outcome) => metrics.certificatesLoaded(outcome),
        });
  const trust: Trust = {
    proxies: new TrustedProxies(config.listen.trustedProxies),
    headerNames: config.listen.forwardedHeaders,
  };
  const clients = new ClientConnections();
  const isLoaded = (): boolean => cells.every(({ control }) => control.hasState);
  const webSockets = new WebSockets({ ...config.websocket, metrics: metrics.webSockets, now: options.now });
  const handler = new RequestHandler({
    ...config.request,
    supervisorSilenceMs: config.upstream.postmortemTimeoutMs,
    webSockets,
    routing: holder,
    metrics,
    heldHeads: new HeldHeads(),
    requestIdPrefix: routerId,
    connections: clients,
    trust,
    hasRoutes: isLoaded,
  });
  const clientServer = new ClientServer(handler, clients, {
    ...config.listen,
    trust,
    certificates,
    onRefusedConnection: (cause) => metrics.connectionRefused(cause),
    onStalledConnection: () => metrics.connectionStalled(),
    onLimitEnd: (reason) => metrics.limitEnded(reason),
  });
  const { server } = clientServer;
  const reloading =
    certificates === null
      ? undefined
      : setInterval(() => {
          if (certificates.reload()) clientServer.useCertificates();
        }, config.tls.reloadIntervalMs).unref();

  const keeperOf = ({ name, control, logger: cellLogger }: (typeof cells)[number], place: number) => {
    const { snapshotPath, snapshotMaxBytes } = config.routes;
    if (snapshotPath === null) return null;
    return new RoutesKeeper({
      file: { path: place === 0 ? snapshotPath : `${snapshotPath}.${name}`, maxBytes: snapshotMaxBytes },
      logger: cellLogger.child({ component: "routes-keeper" }),
      isCurrent: () => control.ageMs === 0,
      onSaved: (outcome, bytes) => metrics.routesKept(outcome, bytes),
    });
  };
  const keepers = cells.map(keeperOf);
  let isClosing = false;
  const stop = new AbortController();
  const following = Promise.all(
    cells.map(({ control, store }, place) => control.run(store, keepers[place] ?? null, stop.signal)),
  ).catch((error: unknown) => options.onFailure(error));
  const whenLoaded = async (): Promise<void> => {
    await Promise.all(cells.map(({ control }) => control.whenLoaded()));
  };
  // A balancer that has not missed this router sends requests as soon as it accepts them; one that it refuses goes elsewhere.
  const waiting = new AbortController();
  const patience = delay(FIRST_STATE_WAIT_MS, undefined, { signal: waiting.signal }).catch(() => {});
  await Promise.race([whenLoaded(), patience]);
  waiting.abort();
  const { host, port } = config.listen;
  await listenOn(server, `${host.includes(":") ? `[${host}]` : host}:${port}`);
  const drainPlan = fitDrain(config.drain, { shutdownGraceMs: config.shutdown.graceMs, leaveMs: LEAVE_MS });
  const spreadMs = fitSpread(config, drainPlan);
  if (drainPlan.noticeMs + drainPlan.graceMs < config.drain.noticeMs + config.drain.graceMs) {
    logger.warn("shutdown.graceMs is too short for drain", { ...drainPlan });
  }

  return {
    address: boundAddress(server),
    readiness() {
      if (isClosing) return { isReady: false, reason: "draining" };
      return isLoaded() ? READY : { isReady: false, reason: "control store was not read yet" };
    },
    feedPosition: () => firstControl.position,
    whenLoaded,
    async close(deadline) {
      isClosing = true;
      await drain(
        {
          inFlightCount: () => handler.inFlightCount,
          announceClose: () => handler.announceClose(),
          endConnections: () => handler.endConnections(),
          stopAccepting: () => clientServer.stopAccepting(),
          endIdle: () => clientServer.endIdle(),
          webSocketCount: () => webSockets.connectionCount,
          closeWebSockets: (signal) => webSockets.closeAll(spreadMs, signal),
          cutAll: () => clientServer.cutAll(),
        },
        {
          ...drainPlan,
          closeTimeoutMs: config.websocket.closeTimeoutMs,
          logger,
          deadline,
          onCut: (requestCount) => metrics.drainCut(requestCount),
        },
      );
      clearInterval(reloading);
      await Promise.all(keepers.map((keeper) => keeper?.close()));
      stop.abort();
      await following;
      webSockets.dispose();
      for (const { connections, webSocketWorkers, ownWorkers } of cells) {
        connections.dispose();
        webSocketWorkers.dispose();
        ownWorkers.dispose();
      }
    },
  };
}

/** What is left for the spread of WebSockets once notice and grace of a drain have their time. */
function fitSpread(config: StartRouterOptions["config"], { noticeMs, graceMs }: DrainPlan): number {
  const leftMs = config.shutdown.graceMs - LEAVE_MS - noticeMs - graceMs;
  return Math.max(0, Math.min(config.websocket.drainSpreadMs, leftMs));
}
