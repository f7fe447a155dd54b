/** Builds a router from its parts and starts it. */
import { randomBytes } from "node:crypto";
import type { ControlStore } from "@nano/control-store/control-store";
import type { FeedPosition } from "@nano/protocol/records";
import { READY, type Readiness } from "@nano/service-kit/admin-server";
import { boundAddress, listenOn } from "@nano/service-kit/listen";
import type { Logger } from "@nano/service-kit/logger";
import type { Metrics } from "@nano/service-kit/metrics";
import type { RouterConfig } from "./config.ts";
import { createRouterMetrics, type RouterMetrics } from "./control/router-metrics.ts";
import { RoutingControl } from "./control/routing-control.ts";
import { RoutingHolder } from "./control/routing-holder.ts";
import { WorkerConnections } from "./control/worker-connections.ts";
import { HeldHeads } from "./request/held-heads.ts";
import { createHttpServer } from "./request/http-server.ts";
import { RequestHandler } from "./request/request-handler.ts";

export interface StartRouterOptions {
  readonly config: Pick<RouterConfig, "listen" | "request" | "upstream">;
  /** The caller closes it, after the router. */
  readonly store: ControlStore;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Called where the router cannot go on. */
  onFailure(error: unknown): void;
}

export interface RunningRouter {
  /** `host:port` that clients reach. */
  readonly address: string;
  readiness(): Readiness;
  /** Up to where in the change feed requests see its changes; null before the first state. */
  feedPosition(): FeedPosition | null;
  /** Resolves when the first state of the control store is served. */
  whenLoaded(): Promise<void>;
  /** Takes no new requests, lets those in flight end until `deadline` aborts, and lets go of its workers. */
  close(deadline?: AbortSignal): Promise<void>;
}

export async function startRouter(options: StartRouterOptions): Promise<RunningRouter> {
  const { config, logger } = options;
  const routerId = randomBytes(4).toString("hex");
  const holder = new RoutingHolder();
  let peerCount = 0;

  const connections = new WorkerConnections({
    nextPeerName: () => {
      peerCount += 1;
      return `router-${routerId}#${peerCount}`;
    },
    linkLimits: {
      handshakeTimeoutMs: config.upstream.handshakeTimeoutMs,
      maxStreamCount: config.upstream.maxStreamCount,
    },
    backoff: { minDelayMs: config.upstream.minRedialDelayMs, maxDelayMs: config.upstream.maxRedialDelayMs },
    postmortemTimeoutMs: config.upstream.postmortemTimeoutMs,
    onLink: () => holder.wake(),
    onUnavailable: (outcome) => {
      metrics.linkEnded(outcome?.type ?? "draining");
      if (logger.isDebug) logger.debug("link is unavailable", { outcome });
    },
    onPostmortem: (verdict) => metrics.postmortem(verdict),
  });
  const metrics: RouterMetrics = createRouterMetrics(options.metrics, {
    inFlightCount: () => handler.inFlightCount,
    openLinkCount: () => connections.openCount,
    routeCount: () => holder.current.routes.routeCount,
  });
  const handler = new RequestHandler({
    ...config.request,
    routing: holder,
    metrics,
    heldHeads: new HeldHeads(),
    requestIdPrefix: routerId,
    scheme: config.listen.scheme,
  });
  const server = createHttpServer(handler, config.listen);
  const { host, port } = config.listen;
  await listenOn(server, `${host.includes(":") ? `[${host}]` : host}:${port}`);

  const control = new RoutingControl({ holder, connections, logger });
  const stop = new AbortController();
  const following = control.run(options.store, stop.signal).catch((error: unknown) => options.onFailure(error));

  return {
    address: boundAddress(server),
    readiness: () => (control.hasState ? READY : { isReady: false, reason: "control store was not read yet" }),
    feedPosition: () => control.position,
    whenLoaded: () => control.whenLoaded(),
    async close(deadline) {
      handler.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const cutAll = (): void => server.closeAllConnections();
      deadline?.addEventListener("abort", cutAll, { once: true });
      await closed;
      deadline?.removeEventListener("abort", cutAll);
      stop.abort();
      await following;
      connections.dispose();
    },
  };
}
