/** The router's process: configuration, control stores, router. */
import { sendJson } from "@nano/service-kit/admin-server";
import { runService } from "@nano/service-kit/run-service";
import { routerConfig } from "./config.ts";
import { openCells } from "./control/open-cells.ts";
import { tuneCollector } from "./control/tune-collector.ts";
import { startRouter } from "./start-router.ts";

tuneCollector(process.versions.node);

await runService({
  name: "router",
  config: routerConfig,
  async start({ config, logger, metrics, fail }) {
    const cells = await openCells(config.controlStore);
    const router = await startRouter({ config, cells, logger, metrics, onFailure: fail });
    return {
      addresses: { http: router.address },
      readiness: () => router.readiness(),
      adminHandlers: {
        "/feed": (_req, res) => {
          const position = router.feedPosition();
          sendJson(res, position === null ? 503 : 200, position);
        },
      },
      async close(deadline) {
        await router.close(deadline);
        await Promise.all(cells.map(({ store }) => store.close()));
      },
    };
  },
});
