/** The API's listeners: a TCP port, a Unix socket, or both. */
import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { listenOn } from "@nano/service-kit/listen";
import type { Hono } from "hono";

const MAX_CONNECTIONS = 1024;

export interface ApiServer {
  /** Where it listens, in the order of the addresses that were asked for. */
  readonly addresses: readonly string[];
  close(): Promise<void>;
}

/** @throws KIT_ADDRESS_IN_USE, KIT_LISTEN_FAILED */
export async function serveApi(api: Hono, addresses: readonly string[]): Promise<ApiServer> {
  const listener = getRequestListener(api.fetch, { overrideGlobalObjects: false });
  const servers: Server[] = [];
  const bound: string[] = [];
  for (const address of addresses) {
    const server = createServer(listener);
    server.maxConnections = MAX_CONNECTIONS;
    bound.push(await listenOn(server, address));
    servers.push(server);
  }
  return {
    addresses: bound,
    async close() {
      const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
      for (const server of servers) server.closeIdleConnections();
      await Promise.all(closed);
    },
  };
}
