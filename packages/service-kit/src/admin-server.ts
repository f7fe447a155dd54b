/** The admin endpoints of a process: /metrics, /healthz and /readyz, on an address of their own. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { listenOn } from "./listen.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";

/** Whether the process can do its work now, and if not, why. */
export type Readiness = { readonly isReady: true } | { readonly isReady: false; readonly reason: string };

export const READY: Readiness = Object.freeze({ isReady: true });

/** Answers a path of a service's own on the admin address. */
export type AdminHandler = (req: IncomingMessage, res: ServerResponse) => void | Promise<void>;

export interface AdminServerOptions {
  readonly address: string;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Asked at each /readyz: it must tell the truth of that moment. */
  readonly readiness: () => Readiness;
  /** Further GET paths. */
  readonly handlers?: Readonly<Record<string, AdminHandler>>;
}

export interface AdminServer {
  readonly address: string;
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 64;

/** Answers with JSON that is true now. */
export function sendJson(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  res.end(`${JSON.stringify(body)}\n`);
}

function createHandlers(options: AdminServerOptions): Map<string, AdminHandler> {
  const handlers = new Map<string, AdminHandler>(Object.entries(options.handlers ?? {}));
  handlers.set("/healthz", (_req, res) => sendJson(res, 200, { isHealthy: true }));
  handlers.set("/readyz", (_req, res) => {
    const readiness = options.readiness();
    sendJson(res, readiness.isReady ? 200 : 503, readiness);
  });
  handlers.set("/metrics", async (_req, res) => {
    const body = await options.metrics.registry.metrics();
    res.writeHead(200, { "content-type": options.metrics.registry.contentType });
    res.end(body);
  });
  return handlers;
}

/** Opens the admin endpoints. @throws KIT_ADDRESS_IN_USE, KIT_LISTEN_FAILED */
export async function openAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const { address, logger } = options;
  const onError = (path: string, err: unknown): void => logger.error("admin request failed", { path, err });
  return servePaths(createHandlers(options), { address, onError });
}

/** Answers GET of these paths, and says of all others which there are. @throws KIT_ADDRESS_IN_USE, KIT_LISTEN_FAILED */
export async function servePaths(
  handlers: ReadonlyMap<string, AdminHandler>,
  options: {
    readonly address: string;
    /** What a handler threw; its caller gets a 500. */
    readonly onError: (path: string, error: unknown) => void;
  },
): Promise<AdminServer> {
  const server = createServer(async (req, res) => {
    const path = (req.url ?? "/").split("?", 1)[0] as string;
    const handler = handlers.get(path);
    if (handler === undefined) return sendJson(res, 404, { paths: [...handlers.keys()] });
    if (req.method !== "GET" && req.method !== "HEAD") return sendJson(res, 405, { allow: ["GET", "HEAD"] });
    try {
      await handler(req, res);
    } catch (error) {
      options.onError(path, error);
      if (!res.headersSent) sendJson(res, 500, { code: "NANO_INTERNAL" });
      else res.destroy();
    }
  });
  server.maxConnections = MAX_CONNECTIONS;
  const address = await listenOn(server, options.address);
  return {
    address,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
