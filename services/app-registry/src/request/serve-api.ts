/** The API's listeners: a TCP port, a Unix socket, or both. */
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import { getRequestListener } from "@hono/node-server";
import { listenOn } from "@nano/service-kit/listen";
import type { Api, ApiEnv } from "./api-router.ts";
import type { TlsFiles } from "./tls-files.ts";

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
}

/** @throws KIT_ADDRESS_IN_USE, KIT_LISTEN_FAILED */
export async function serveApi(api: Api, { addresses, tls }: ServeApiOptions): Promise<ApiServer> {
  const servers: (Server | TlsServer)[] = [];
  const bound: string[] = [];
  const stops: (() => void)[] = [];
  for (const address of addresses) {
    const isUnixSocket = address.startsWith("/");
    const fetch = (request: Request, env: unknown) => {
      return api.fetch(request, { ...(env as object), isUnixSocket } as ApiEnv["Bindings"]);
    };
    const listener = getRequestListener(fetch, { overrideGlobalObjects: false });
    const server = isUnixSocket || tls === null ? createServer(listener) : createTlsServer(tls.read(), listener);
    if (!isUnixSocket && tls !== null) stops.push(tls.watch((files) => (server as TlsServer).setSecureContext(files)));
    server.maxConnections = MAX_CONNECTIONS;
    bound.push(await listenOn(server, address));
    servers.push(server);
  }
  return {
    addresses: bound,
    async close() {
      for (const stop of stops) stop();
      const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
      for (const server of servers) server.closeIdleConnections();
      await Promise.all(closed);
    },
  };
}
