/** One admin port for the whole machine: `/metrics` of all services together, `/healthz`, `/readyz`. On localhost only. */
import { createServer, type ServerResponse } from "node:http";
import { listenOn } from "@nano/service-kit/listen";
import { callOnce } from "../registry/http-client.ts";
import type { ServiceProcess } from "./service-process.ts";

const SERVICE_TIMEOUT_MS = 2000;
const MAX_CONNECTIONS = 64;

export interface AdminEndpointOptions {
  readonly port: number;
  readonly services: readonly ServiceProcess[];
  /** Where the admin endpoints of a service are. */
  addressOf(service: string): string;
  /** Whether every app was deployed at least once. */
  isDeployed(): boolean;
}

export interface AdminEndpoint {
  readonly address: string;
  close(): Promise<void>;
}

/** @throws KIT_ADDRESS_IN_USE, KIT_LISTEN_FAILED */
export async function openAdminEndpoint(options: AdminEndpointOptions): Promise<AdminEndpoint> {
  const { services } = options;
  const ask = (service: ServiceProcess, path: string) =>
    callOnce({ address: options.addressOf(service.name), method: "GET", path, idleTimeoutMs: SERVICE_TIMEOUT_MS });

  const handlers: Record<string, (res: ServerResponse) => Promise<void>> = {
    "/metrics": async (res) => {
      const answers = await Promise.allSettled(services.map((service) => ask(service, "/metrics")));
      const texts = answers.flatMap((each) =>
        each.status === "fulfilled" && each.value.status === 200 ? [each.value.body.toString("utf8").trimEnd()] : [],
      );
      res.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
      res.end(`${[ownMetrics(services), ...texts].join("\n")}\n`);
    },
    "/healthz": async (res) => send(res, 200, { isHealthy: true }),
    "/readyz": async (res) => {
      const waiting = await Promise.all(
        services.map(async (service) => {
          if (!service.isRunning) return [`${service.name} is not running`];
          const answer = await ask(service, "/readyz").catch(() => null);
          return answer?.status === 200 ? [] : [`${service.name} is not ready`];
        }),
      );
      const reasons = [...waiting.flat(), ...(options.isDeployed() ? [] : ["apps are being deployed"])];
      send(res, reasons.length === 0 ? 200 : 503, { isReady: reasons.length === 0, reasons });
    },
  };

  const server = createServer(async (req, res) => {
    const handler = handlers[(req.url ?? "/").split("?", 1)[0] as string];
    if (handler === undefined) return send(res, 404, { paths: Object.keys(handlers) });
    if (req.method !== "GET" && req.method !== "HEAD") return send(res, 405, { allow: ["GET", "HEAD"] });
    await handler(res);
  });
  server.maxConnections = MAX_CONNECTIONS;
  const address = await listenOn(server, `127.0.0.1:${options.port}`);
  return {
    address,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function send(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  res.end(`${JSON.stringify(body)}\n`);
}

function ownMetrics(services: readonly ServiceProcess[]): string {
  const up = services.map((s) => `nanoctl_service_up_count{service="${s.name}"} ${s.isRunning ? 1 : 0}`);
  const restarts = services.map((s) => `nanoctl_service_restarts_total{service="${s.name}"} ${s.restartCount}`);
  return [
    "# HELP nanoctl_service_up_count Processes of the service that run.",
    "# TYPE nanoctl_service_up_count gauge",
    ...up,
    "# HELP nanoctl_service_restarts_total Restarts of the service since nanoctl began.",
    "# TYPE nanoctl_service_restarts_total counter",
    ...restarts,
  ].join("\n");
}
