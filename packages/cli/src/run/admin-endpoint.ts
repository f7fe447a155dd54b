/** One admin port for the whole machine: `/metrics` of all services together, `/healthz`, `/readyz`. On localhost only. */
import { type AdminHandler, type AdminServer, sendJson, servePaths } from "@nano/service-kit/admin-server";
import { callOnce } from "../registry/http-client.ts";
import type { ServiceProcess } from "./service-process.ts";

const SERVICE_TIMEOUT_MS = 2000;

export interface AdminEndpointOptions {
  readonly port: number;
  readonly services: readonly ServiceProcess[];
  /** Where the admin endpoints of a service are. */
  addressOf(service: string): string;
  /** Whether every app was deployed at least once. */
  isDeployed(): boolean;
  onError(path: string, error: unknown): void;
}

/** @throws KIT_ADDRESS_IN_USE, KIT_LISTEN_FAILED */
export async function openAdminEndpoint(options: AdminEndpointOptions): Promise<AdminServer> {
  const { services } = options;
  const ask = (service: ServiceProcess, path: string) =>
    callOnce({ address: options.addressOf(service.name), method: "GET", path, idleTimeoutMs: SERVICE_TIMEOUT_MS });

  const handlers: Record<string, AdminHandler> = {
    "/metrics": async (_req, res) => {
      const answers = await Promise.allSettled(services.map((service) => ask(service, "/metrics")));
      const texts = answers.flatMap((each) =>
        each.status === "fulfilled" && each.value.status === 200 ? [each.value.body.toString("utf8").trimEnd()] : [],
      );
      res.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
      res.end(`${[ownMetrics(services), ...texts].join("\n")}\n`);
    },
    "/healthz": (_req, res) => sendJson(res, 200, { isHealthy: true }),
    "/readyz": async (_req, res) => {
      const waiting = await Promise.all(
        services.map(async (service) => {
          if (!service.isRunning) return [`${service.name} is not running`];
          const answer = await ask(service, "/readyz").catch(() => null);
          return answer?.status === 200 ? [] : [`${service.name} is not ready`];
        }),
      );
      const reasons = [...waiting.flat(), ...(options.isDeployed() ? [] : ["apps are being deployed"])];
      sendJson(res, reasons.length === 0 ? 200 : 503, { isReady: reasons.length === 0, reasons });
    },
  };

  return servePaths(new Map(Object.entries(handlers)), {
    address: `127.0.0.1:${options.port}`,
    onError: options.onError,
  });
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
