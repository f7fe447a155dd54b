/** The API's listeners: a TCP port, a Unix socket, or both. */
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer, Server as TlsServer } from "node:https";
import { getRequestListener } from "@hono/node-server";
import { listenOn } from "@nano/service-kit/listen";
import { TLS_LOOK_INTERVAL_MS, type TlsFiles } from "@nano/service-kit/tls-files";
import type { Api, ApiEnv } from "./api-router.ts";

const MAX_CONNECTIONS = 1024;

export interface ApiServer {
  /** Where it listens, in the order of the addresses that were asked for. */
  readonly addresses: readonly string[];
  close(): Promise<void>;
}

export interface ServeApiOptions {
  readonly addresses: readonly string[];
  /** For TCP addresses; null: in the open, or behind somebody who ends TLS. */
  readonly tls: TlsFiles | null;
  /** How often its files are looked at. @default TLS_LOOK_INTERVAL_MS */
  readonly lookIntervalMs?: number;
}

/** @throws KIT_ADDRESS_IN_USE, KIT_LISTEN_FAILED */
export async function serveApi(api: Api, options: ServeApiOptions): Promise<ApiServer> {
  const { addresses, tls, lookIntervalMs = TLS_LOOK_INTERVAL_MS } = options;
  const servers: Server[] = [];
  const tlsServers: TlsServer[] = [];
  const bound: string[] = [];
  for (const address of addresses) {
    const isUnixSocket = address.startsWith("/");
    const fetch = (request: Request, env: unknown) => {
      return api.fetch(request, { ...(env as object), isUnixSocket } as ApiEnv["Bindings"]);
    };
    const listener = getRequestListener(fetch, { overrideGlobalObjects: false });
    const server = isUnixSocket || tls === null ? createServer(listener) : createTlsServer(tls.current, listener);
    if (server instanceof TlsServer) tlsServers.push(server);
    server.maxConnections = MAX_CONNECTIONS;
    bound.push(await listenOn(server, address));
    servers.push(server);
  }
  const renewing = setInterval(() => {
    if (tls?.reload() !== true) return;
    for (const server of tlsServers) server.setSecureContext(tls.current);
  }, lookIntervalMs);
  renewing.unref();
  return {
    addresses: bound,
    async close() {
      clearInterval(renewing);
      const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
      for (const server of servers) server.closeIdleConnections();
      await Promise.all(closed);
    },
  };
}
